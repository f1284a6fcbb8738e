"""Links of letters whose tokens a test knows beforehand."""

from datetime import timedelta

import sqlalchemy as sa

from app.database import now, writing
from app.models import ConfirmedEmail, MailedLink, User
from app.models.emails.links import CONFIRM, RECOVER
from app.models.tokens import hashed
from app.provider.models import Account

ADDRESS = "somebody.with.a.long.name@mail.example.com"


def mail_links(user: User) -> None:
    """Let a user, who has an account here, have a confirmed address, and a link of each kind.

    The tokens are the kinds' names.
    """
    account_id = Account.of(user).id
    with writing() as session:
        session.execute(sa.update(User).where(User.id == user.id).values(email=ADDRESS))
        session.add(ConfirmedEmail(user_id=user.id, address=ADDRESS))
        for kind, of_account in ((CONFIRM, None), (RECOVER, account_id)):
            session.add(
                MailedLink(
                    token_hash=hashed(kind),
                    kind=kind,
                    user_id=user.id,
                    address=ADDRESS,
                    address_key=ADDRESS,
                    account_id=of_account,
                    # Whatever tests do to clocks.
                    created=now() + timedelta(days=1),
                )
            )
