"""Moderators answer newcomers who ask to join, on the page of what waits."""

from unittest import mock

import sqlalchemy as sa

from app import db
from app.models import Action, Application, Notification, User
from app.models.joining.admission import WELCOME
from app.queries.joining import applications
from app.tests.support.people.letters import LettersMixin, path_in
from app.tests.support.people.moderation import ModerationCase
from app.views.moderation.cases import ANSWERED


class AnsweringTests(LettersMixin, ModerationCase):
    settings = {"JOIN": "ask"}

    def setUp(self):
        super().setUp()
        for name in ("ada", "tom"):
            Application.ask(f"https://{name}.example.com/", name, None, "I like tea.", name)
        self.browser_of_mary = self.browser(self.mary)
        self.browser_of_mary.get("/moderation")

    def address(self, nickname: str) -> str:
        [one] = [a for a in applications.waiting() if a.nickname == nickname]
        return f"/moderation/newcomers/{one.id}"

    def test_one_is_let_in_and_one_is_refused_with_a_sentence(self):
        mary = self.browser_of_mary
        self.assertIn("I like tea.", mary.page.words)
        token = {"csrf_token": mary.token()}
        mary.post(self.address("ada"), {**token, "let_in": "y"})
        self.assertEqual(mary.page.statuses, ["ada may come in."])
        db.session.rollback()
        self.assertIsNotNone(User.find("ada"))
        mary.post(self.address("tom"), {**token, "sentence": ""})
        self.assertEqual(len(mary.page.alerts), 1)
        self.assertEqual(len(applications.waiting()), 1)
        mary.post(self.address("tom"), {**token, "sentence": "We are full."})
        self.assertEqual(mary.page.statuses, ["tom will read your answer."])
        db.session.rollback()
        self.assertEqual(applications.waiting(), [])
        self.assertEqual(Application.of("https://tom.example.com/").answer, "We are full.")
        self.assertIsNone(User.find("tom"))

    def test_the_answer_is_mailed_where_there_is_an_address(self):
        self.receive_letters()
        Application.ask("https://eve.example.com/", "eve", "eve@example.com", "Tea.", "eve")
        Application.ask("https://una.example.com/", "una", "una@example.com", "Tea.", "una")
        mary = self.browser_of_mary
        token = {"csrf_token": mary.token()}
        for name in ("ada", "eve"):
            mary.post(self.address(name), {**token, "let_in": "y"})
        text = self.text("eve@example.com")
        self.assertIn("let you in, as eve.", text)
        self.assertEqual(path_in(text), "/login")
        for name in ("tom", "una"):
            mary.post(self.address(name), {**token, "sentence": "We are full."})
        self.assertIn("\n\nWe are full.\n\n", self.text("una@example.com"))
        with mock.patch.dict(self.app.config, MAIL_SERVER=""):
            Application.ask("https://ina.example.com/", "ina", "ina@example.com", "Tea.", "ina")
            mary.post(self.address("ina"), {**token, "let_in": "y"})
            self.assertEqual(mary.page.statuses, ["ina may come in."])
        self.assert_no_letter()

    def test_who_is_let_in_reads_what_the_moderator_wrote_once_on_the_first_visit(self):
        mary = self.browser_of_mary
        mary.submit(button="Let them in (ada)", sentence="Bring <tea>, please.")
        mary.submit(button="Let them in (tom)")
        self.assertEqual(mary.page.statuses, ["tom may come in."])
        for name, told in (
            ("ada", "mary, a moderator, let you in. They write: Bring <tea>, please."),
            ("tom", "mary, a moderator, let you in."),
        ):
            db.session.rollback()
            user = User.find(name)
            self.assertEqual(Notification.take(user.id, WELCOME), [told])
            self.assertEqual(Notification.take(user.id, WELCOME), [])
            self.assertEqual(self.told(user), [told])
        self.assertEqual(
            [reason for [reason] in db.session.execute(sa.select(Action.reason))],
            ["Bring <tea>, please.", "Asked to join."],
        )

    def test_too_long_a_sentence_lets_nobody_in(self):
        self.browser_of_mary.submit(button="Let them in (ada)", sentence="x" * 141)
        self.assertEqual(len(self.browser_of_mary.page.alerts), 1)
        self.assertEqual(len(applications.waiting()), 2)

    def test_the_second_moderator_reads_that_it_is_done(self):
        address = self.address("ada")
        form = {"csrf_token": self.browser_of_mary.token(), "let_in": "y"}
        self.browser_of_mary.post(address, form)
        other = self.browser(self.max)
        other.get("/moderation")
        other.post(address, {"csrf_token": other.token(), "sentence": "No."})
        self.assertEqual(other.page.alerts, [ANSWERED])

    def test_nobody_else_answers(self):
        address = self.address("ada")
        for reader in (None, self.john):
            browser = self.browser(reader)
            browser.get("/login" if reader is None else "/")
            browser.post(address, {"csrf_token": browser.token(), "let_in": "y"})
            self.assertEqual(browser.status, 404)
        self.browser_of_mary.post(address, {"let_in": "y"})
        self.assertEqual(self.browser_of_mary.status, 400)
        db.session.rollback()
        self.assertEqual(len(applications.waiting()), 2)
