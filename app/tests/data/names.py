"""Old names lead to who had them, and are nobody else's."""

from datetime import timedelta
from unittest import mock

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from app import db
from app.forms import TAKEN, TOO_OFTEN
from app.models import ReservedName, User
from app.models.names import MAX_OLD_NAMES, OLD_NAME_LEADS_ON, RenamedTooOften
from app.tests.support.base import SITE, PeopleTestCase
from app.tests.support.clock import Clock
from app.tests.support.concurrency import ConcurrencyCase

A_DAY = timedelta(days=1)


class OldNameTests(PeopleTestCase):
    def setUp(self):
        super().setUp()
        self.clock = Clock(self)
        self.john.update_profile("johnny", "")

    def rename(self, user: User, nickname: str):
        browser = self.browser(user)
        browser.get("/edit")
        browser.submit(nickname=nickname, about_me="")
        return browser

    def leads_to(self, path: str) -> str | None:
        visitor = self.browser()
        visitor.get(path, follow=False)
        return visitor.response.headers.get("Location")

    def test_links_of_the_old_name_lead_to_the_new_one(self):
        for path, target in {
            "/user/john": "/user/johnny",
            "/user/JOHN": "/user/johnny",
            "/user/john?older=9": "/user/johnny?older=9",
            "/user/john/followers": "/user/johnny/followers",
            "/user/john/following?newer=3": "/user/johnny/following?newer=3",
            "/user/john.atom": "/user/johnny.atom",
        }.items():
            with self.subTest(path):
                self.assertEqual(self.leads_to(path), target)
        visitor = self.browser()
        visitor.get("/user/john")
        self.assertEqual(visitor.page.heading, "johnny")

    def test_nothing_in_the_address_leads_elsewhere(self):
        path = "/user/john?_external=1&_scheme=javascript&_anchor=x&endpoint=y&which=z&nickname=w"
        self.assertEqual(self.leads_to(path), "/user/johnny")

    def test_on_a_site_for_members_nobody_else_learns_of_it(self):
        self.app = self.make_app(PUBLIC="off")
        self.assertIn("/login", self.leads_to("/user/john"))

    def test_all_names_that_one_had_lead_to_the_last(self):
        self.john.update_profile("jack", "")
        self.assertEqual(
            [self.leads_to(f"/user/{name}") for name in ("john", "johnny")], ["/user/jack"] * 2
        )

    def test_nobody_else_can_take_it(self):
        for nickname in ("john", "JOHN"):
            with self.subTest(nickname):
                browser = self.rename(self.susan, nickname)
                self.assertEqual((browser.status, browser.page.alerts), (400, [TAKEN]))
                with self.assertRaises(IntegrityError):
                    self.susan.update_profile(nickname, "")
                with self.assertRaises(IntegrityError):
                    User.sign_up_as("https://new.example.com/", nickname, None)
        self.assertEqual(User.make_unique_nickname("john"), "john2")
        self.assertEqual(User.sign_up("https://j.example.com/", "John", None).nickname, "John2")
        self.assertEqual(self.count(User), 3)

    def test_a_newcomer_is_told_so(self):
        browser = self.browser()
        with browser.client.session_transaction(base_url=SITE) as session:
            session["newcomer"] = ["https://new.example.com/", None, False, 2**33]
        browser.get("/login/nickname")
        browser.submit(nickname="john")
        self.assertEqual((browser.status, browser.page.alerts), (400, [TAKEN]))

    def test_their_own_old_names_they_can_have_back(self):
        browser = self.rename(self.john, "John")
        self.assertEqual(browser.page.statuses, ["Your changes have been saved."])
        self.assertEqual(self.leads_to("/user/johnny"), "/user/John")
        self.assertEqual(self.count(ReservedName), 1)

    def test_another_case_is_no_other_name(self):
        self.john.update_profile("Johnny", "")
        self.assertEqual(self.count(ReservedName), 1)

    def test_in_a_year_it_is_free(self):
        self.clock.moment += OLD_NAME_LEADS_ON - A_DAY
        self.assertEqual(self.leads_to("/user/john"), "/user/johnny")
        self.clock.moment += A_DAY
        self.assertIsNone(self.leads_to("/user/john"))
        browser = self.rename(self.susan, "john")
        self.assertEqual(browser.page.statuses, ["Your changes have been saved."])
        self.assertEqual(self.leads_to("/user/susan"), "/user/john")
        self.assertIsNone(self.leads_to("/user/john"))

    def test_nobody_keeps_all_good_names(self):
        for number in range(MAX_OLD_NAMES - 1):
            self.john.update_profile(f"name{number}", "")
        with self.assertRaises(RenamedTooOften):
            self.john.update_profile("more", "")
        browser = self.rename(self.john, "more")
        self.assertEqual((browser.status, browser.page.alerts), (400, [TOO_OFTEN]))
        self.assertEqual(self.rename(self.john, "john").status, 200)
        self.clock.moment += OLD_NAME_LEADS_ON
        self.john.update_profile("more", "")
        self.assertEqual(self.count(ReservedName), 1)

    def test_moderators_see_the_last_three(self):
        for number in range(4):
            self.clock.moment += A_DAY
            self.john.update_profile(f"name{number}", "")
        readers = [self.browser(), self.browser(self.susan), self.browser(self.john)]
        for reader in readers:
            reader.get("/user/name3")
            self.assertNotIn("Was called", reader.page.words)
        db.session.execute(sa.update(User).where(User.id == self.susan.id).values(role="moderator"))
        db.session.commit()
        readers[1].get("/user/name3")
        told = readers[1].page.words.split("Was called")[1].split("follower")[0]
        for name in ("name2", "name1", "name0"):
            self.assertIn(name, told)
        self.assertNotIn("johnny", told)

    def test_who_leaves_keeps_their_names_for_good(self):
        for remove in (
            lambda: self.john.delete(),
            lambda: self.run_command("user", "remove", "johnny"),
        ):
            with self.subTest(remove):
                self.empty_database()
                self.john, self.susan = self.person("john"), self.person("susan")
                self.john.update_profile("johnny", "")
                remove()
                self.clock.moment += 3 * OLD_NAME_LEADS_ON
                for name in ("john", "johnny"):
                    self.assertIsNone(self.leads_to(f"/user/{name}"))
                    self.assertEqual(self.rename(self.susan, name).page.alerts, [TAKEN])
                    self.assertEqual(User.make_unique_nickname(name), f"{name}2")


