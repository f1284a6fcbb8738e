"""Handing a letter to the mail server, within a limit of time."""

import smtplib
import ssl
import time
from email.message import EmailMessage
from email.utils import formatdate, make_msgid

MAIL_SECONDS = 10.0


def letter(config: dict, subject: str, text: str) -> EmailMessage:
    """Make a letter to ADMINS; `subject` is one line."""
    message = EmailMessage()
    message["From"] = config["MAIL_FROM"]
    message["To"] = ", ".join(config["ADMINS"])
    message["Subject"] = subject
    message["Date"] = formatdate()
    message["Message-ID"] = make_msgid(domain=config["MAIL_FROM"].rpartition("@")[2])
    # Keeps holiday notices from answering (RFC 3834).
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(text)
    return message


def send(config: dict, message: EmailMessage, seconds: float = MAIL_SECONDS) -> str:
    """Hand `message` to the mail server of `config` and give what the server answered.

    It takes at most `seconds`, however slowly the server speaks; only a slow look-up of
    its name can take longer. Raises OSError, smtplib.SMTPException or ValueError.
    """
    tls = ssl.create_default_context()
    encrypted = config["MAIL_SECURITY"] == "tls"
    server = (_EncryptedConversation if encrypted else _Conversation)(
        time.monotonic() + seconds,
        host=config["MAIL_SERVER"],
        port=config["MAIL_PORT"],
        timeout=seconds,
        **({"context": tls} if encrypted else {}),
    )
    try:
        if config["MAIL_SECURITY"] == "starttls":
            server.starttls(context=tls)
        if config["MAIL_USERNAME"]:
            server.login(config["MAIL_USERNAME"], config["MAIL_PASSWORD"])
        refused = server.send_message(message)
    except BaseException:
        server.close()
        raise
    # It has the letter now, and no trouble in parting may make us send it again.
    try:
        server.quit()
    except (OSError, smtplib.SMTPException):
        server.close()
    return server.answer + (f"; refused for {', '.join(refused)}" if refused else "")


class _Conversation(smtplib.SMTP):
    """The standard client, whose timeout counts anew for every few bytes that arrive."""

    def __init__(self, deadline: float, **options):
        self.deadline = deadline
        self.answer = ""
        super().__init__(**options)

    def send(self, s) -> None:
        if self.sock is not None:
            _limit(self.sock, self.deadline)
        super().send(s)

    def getreply(self):
        if self.file is None:
            self.file = _Replies(self.sock, self.deadline)
        return super().getreply()

    def data(self, msg):
        code, answer = super().data(msg)
        self.answer = f"{code} {answer.decode('ascii', 'replace')}"
        return code, answer


class _EncryptedConversation(_Conversation, smtplib.SMTP_SSL):
    pass


class _Replies:
    """The server's lines, read byte by byte: they are short, and each byte has a deadline."""

    def __init__(self, sock, deadline: float):
        self.sock = sock
        self.deadline = deadline

    def readline(self, longest: int) -> bytes:
        line = b""
        while len(line) < longest and not line.endswith(b"\n"):
            _limit(self.sock, self.deadline)
            byte = self.sock.recv(1)
            if not byte:
                break
            line += byte
        return line

    def close(self) -> None:
        pass


def _limit(sock, deadline: float) -> None:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError("the mail server took too long")
    sock.settimeout(left)
