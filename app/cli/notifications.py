"""Letters about notifications, sent from a timer."""

import smtplib
import socket

import click
from flask import current_app
from flask.cli import with_appcontext

from app.database import end_transaction
from app.extensions import db
from app.mail import letters, smtp
from app.models import ConfirmedEmail, User
from app.models.notifications import mail
from app.queries import notifications
from app.rendering import letters as words

# After these the server has not taken the letter, and may take it later. After any other
# failure nobody can tell, and two letters would be worse than none.
NOT_TAKEN = (
    ConnectionRefusedError,
    socket.gaierror,
    smtplib.SMTPResponseException,
    smtplib.SMTPRecipientsRefused,
)


@click.command("send")
@with_appcontext
def send() -> None:
    """Write to those who want letters about what is new to them; run it every five minutes.

    It may run on several machines at once, and may be killed: no letter is sent twice.
    """
    if not letters.can_write_to_members():
        raise click.ClickException("MAIL_SERVER is not set: members get no mail.")
    count = 0
    for user_id in mail.waiting():
        address = ConfirmedEmail.address_of(user_id)
        letter_id = mail.claim(user_id) if address else None
        if address is None or letter_id is None:
            continue
        try:
            count += _send(user_id, letter_id, address)
        except OSError as error:
            if isinstance(error, NOT_TAKEN):
                mail.give_back(letter_id)
            raise click.ClickException(
                f"The mail server failed, {count} letters are sent: {type(error).__name__}"
            ) from error
    click.echo(f"Letters sent: {count}.")


def _send(user_id: int, letter_id: int, address: str) -> bool:
    """Return whether the mail server took the letter. Raises OSError when the server fails."""
    site = current_app.config["SITE_URL"]
    end = f"{site}/unsubscribe?token={mail.unsubscribing_token(user_id)}"
    lines = notifications.of_letter(letter_id)
    nickname = db.session.scalar(db.select(User.nickname).where(User.id == user_id))
    # Nothing stays open while the mail server is waited for.
    end_transaction()
    if nickname is None or not lines:
        # All of it was taken back a moment ago.
        return False
    try:
        message = letters.for_member(
            address,
            words.subject(lines),
            words.text(nickname, lines, site, end),
            # One click, without signing in (RFC 8058).
            {
                "List-Unsubscribe": f"<{end}>",
                "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
            },
        )
        smtp.send(current_app.config, message)
    except (smtp.LetterRefused, ValueError) as refused:
        if isinstance(refused, smtp.LetterRefused) and not refused.is_final:
            mail.give_back(letter_id)
        current_app.logger.warning("a letter about notifications was refused: user %s", user_id)
        return False
    return True
