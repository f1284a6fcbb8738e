"""Handing a letter to the mail server, within a limit of time."""

import contextlib
import smtplib
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from email.message import EmailMessage

# For one letter, and whatever the server says to it.
MAIL_SECONDS = 10.0
# Takes failure mail where no other is set.
DEFAULT_SERVER = "localhost"
# The server takes nothing more from us at the moment (RFC 5321, 3.8).
CLOSING = 421


class LetterRefused(OSError):
    """The server is well, and does not take this letter: now, or never when it `is_final`."""

    def __init__(self, reason: Exception, is_final: bool):
        super().__init__(repr(reason))
        self.is_final = is_final


def send(config: dict, message: EmailMessage, seconds: float = MAIL_SECONDS) -> str:
    """Hand `message` to the mail server of `config` and return what the server answered.

    It takes at most `seconds`, however slowly the server speaks; only finding and reaching
    it can take longer. Raises LetterRefused for the letter's own sake, and for the server's
    OSError, of which smtplib's errors are a kind.
    """
    with _connected(config, seconds) as server:
        with _told_apart():
            refused = server.send_message(message)
        # It has the letter now, and no trouble in parting may make us send it again.
        with contextlib.suppress(OSError):
            server.quit()
    return server.answer + (f"; refused for {', '.join(refused)}" if refused else "")


def probe(config: dict, seconds: float = MAIL_SECONDS) -> None:
    """Go as far as a letter would begin. Raises OSError or ValueError, like `send`."""
    with _connected(config, seconds) as server:
        server.noop()
        with contextlib.suppress(OSError):
            server.quit()


@contextlib.contextmanager
def _connected(config: dict, seconds: float) -> Iterator["_Client"]:
    tls = ssl.create_default_context()
    encrypted = config["MAIL_SECURITY"] == "tls"
    server = (
        _EncryptedClient(timeout=seconds, context=tls) if encrypted else _Client(timeout=seconds)
    )
    server._host = config["MAIL_SERVER"] or DEFAULT_SERVER
    with _ended_after(seconds, server):
        server.connect(server._host, config["MAIL_PORT"])
        if config["MAIL_SECURITY"] == "starttls":
            server.starttls(context=tls)
        if config["MAIL_USERNAME"]:
            server.login(config["MAIL_USERNAME"], config["MAIL_PASSWORD"])
        yield server


@contextlib.contextmanager
def _told_apart() -> Iterator[None]:
    """Turn what the letter itself is refused for into LetterRefused."""
    try:
        yield
    except smtplib.SMTPRecipientsRefused as error:
        # Whoever of them may be taken later is worth another try.
        code = min(code for code, _ in error.recipients.values())
        if code == CLOSING:
            raise
        raise LetterRefused(error, code >= 500) from error
    except smtplib.SMTPDataError as error:
        if error.smtp_code == CLOSING:
            raise
        raise LetterRefused(error, error.smtp_code >= 500) from error
    except (smtplib.SMTPNotSupportedError, ValueError) as error:
        # An address beyond ASCII, which not every server takes (RFC 6531).
        raise LetterRefused(error, True) from error


class _Client(smtplib.SMTP):
    """The standard client, which remembers what was said of the letter."""

    answer = ""
    # The name that the server's certificate must have; connect() does not note it.
    _host: str

    def data(self, msg):
        code, answer = super().data(msg)
        self.answer = f"{code} {answer.decode('ascii', 'replace')}"
        return code, answer


class _EncryptedClient(_Client, smtplib.SMTP_SSL):
    pass


@contextlib.contextmanager
def _ended_after(seconds: float, server: smtplib.SMTP) -> Iterator[None]:
    """Hang up on `server` when the time is up: its own timeout counts anew with each byte."""
    deadline = time.monotonic() + seconds
    is_over = threading.Event()

    def watch() -> None:
        pause = seconds
        while not is_over.wait(pause):
            # Again and again, for it may not have been reached yet.
            pause = 0.1
            if (sock := server.sock) is not None:
                with contextlib.suppress(OSError):
                    # An encrypted socket's own shutdown() would go on without encryption.
                    socket.socket.shutdown(sock, socket.SHUT_RDWR)

    threading.Thread(target=watch, name="mail deadline", daemon=True).start()
    try:
        yield
    except OSError as error:
        if time.monotonic() >= deadline:
            raise TimeoutError("the mail server took too long") from error
        raise
    finally:
        is_over.set()
        server.close()
