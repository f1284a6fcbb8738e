"""SITE_URL changes: everybody with an account of this site is still who they were."""

import signal

import sqlalchemy as sa

from app import db
from app.database import writing
from app.database.upgrade import upgrade
from app.models import Identity, RefusedIdentifier, User
from app.models.joining.applications import Application
from app.provider.address import SiteAddress, settle
from app.provider.models import Account
from app.tests.support.base import PASSWORD, JoinMixin
from app.tests.support.data.copies import CopyCase
from app.tests.support.programs.processes import (
    START_SECONDS,
    copy_of_the_site,
    site_server,
)
from config import SettingError

OLD, NEW = "https://old.example.com", "https://blog.example.com"
FOREIGN = "https://other.example.com"


class AddressCase(CopyCase):
    def at(self, address: str):
        """Return an application at an address, on the database of the first one."""
        app = self.site(getattr(self, "url", None), SITE_URL=address)
        self.url = app.config["DATABASE_URL"]
        upgrade(app)
        return app

    def account(self, app, username: str, address: str | None = None) -> None:
        with app.app_context():
            account = Account.join(username, PASSWORD, None)
            identifier = f"{address}/id/{username}" if address else account.identifier
            User.sign_up(identifier, username, None)
        self.close(app)

    def identifiers(self, app) -> dict[str, str]:
        with app.app_context():
            rows = sa.select(User.nickname, Identity.identifier).join(Identity)
            found = {row.nickname: row.identifier for row in db.session.execute(rows)}
        self.close(app)
        return found

    def start(self, app) -> None:
        """Do what run.py and runp.py do when all else has stopped."""
        self.close(app)
        settle(app)

    def refusal(self, app) -> str:
        with self.assertRaises(SettingError) as caught:
            self.start(app)
        return str(caught.exception)


class MovedSiteTests(AddressCase):
    def setUp(self):
        super().setUp()
        self.old = self.at(OLD)
        self.start(self.old)
        self.account(self.old, "dora")
        self.account(self.old, "john", FOREIGN)
        with self.old.app_context():
            Account.join("_", PASSWORD, None)
            User.sign_up(f"{OLD}/id/nobody_here", "guest", None)
        self.before = self.identifiers(self.old)

    def test_a_start_under_another_address_refuses_and_names_the_command(self):
        sentence = self.refusal(self.at(NEW))
        self.assertIn(f"`flask site move {OLD} {NEW}`", sentence)
        self.assertNotIn("\n", sentence)
        self.assertEqual(self.identifiers(self.old), self.before)
        # Nor is it forgotten after a while.
        self.refusal(self.at(NEW))
        self.start(self.old)

    def test_after_the_command_everybody_is_who_they_were(self):
        new = self.at(NEW)
        told = self.command(new, "site", "move", f"{OLD}/", NEW)
        self.assertIn(f"Moved 1 OpenIDs from {OLD} to {NEW}.", told)
        # What only looks like ours stays as it is.
        self.assertEqual(self.identifiers(new), self.before | {"dora": f"{NEW}/id/dora"})
        self.start(new)
        self.assertIn(f"flask site move {NEW} {OLD}", self.refusal(self.old))

    def test_who_waits_and_who_may_not_come_back_move_along(self):
        with self.old.app_context():
            for name in ("vera", "will"):
                Account.join(name, PASSWORD, None)
            Application.ask(f"{OLD}/id/vera", "vera", None, "please", "192.0.2.1")
            with writing() as session:
                RefusedIdentifier.refuse(session, [f"{OLD}/id/will", f"{FOREIGN}/id/john"])
        self.close(self.old)
        new = self.at(NEW)
        self.command(new, "site", "move", OLD, NEW)
        with new.app_context():
            self.assertEqual(Application.of(f"{NEW}/id/vera").nickname, "vera")
            self.assertTrue(RefusedIdentifier.includes(f"{NEW}/id/will"))
            self.assertTrue(RefusedIdentifier.includes(f"{FOREIGN}/id/john"))
            self.assertFalse(RefusedIdentifier.includes(f"{NEW}/id/vera"))

    def test_who_came_in_twice_is_named_and_nothing_is_moved(self):
        new = self.at(NEW)
        with new.app_context():
            User.sign_up(f"{NEW}/id/dora", "Doralake2", None)
        before = self.identifiers(new)
        sentence = self.refused(new, "site", "move", OLD, NEW)
        self.assertIn("Nothing was changed", sentence)
        self.assertIn("Doralake2", sentence)
        self.assertEqual(self.identifiers(new), before)
        self.command(new, "user", "remove", "Doralake2")
        self.command(new, "site", "move", OLD, NEW)
        self.assertEqual(self.identifiers(new)["dora"], f"{NEW}/id/dora")

    def test_what_is_no_address_of_ours_is_refused(self):
        self.assertIn(OLD, self.refused(self.old, "site", "move", "https://wrong.example", NEW))
        result = self.run_command("site", "move", OLD, "blog.example.com/path", app=self.old)
        self.assertEqual(result.exit_code, 2)
        self.assertIn("SITE_URL must be an address", result.stderr)
        self.assertEqual(self.identifiers(self.old), self.before)


