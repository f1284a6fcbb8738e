"""What a letter is made of."""

from collections.abc import Iterable
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import formatdate, make_msgid


def letter(config: dict, to: Iterable[str], subject: str, text: str) -> EmailMessage:
    """Return a letter from MAIL_FROM to the mail addresses `to`; SITE_NAME begins its subject.

    Raises ValueError when an address or the subject has a line break.
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


def _address(text: str) -> Address:
    name, _, domain = text.rpartition("@")
    return Address(username=name, domain=domain)
