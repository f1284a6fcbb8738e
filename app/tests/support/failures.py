"""What tests of failures stand on: applications that fail, mail servers, and the log."""

import logging
import re
from email import message_from_bytes, policy

from flask import request

from app import create_app, db
from app.database.upgrade import upgrade
from app.extensions import csrf
from app.failures import handlers
from app.failures.mailer import FailureMail
from app.models import User
from app.tests.support.base import Browser, TestCase, settings
from app.tests.support.programs.mail import MAIL_SECONDS, MailBox, mail_server, mail_settings
from app.tests.support.programs.processes import temporary_folder, wait_until
from config import basedir

PAGE = "An unexpected error has occurred"
ENTRY = re.compile(
    r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} (DEBUG|INFO|WARNING|ERROR): .* \[in /.+\.py:\d+\]$"
)


def reference_of(browser: Browser) -> str:
    """Return the reference that a 500 page shows."""
    return re.search(r"reference: (\w+)", browser.page.words)[1]


def add_failing_pages(app) -> None:
    """Add to `app` pages of which each fails in a way of its own."""

    @app.route("/fail", methods=["GET", "POST"])
    @app.route("/fail/<text>")
    @csrf.exempt
    def fail(text=""):
        raise ZeroDivisionError("deliberately")

    @app.get("/half-written")
    def half_written():
        db.session.add(User(nickname="half-written"))
        db.session.flush()
        raise ZeroDivisionError("deliberately")

    @app.get("/say/<text>")
    def say(text):
        raise ValueError(text)

    @app.get("/repeat")
    @app.post("/repeat")
    @csrf.exempt
    def repeat():
        raise KeyError(request.values["value"])

    @app.post("/twice")
    @csrf.exempt
    def twice():
        for _ in range(2):
            db.session.add(User(nickname=request.form["nickname"]))
            db.session.flush()

    @app.get("/kind/<int:number>")
    def kind(number):
        # Each number is another place, as if it were another line.
        exec(compile("\n" * number + "1 / 0", basedir / "app" / "made-up.py", "exec"))


class FailureCase(TestCase):
    """An application of its own, with debug off and routes that fail."""

    # The loggers belong to the process: what the suite's other applications have there
    # is put aside.
    LOGGERS = ("app", "openid", "flask-limiter", "sqlalchemy")

    def setUp(self):
        super().setUp()
        self.folder = temporary_folder(self)
        self.log_path = self.folder / "microblog.log"
        for name in self.LOGGERS:
            self.put_aside(logging.getLogger(name))

    def put_aside(self, logger: logging.Logger) -> None:
        kept, level = logger.handlers[:], logger.level
        logger.handlers.clear()

        def put_back():
            for handler in logger.handlers:
                handlers.close(handler)
            logger.handlers[:] = kept
            logger.setLevel(level)

        self.addCleanup(put_back)

    def failing_app(self, debug: bool = False, **changes):
        values = settings(
            LOG_FILE=str(self.log_path),
            TESTING=False,
            PROPAGATE_EXCEPTIONS=False,
            # Time enough for a mail server that answers, on the slowest machine.
            MAIL_FINISH_SECONDS=MAIL_SECONDS,
        )
        app = create_app(debug, **{**values, **changes})
        upgrade(app)

        add_failing_pages(app)
        with app.app_context():
            self.addCleanup(db.engine.dispose)
        return app

    def log(self) -> list[str]:
        return self.log_path.read_text(encoding="utf-8").splitlines()

    def entries(self, word: str, count: int = 1) -> list[str]:
        """Return the entries of the log with `word`, once there are `count` of them."""

        def find():
            return [line for line in self.log() if word in line and not line.startswith(" ")]

        wait_until(lambda: len(find()) >= count, MAIL_SECONDS, f"{word} in the log")
        return find()

    def failure_mail(self, app) -> FailureMail:
        return next(h for h in app.logger.handlers if isinstance(h, FailureMail))

    def meet_failure(self, app, path: str = "/fail") -> str:
        """Meet a failure as a visitor does, and give its reference."""
        browser = Browser(app)
        browser.get(path)
        self.assertEqual((browser.status, browser.page.heading), (500, PAGE))
        return reference_of(browser)


class MailCase(FailureCase):
    def mail_server(self, box: MailBox | None = None, **options) -> MailBox:
        """Run a mail server; its settings are those of the next application."""
        box = mail_server(self, box, **options)
        self.mail = mail_settings(box.port)
        return box

    def hurry(self, app) -> None:
        """Have the mail thread look at the time again, which a test may have changed."""
        queue = app.extensions["mail"]
        with queue.bell:
            for waiting in [*queue.first.letters, queue.first]:
                waiting.not_before = 0.0
            queue.ring()

    def letter(self, box: MailBox):
        envelope = box.letters.get(timeout=MAIL_SECONDS)
        return envelope, message_from_bytes(envelope.content, policy=policy.default)
