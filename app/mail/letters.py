"""What a letter is made of, and letters to members."""

import re
from collections.abc import Iterable, Mapping
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import formatdate, make_msgid

from flask import current_app


def letter(config: dict, to: Iterable[str], subject: str, text: str) -> EmailMessage:
    """Return a letter from MAIL_FROM to the mail addresses `to`; SITE_NAME begins its subject.

    Raises ValueError when an address or the subject has a line break, or an address is none.
    """
    message = EmailMessage()
    message["From"] = config["MAIL_FROM"]
    # Each is one address, whatever is in it: a comma makes no second one.
    message["To"] = [_address(text) for text in to]
    message["Subject"] = f"[{config['SITE_NAME']}] {subject}"
    message["Date"] = formatdate()
    message["Message-ID"] = make_msgid(domain=config["MAIL_FROM"].rpartition("@")[2])
    # Keeps holiday notices from answering (RFC 3834).
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(text)
    return message


def can_write_to_members() -> bool:
    """Return whether the site has a mail server that its keeper chose."""
    return bool(current_app.config["MAIL_SERVER"])


def for_member(
    email: str, subject: str, text: str, headers: Mapping[str, str] | None = None
) -> EmailMessage:
    """Return a letter of the site to a member: it names the site, and ends with its address.

    `headers` are further ones, such as List-Unsubscribe. Raises ValueError like letter().
    """
    config = current_app.config
    site = config["SITE_NAME"]
    text = f"{text.strip()}\n\n-- \n{site}\n{config['SITE_URL']}/\n"
    message = letter(config, [email], subject, text)
    sender = _address(config["MAIL_FROM"])
    message.replace_header("From", Address(site, sender.username, sender.domain))
    for name, value in (headers or {}).items():
        message[name] = value
    return message


def to_member(
    email: str, subject: str, text: str, headers: Mapping[str, str] | None = None
) -> None:
    """Send such a letter soon; nobody waits for it, and it is tried again while mail fails.

    Nothing is sent where members get no mail, for want of a MAIL_SERVER, nor to what is no
    address: providers say what they like.
    """
    if not can_write_to_members():
        return
    try:
        message = for_member(email, subject, text, headers)
    except ValueError:
        current_app.logger.warning("mail was not sent, for want of an address: %s", subject)
        return
    current_app.extensions["mail"].send_later(message)


def _address(text: str) -> Address:
    name, _, domain = text.rpartition("@")
    # Of what is no name of a host, the library raises whatever it happens to.
    if not re.fullmatch(r"[\w.-]+", domain):
        raise ValueError("no mail address")
    return Address(username=name, domain=domain)