class SettledAddressTests(AddressCase):
    def test_nothing_is_asked_while_nobody_has_an_account(self):
        for address in (OLD, NEW, "http://127.0.0.1:5000", OLD):
            app = self.at(address)
            self.start(app)
            with app.app_context():
                [kept] = db.session.scalars(sa.select(SiteAddress.address)).all()
                self.assertEqual(kept, address)
                db.session.remove()

    def test_a_database_of_before_is_known_by_its_openids(self):
        old = self.at(OLD)
        self.account(old, "dora")
        self.account(old, "john", FOREIGN)
        self.account(old, "emil")
        self.assertIn(f"flask site move {OLD} {NEW}", self.refusal(self.at(NEW)))
        self.start(old)

    def test_an_account_that_comes_in_from_elsewhere_is_no_reason_to_refuse(self):
        app = self.at(NEW)
        self.start(app)
        self.account(app, "john", FOREIGN)
        self.start(app)

    def test_between_loopback_addresses_it_moves_by_itself(self):
        old = self.at("http://127.0.0.1:5000")
        self.start(old)
        self.account(old, "dora")
        for address in ("http://127.0.0.1:5001", "http://localhost:5001", "http://[::1]"):
            app = self.at(address)
            with self.assertLogs(app.logger, "WARNING") as logged:
                self.start(app)
            self.assertIn(f"to {address}", logged.output[-1])
            self.assertEqual(self.identifiers(app), {"dora": f"{address}/id/dora"})
        self.refusal(self.at(NEW))


class MovedServerTests(JoinMixin, AddressCase):
    def test_on_another_port_the_same_person_comes_back(self):
        self.at("")
        folder = copy_of_the_site(self)
        first = site_server(self, folder, "runp.py", DATABASE_URL=self.url).wait()
        browser = self.join("miguel", browser=first.browser())
        browser.get("/")
        browser.submit(post="before the move")
        # While it runs nobody takes its people away.
        second = site_server(self, folder, "runp.py", DATABASE_URL=self.url)
        self.assertEqual(second.process.wait(START_SECONDS), 1)
        self.assertIn("The site is running", second.output)
        first.stop(signal.SIGTERM)
        second = site_server(self, folder, "runp.py", DATABASE_URL=self.url).wait()
        log = (folder / "tmp" / "microblog.log").read_text()
        self.assertIn(f"from {first.origin} to {second.origin}", log)
        browser = second.browser()
        browser.get("/login")
        browser.ask_own_provider()
        browser.submit(username="miguel", password=PASSWORD)
        self.assertEqual(browser.page.heading, "Home")
        browser.get("/user/miguel")
        self.assertIn("before the move", browser.text)
        second.stop(signal.SIGTERM)
        third = site_server(self, folder, "runp.py", DATABASE_URL=self.url, SITE_URL=NEW)
        self.assertEqual(third.process.wait(START_SECONDS), 1)
        self.assertEqual(len(third.output.splitlines()), 1, third.output)
        self.assertIn(f"flask site move {second.origin} {NEW}", third.output)
