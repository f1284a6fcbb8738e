"""The lists of who follows whom."""

import itertools
import re

import sqlalchemy as sa

from app import db
from app.models import Block, Post, Thing, User, followers
from app.models.moderation.decisions import Decision, decide
from app.queries.pagination import PAGE_SIZE
from app.tests.support.base import SITE, Browser, PeopleTestCase
from app.tests.support.clock import Clock
from app.tests.support.reading import asking, selects


class ListsOfPeopleTests(PeopleTestCase):
    """Who follows susan, whom she follows, and who is found by a name."""

    PATHS = ("/user/susan/followers", "/user/susan/following", "/search/people?q=reader")

    def listed(self, browser: Browser) -> list[str]:
        return re.findall(r'<p class="person">.*?<a href="/user/([^"]*)">', browser.text)

    def test_counts_lead_to_lists(self):
        mary = self.person("mary")
        self.john.follow(self.susan)
        mary.follow(self.susan)
        self.susan.follow(self.john)
        visitor = self.browser()
        visitor.get("/user/susan")
        visitor.get(visitor.page.links["2 followers"])
        self.assertEqual(visitor.page.heading, "Followers of susan")
        self.assertEqual(self.listed(visitor), ["mary", "john"])
        self.assertFalse({"Older", "Newer", "Newest"} & set(visitor.page.links))
        visitor.get(visitor.page.links["Back to susan"])
        visitor.get(visitor.page.links["1 following"])
        self.assertEqual(self.listed(visitor), ["john"])

    def test_whoever_is_counted_and_not_listed_is_spoken_of(self):
        mary = self.person("mary")
        for reader in (self.john, mary):
            reader.follow(self.susan)
        visitor, john = self.browser(), self.browser(self.john)
        for step, told, to_john in (
            (lambda: None, "", ""),
            (
                lambda: Block.begin(self.john.id, mary.id),
                "",
                "Counted: 2. Listed: 1, without people who are suspended or kept apart from you",
            ),
            (
                lambda: decide(Decision("suspend", Thing(mary.id), "Enough."), None),
                "Counted: 2. Listed: 1, without people who are suspended.",
                "Counted: 2. Listed: 1",
            ),
        ):
            step()
            for browser, words in ((visitor, told), (john, to_john)):
                self.assertLessEqual(selects(lambda b=browser: b.get("/user/susan/followers")), 3)
                self.assertIn(words, " ".join(browser.page.words.split()))
                self.assertEqual("Counted: 2" in browser.page.words, bool(words))

    def test_nobody_at_all(self):
        browser = self.browser(self.john)
        for which in ("followers", "following"):
            browser.get(f"/user/susan/{which}")
            self.assertIn("Nobody yet.", browser.page.words)

    def follow_each_other(self, people: list[User]) -> None:
        """Let susan follow all of them, and all of them susan."""
        ids = [(user.id, self.susan.id) for user in people]
        rows = ids + [(b, a) for a, b in ids]
        db.session.execute(
            sa.insert(followers), [{"follower_id": a, "followed_id": b} for a, b in rows]
        )
        db.session.commit()

    def turn(self, browser: Browser, label: str) -> list[str]:
        browser.get(browser.page.links[label])
        self.assertEqual(browser.status, 200)
        return self.listed(browser)

    def test_everybody_once_down_and_up_again(self):
        people = [self.person(f"reader{n}") for n in range(2 * PAGE_SIZE + 3)]
        self.follow_each_other(people)
        names = [user.nickname for user in reversed(people)]
        for path in self.PATHS:
            with self.subTest(path):
                browser = self.browser(self.john)
                browser.get(path)
                pages = [self.listed(browser)]
                self.assertEqual(re.findall(r'rel="(next|prev)">(\w+)<', browser.text), NEXT)
                while "Older" in browser.page.links:
                    pages.append(self.turn(browser, "Older"))
                self.assertEqual([len(page) for page in pages], [PAGE_SIZE, PAGE_SIZE, 3])
                self.assertEqual(sum(pages, []), names)
                self.assertEqual(self.turn(browser, "Newer"), pages[1])
                self.assertEqual(
                    re.findall(r'rel="(next|prev)">(\w+)<', browser.text), [*NEXT, *PREVIOUS]
                )
                self.assertEqual(self.turn(browser, "Newer"), pages[0])
                self.assertNotIn("Newer", browser.page.links)
                self.turn(browser, "Older")
                self.assertEqual(self.turn(browser, "Newest"), pages[0])
                self.assertEqual(browser.url, SITE + path)

    def test_who_comes_and_goes_neither_repeats_nor_takes_away_others(self):
        people = [self.person(f"reader{n}") for n in range(2 * PAGE_SIZE)]
        self.follow_each_other(people)
        names = [user.nickname for user in reversed(people)]
        readers = {path: self.browser(self.john) for path in self.PATHS}
        for path, browser in readers.items():
            browser.get(path)
            self.assertEqual(self.listed(browser), names[:PAGE_SIZE])
        self.follow_each_other([self.person("reader-too")])
        # The one that the link of the next page begins at.
        people[PAGE_SIZE].delete()
        left = ["reader-too", *names[: PAGE_SIZE - 1], *names[PAGE_SIZE:]]
        for path, browser in readers.items():
            with self.subTest(path):
                self.assertEqual(self.turn(browser, "Older"), names[PAGE_SIZE:])
                self.assertEqual(self.turn(browser, "Newer"), left[:PAGE_SIZE])
                self.assertEqual(self.turn(browser, "Newest"), left[:PAGE_SIZE])

    def test_an_exact_page_has_no_other(self):
        self.follow_each_other([self.person(f"reader{n}") for n in range(PAGE_SIZE)])
        for path in self.PATHS:
            browser = self.browser(self.john)
            browser.get(path)
            self.assertEqual(len(self.listed(browser)), PAGE_SIZE)
            self.assertFalse({"Older", "Newer", "Newest"} & set(browser.page.links), path)

    def test_nonsense_in_the_address_is_taken_for_the_newest_page(self):
        self.follow_each_other([self.person("reader")])
        browser = self.browser()
        nonsense = ("x", "-5", "", "%00", "1e9", "%ED%A0%80", "0", "9" * 40)
        for path, name, value in itertools.product(self.PATHS, ("older", "newer"), nonsense):
            with self.subTest(path=path, name=name, value=value):
                browser.get(asking(path, f"{name}={value}"))
                self.assertEqual((browser.status, self.listed(browser)), (200, ["reader"]))

    def test_beyond_either_end_there_is_a_way_back(self):
        self.follow_each_other([self.person("reader")])
        browser = self.browser()
        for path, at in itertools.product(self.PATHS, ("older=1", f"newer={2**63 - 2}")):
            with self.subTest(path=path, at=at):
                browser.get(asking(path, at))
                self.assertIn("Nobody more.", browser.page.words)
                self.assertEqual(self.turn(browser, "Newest"), ["reader"])

    def test_a_list_takes_no_more_selects_for_more_people(self):
        # The first look after a minute writes down that somebody is here.
        Clock(self)

        def asked(path: str) -> int:
            browser = self.browser(self.john)
            return selects(lambda: browser.get(path))

        self.follow_each_other([self.person("reader")])
        with_one = [asked(path) for path in self.PATHS]
        self.follow_each_other(
            [self.person(f"reader{n}", f"reader{n}@example.com") for n in range(PAGE_SIZE)]
        )
        self.assertEqual([asked(path) for path in self.PATHS], with_one)
        self.assertLessEqual(max(with_one), 3)

    def test_a_removed_follower_is_counted_no_more(self):
        self.john.follow(self.susan)
        self.john.delete()
        visitor = self.browser()
        visitor.get("/user/susan")
        self.assertIn("0 followers", visitor.page.links)

    def test_users_that_are_deleted_by_hand_leave_nothing(self):
        self.john.follow(self.susan)
        self.susan.write("hello")
        db.session.execute(sa.delete(User))
        db.session.commit()
        self.assertEqual([self.count(table) for table in (followers, Post)], [0, 0])


# The rel and the text of the links of a pager.
NEXT, PREVIOUS = [("next", "Older")], [("prev", "Newer")]
