"""Letters to the owner of an account: how they get in again, and what was changed."""

from app.models import User
from app.models.emails.confirmed import tell
from app.provider.models import Account
from app.web.origin import own_url

# Also in letters that no request writes, and so without url_for().
FORGOTTEN, RECOVER = "/openid/forgotten", "/openid/recover"


def password_changed(account: Account) -> None:
    """Write to the owner that the password is another, whoever changed it."""
    text = (
        f"The password of your account {account.username} was changed, and other browsers are "
        f"signed out of it.\n\nIf it was not you, choose another at once:\n\n{own_url(FORGOTTEN)}"
    )
    _tell(account, "Your password was changed", text)


def second_factor_changed(account: Account, change: str) -> None:
    """Write to the owner that the second step is "on", "off", or has "new recovery codes"."""
    now = {
        "on": "a code is asked for after your password from now on",
        "off": "no code is asked for after your password any more",
        "new recovery codes": "there are new recovery codes, and those before are worth nothing",
    }[change]
    text = (
        f"When you sign in to your account {account.username}: {now}.\n\n"
        f"If it was not you, choose another password at once:\n\n{own_url(FORGOTTEN)}"
    )
    _tell(account, "The second step of your sign-in was changed", text)


def _tell(account: Account, subject: str, text: str) -> None:
    if owner := User.of_identifier(account.identifier):
        tell(owner.id, subject, text)
