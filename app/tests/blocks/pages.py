"""What pages show of people who block each other, and the list of those whom one blocks."""

import re

from app.database import writing
from app.models import Block, HiddenPost, Suspension, User
from app.queries.pagination import PAGE_SIZE
from app.tests.blocks.blocking import buttons
from app.tests.support.base import SITE, Browser, PeopleTestCase
from app.tests.support.clock import Clock
from app.tests.support.reading import selects, shown


class BlockedPagesTests(PeopleTestCase):
    """What john reads, who blocks susan; what susan does; and what nobody is told."""

    def setUp(self):
        super().setUp()
        self.mary = self.person("mary")
        self.of_susan = self.susan.write("From susan to @john and @mary")
        self.of_john = self.john.write("From john to @susan and @mary")
        self.mary.write("From mary to @john, @susan and @mary")
        Block.begin(self.john.id, self.susan.id)

    def read(self, path: str, reader: User | None, status: int = 200) -> Browser:
        browser = self.browser(reader)
        browser.get(path)
        self.assertEqual(browser.status, status)
        return browser

    def test_the_profile_of_the_other(self):
        mine = self.read("/user/susan", self.john)
        self.assertEqual(shown(mine), [])
        self.assertEqual(buttons(mine), ["Sign out", "Unblock"])
        theirs = self.read("/user/john", self.susan)
        self.assertEqual(shown(theirs), [])
        # Who is blocked may block, and reads the same sentence.
        self.assertEqual(buttons(theirs), ["Sign out", "Block"])
        for browser, name in ((mine, "susan"), (theirs, "john")):
            self.assertIn(f"You and {name} do not see what the other writes.", browser.page.words)
        self.assertNotIn("blocked", theirs.text)
        self.assertEqual(len(shown(self.read("/user/john", self.mary))), 1)
        self.assertEqual(len(shown(self.read("/user/john", None))), 1)

    def test_a_mention_is_no_link_to_whom_one_does_not_meet(self):
        for reader, linked in (
            (self.john, {"john", "mary"}),
            (self.susan, {"susan", "mary"}),
            (self.mary, {"john", "susan", "mary"}),
            (None, {"john", "susan", "mary"}),
        ):
            with self.subTest(reader=reader and reader.nickname):
                text = self.read("/user/mary", reader).text
                found = set(re.findall(r'<a[^>]* href="/user/(\w+)">@', text))
                self.assertEqual(found, linked)
        own = self.read(f"/post/{self.of_john.id}", self.john).text
        self.assertEqual(re.findall(r'<a[^>]* href="/user/(\w+)">@', own), ["mary"])

    def test_the_address_of_a_post(self):
        path = f"/post/{self.of_susan.id}"
        browser = self.read(path, self.john, 404)
        self.assertEqual(browser.page.heading, "Hidden")
        self.assertIn("a person whom you have blocked: susan", browser.page.words)
        self.assertNotIn("@mary", browser.text)
        self.assertEqual(browser.response.headers["Cache-Control"], "no-store")
        other = self.read(f"/post/{self.of_john.id}", self.susan, 404)
        nothing = self.read(f"/post/{2**40}", self.susan, 404)
        self.assertEqual(other.page.words, nothing.page.words)

    def test_a_post_that_nobody_may_see_is_not_told_of_either(self):
        with writing() as session:
            session.add(HiddenPost(post_id=self.of_susan.id, reason="for a test"))
        browser = self.read(f"/post/{self.of_susan.id}", self.john, 404)
        self.assertEqual(browser.page.heading, "File Not Found")
        other = self.susan.write("Another one")
        self.read(f"/post/{other.id}", self.john, 404)
        with writing() as session:
            session.add(Suspension(user_id=self.susan.id, reason="for a test"))
        browser = self.read(f"/post/{other.id}", self.john, 404)
        self.assertEqual(browser.page.heading, "File Not Found")

    def test_pages_take_at_most_three_selects(self):
        # The first look after a minute writes down that somebody is here.
        Clock(self)
        browser = self.browser(self.john)
        for path in (
            "/",
            "/explore",
            "/user/susan",
            "/user/mary",
            "/settings/blocked",
            f"/post/{self.of_susan.id}",
            "/user/mary/followers",
            "/search?q=mary",
        ):
            with self.subTest(path):
                self.assertLessEqual(selects(lambda: browser.get(path)), 3)  # noqa: B023

    def test_its_author_alone_reads_a_hidden_post_and_why(self):
        with writing() as session:
            session.add(HiddenPost(post_id=self.of_susan.id, reason="It tells what is private."))
        for path in ("/", "/user/susan", f"/post/{self.of_susan.id}", "/search?q=susan"):
            browser = self.read(path, self.susan)
            self.assertIn("“It tells what is private.”", browser.page.words)
        for reader in (self.mary, None):
            self.assertNotIn("It tells", self.read("/user/susan", reader).text)
            self.read(f"/post/{self.of_susan.id}", reader, 404)
        # It can still be edited and deleted by its author, which shows it to nobody.
        self.read(f"/post/{self.of_susan.id}/edit", self.susan)

    def test_the_profile_of_somebody_suspended_says_so(self):
        clock = Clock(self)
        self.mary.update_profile("mary", "Buy this")
        with writing() as session:
            until = clock.moment.replace(year=clock.moment.year + 1)
            session.add(Suspension(user_id=self.mary.id, reason="spam", until=until))
        for reader in (self.susan, None):
            browser = self.read("/user/mary", reader)
            self.assertEqual(shown(browser), [])
            self.assertIn("mary is suspended", browser.page.words)
            self.assertNotIn("Buy this", browser.page.words)
        clock.move(days=366)
        browser = self.read("/user/mary", None)
        self.assertEqual(len(shown(browser)), 1)
        self.assertIn("Buy this", browser.page.words)


class BlockedListTests(PeopleTestCase):
    def listed(self, browser: Browser) -> list[str]:
        return re.findall(r'<p class="person">.*?<a href="/user/([^"]*)">', browser.text)

    def test_from_the_profile_to_the_list_and_back(self):
        self.susan.write("hello")
        self.john.follow(self.susan)
        browser = self.browser(self.john)
        browser.get("/user/susan")
        browser.submit(button="Block")
        self.assertEqual(browser.url, SITE + "/user/susan")
        self.assertRegex(browser.page.statuses[0], "^You have blocked susan.")
        browser.get("/edit")
        browser.get(browser.page.links["Blocked"])
        self.assertEqual(browser.path, "/settings/blocked")
        self.assertEqual(self.listed(browser), ["susan"])
        browser.submit(button="Unblock susan")
        self.assertEqual(browser.path, "/settings/blocked")
        self.assertEqual(browser.page.statuses, ["You do not block susan any more."])
        self.assertEqual(self.listed(browser), [])
        browser.get("/user/susan")
        self.assertEqual(buttons(browser), ["Sign out", "Follow", "Block"])

    def test_one_sees_ones_own_list_alone_page_by_page(self):
        people = [self.person(f"reader{n}") for n in range(PAGE_SIZE + 3)]
        for user in people:
            Block.begin(self.john.id, user.id)
        Block.begin(self.susan.id, self.john.id)
        browser = self.browser(self.john)
        browser.get("/settings/blocked")
        names = self.listed(browser)
        browser.get(browser.page.links["Older"])
        names += self.listed(browser)
        self.assertEqual(names, [user.nickname for user in reversed(people)])
        browser.get(browser.page.links["Newer"])
        self.assertEqual(self.listed(browser), names[:PAGE_SIZE])
        other = self.browser(people[0])
        other.get("/settings/blocked")
        self.assertEqual(self.listed(other), [])