def refused(action):
    """Return an action that says whether this one is refused."""

    def act():
        try:
            action()
        except IntegrityError:
            return "refused"

    return act


class OldNameRaceTests(ConcurrencyCase, PeopleTestCase):
    def test_a_name_is_never_free_between_its_owners_and_nobodys(self):
        john, susan = self.john.id, self.susan.id
        for number in range(5):
            with self.subTest(number):
                old, new = self.john.nickname, f"john{number}"
                jobs = [
                    lambda new=new: db.session.get(User, john).update_profile(new, ""),
                    refused(lambda old=old: db.session.get(User, susan).update_profile(old, "")),
                    *(
                        refused(
                            lambda url=f"https://{old}{n}.example.com/", old=old: User.sign_up_as(
                                url, old, None
                            )
                        )
                        for n in range(6)
                    ),
                ]
                self.assertEqual(self.at_once(jobs), [None, *["refused"] * 7])
                self.assertIsNone(User.find(old))
                db.session.rollback()

    def test_whoever_found_it_free_is_refused_by_the_database(self):
        self.john.update_profile("johnny", "")
        # Whoever asks finds the nickname free; what is kept knows better.
        with mock.patch.object(User, "make_unique_nickname", side_effect=["john", "john2"]):
            user = User.sign_up("https://second.example.com/", "john", None)
        self.assertEqual(user.nickname, "john2")
