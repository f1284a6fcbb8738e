"""How failures reach the administrator: by mail, and in a log that rotates."""

import logging
import smtplib
import ssl
import sys
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from logging.handlers import SMTPHandler

from concurrent_log_handler import ConcurrentRotatingFileHandler
from flask import Flask
from flask.logging import default_handler

from config import SettingError

LINE = "%(asctime)s %(levelname)s: %(message)s [in %(pathname)s:%(lineno)d]"
# python3-openid reports every refused sign-in as an error, with a traceback.
library = logging.getLogger("openid")
library.propagate = False
library.setLevel(logging.INFO)
LONGEST_LOG = 1024 * 1024  # bytes
OLD_LOGS = 10
MAIL_SECONDS = 10


def init_app(app: Flask) -> None:
    """With debug off, log to LOG_FILE and mail errors to ADMINS.

    Raises SettingError when the log cannot be written.
    """
    _remove_handlers(app.logger)
    _remove_handlers(library)
    if app.debug:
        return
    app.logger.removeHandler(default_handler)
    app.logger.setLevel(logging.INFO)
    log = _log_handler(app.config["LOG_FILE"])
    _add(app.logger, log, logging.INFO, _LogFormatter(LINE))
    _add(library, _AsInfo(log), logging.NOTSET, None)
    app.logger.info("microblog startup")
    if tells_administrator(app):
        mail = FailureMail(app.config, app.logger)
        _add(app.logger, mail, logging.ERROR, logging.Formatter(LINE))
    else:
        app.logger.warning("ADMINS is empty: nobody will hear of failures by mail")


def tells_administrator(app: Flask) -> bool:
    """Tell whether a failure is mailed to anybody."""
    return not app.debug and bool(app.config["ADMINS"])


def _add(logger, handler, level: int, formatter: logging.Formatter) -> None:
    handler.is_ours = True
    handler.setLevel(level)
    handler.setFormatter(formatter)
    logger.addHandler(handler)


def _remove_handlers(logger: logging.Logger) -> None:
    # The logger belongs to the process, and a process may make several applications.
    for handler in [h for h in logger.handlers if getattr(h, "is_ours", False)]:
        logger.removeHandler(handler)
        handler.close()


class _LogFormatter(logging.Formatter):
    """One line a record, whatever it quotes; a traceback is indented below its record."""

    def format(self, record: logging.LogRecord) -> str:
        message = "".join(
            c if c.isprintable() else c.encode("unicode_escape").decode()
            for c in record.getMessage()
        )
        # A copy, so that the text of the traceback is not cached for other formatters.
        return super().format(
            logging.makeLogRecord({**record.__dict__, "msg": message, "args": None})
        )

    def formatException(self, exc_info) -> str:
        return "\n".join("    " + line for line in super().formatException(exc_info).splitlines())


class _AsInfo(logging.Handler):
    """Logs what a library calls an error as what it is here: one line, for the curious."""

    def __init__(self, log: logging.Handler):
        super().__init__()
        self.log = log

    def emit(self, record: logging.LogRecord) -> None:
        plain = {"levelno": logging.INFO, "levelname": "INFO", "exc_info": None, "exc_text": None}
        self.log.handle(logging.makeLogRecord({**record.__dict__, **plain}))


def _log_handler(path: str) -> logging.Handler:
    if path == "-":
        return logging.StreamHandler(sys.stdout)
    try:
        with open(path, "a"):
            pass
        return ConcurrentRotatingFileHandler(
            path, maxBytes=LONGEST_LOG, backupCount=OLD_LOGS, encoding="utf-8", chmod=0o600
        )
    except OSError as error:
        raise SettingError(f"LOG_FILE: {path} cannot be written: {error.strerror}.") from error


class FailureMail(SMTPHandler):
    """The standard handler, which knows no TLS from the start and no verified certificates."""

    def __init__(self, config: dict, logger: logging.Logger):
        super().__init__(
            (config["MAIL_SERVER"], config["MAIL_PORT"]),
            config["MAIL_FROM"],
            config["ADMINS"],
            "[microblog] failure",
            credentials=(config["MAIL_USERNAME"], config["MAIL_PASSWORD"]),
            timeout=MAIL_SECONDS,
        )
        self.security = config["MAIL_SECURITY"]
        self.logger = logger

    def emit(self, record: logging.LogRecord) -> None:
        try:
            self._send(self._message(self.format(record)))
        except (OSError, smtplib.SMTPException, ValueError) as error:
            # A warning is below this handler's level, so it cannot go round in a circle.
            self.logger.warning("failure mail was not sent: %r", error)

    def _message(self, text: str) -> EmailMessage:
        message = EmailMessage()
        message["From"] = self.fromaddr
        message["To"] = ", ".join(self.toaddrs)
        message["Subject"] = self.subject
        message["Date"] = formatdate()
        message["Message-ID"] = make_msgid(domain=self.fromaddr.rpartition("@")[2])
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(text)
        return message

    def _send(self, message: EmailMessage) -> None:
        tls = ssl.create_default_context()
        connect = smtplib.SMTP
        options = {"timeout": self.timeout}
        if self.security == "tls":
            connect, options = smtplib.SMTP_SSL, {**options, "context": tls}
        with connect(self.mailhost, self.mailport, **options) as server:
            if self.security == "starttls":
                server.starttls(context=tls)
            if self.username:
                server.login(self.username, self.password)
            server.send_message(message)
