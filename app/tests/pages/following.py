"""Following people, the home timeline that comes of it, and the lists of who follows whom."""

import itertools
import re

import sqlalchemy as sa

from app import db
from app.models import Post, User, followers
from app.queries import timelines
from app.queries.pagination import NEWEST_PAGE, PAGE_SIZE
from app.tests.support.base import SITE, Browser, PeopleTestCase
from app.tests.support.clock import Clock
from app.tests.support.reading import asking, selects, shown

# The rel and the text of the links of a pager.
NEXT, PREVIOUS = [("next", "Older")], [("prev", "Newer")]


class FourPeopleTests(PeopleTestCase):
    """The timeline of the series: john, susan, mary and david."""

    def setUp(self):
        super().setUp()
        self.mary, self.david = self.person("mary"), self.person("david")
        self.everybody = (self.john, self.susan, self.mary, self.david)
        for user in self.everybody:
            user.write(f"post from {user.nickname}")
        self.john.follow(self.susan)  # john follows susan
        self.john.follow(self.david)  # john follows david
        self.susan.follow(self.mary)  # susan follows mary
        self.mary.follow(self.david)  # mary follows david
        # Newest first.
        self.expected = {
            "john": ["david", "susan", "john"],
            "susan": ["mary", "susan"],
            "mary": ["david", "mary"],
            "david": ["david"],
        }

    def posts(self, names: list[str]) -> list[str]:
        return [f"post from {name}" for name in names]

    def test_followed_posts(self):
        for user in self.everybody:
            with self.subTest(user.nickname):
                found = db.session.scalars(user.followed_posts())
                expected = self.posts(self.expected[user.nickname])
                self.assertEqual([post.body for post in found], expected)

    def test_the_home_page_shows_the_same(self):
        for user in (self.john, self.susan, self.mary):
            with self.subTest(user.nickname):
                browser = self.browser(user)
                browser.get("/")
                self.assertEqual(shown(browser), self.posts(self.expected[user.nickname]))
                self.assertNotIn("You follow nobody yet", browser.page.words)

    def test_who_follows_nobody_is_told_what_to_do_and_shown_everybody(self):
        browser = self.browser(self.david)
        browser.get("/index")
        self.assertIn("You follow nobody yet", browser.page.words)
        self.assertEqual(shown(browser), self.posts(["david", "mary", "susan", "john"]))

    def test_after_the_last_is_unfollowed_everybody_is_shown_again(self):
        self.susan.unfollow(self.mary)
        browser = self.browser(self.susan)
        browser.get("/")
        self.assertIn("You follow nobody yet", browser.page.words)
        self.assertEqual(len(shown(browser)), 4)

    def test_both_ways_agree_page_by_page_on_a_busy_site(self):
        for n in range(60):
            self.everybody[n % 4].write(f"number {n}")
        for user in (self.john, self.susan, self.mary, self.david):
            with self.subTest(user.nickname):
                found, bounds = [], NEWEST_PAGE
                while bounds is not None:
                    page = timelines.home(user.id, bounds)
                    found += [row.id for row in page.rows]
                    bounds = page.older and NEWEST_PAGE._replace(older=page.older)
                self.assertEqual(
                    found, [post.id for post in db.session.scalars(user.followed_posts())]
                )

    def test_a_removed_user_leaves_every_timeline(self):
        self.david.remove()
        browser = self.browser(self.john)
        browser.get("/")
        self.assertEqual(shown(browser), self.posts(["susan", "john"]))
        self.assertEqual(self.count(followers), 2)


class FollowingTests(PeopleTestCase):
    def test_the_verbs(self):
        self.assertFalse(self.john.is_following(self.susan))
        self.assertTrue(self.john.follow(self.susan))
        self.assertTrue(self.john.is_following(self.susan))
        self.assertFalse(self.susan.is_following(self.john))
        self.assertFalse(self.john.follow(self.susan))
        self.assertEqual(self.count(followers), 1)
        self.assertTrue(self.john.unfollow(self.susan))
        self.assertFalse(self.john.unfollow(self.susan))
        self.assertFalse(self.john.is_following(self.susan))

    def test_nobody_follows_oneself(self):
        self.assertFalse(self.john.follow(self.john))
        self.assertEqual(self.count(followers), 0)

    def test_following_from_the_profile_page_and_ending_it_there(self):
        browser = self.browser(self.john)
        browser.get("/user/susan")
        browser.submit(button="Follow")
        self.assertEqual(browser.url, SITE + "/user/susan")
        self.assertEqual(browser.page.statuses, ["You are following susan."])
        self.assertIn("1 follower", browser.page.links)
        self.assertTrue(self.john.is_following(self.susan))
        browser.submit(button="Unfollow")
        self.assertEqual(browser.page.statuses, ["You are not following susan any more."])
        self.assertIn("0 followers", browser.page.links)
        self.assertIn("Follow", browser.page.forms[-1].buttons)
        self.assertEqual(self.count(followers), 0)

    def test_what_makes_no_sense_is_refused_gently(self):
        self.john.follow(self.susan)
        mary = self.person("mary")
        for path, words in {
            "/user/susan/follow": "You are following susan already.",
            "/user/JOHN/follow": "Your own posts are always on your home page.",
            "/user/mary/unfollow": "You are not following mary.",
            "/user/john/unfollow": "You are not following john.",
        }.items():
            with self.subTest(path):
                browser = self.browser(self.john)
                browser.get("/")
                browser.post(path, {"csrf_token": browser.token()})
                self.assertEqual(browser.status, 200)
                self.assertEqual(browser.page.statuses, [words])
        self.assertEqual(self.count(followers), 1)
        self.assertFalse(self.john.is_following(mary))

    def test_two_tabs_follow_once(self):
        tabs = self.browser(self.john), self.browser(self.john)
        for tab in tabs:
            tab.get("/user/susan")
        for tab in tabs:
            tab.submit(button="Follow")
        self.assertEqual(tabs[1].page.statuses, ["You are following susan already."])
        self.assertEqual(self.count(followers), 1)

    def test_nobody_of_that_name(self):
        browser = self.browser(self.john)
        for verb in ("follow", "unfollow"):
            for nickname in ("nobody", "a%00b", "x" * 200, "%ED%A0%80", "'--"):
                with self.subTest(verb=verb, nickname=nickname):
                    browser.get("/")
                    browser.post(f"/user/{nickname}/{verb}", {"csrf_token": browser.token()})
                    self.assertEqual((browser.status, browser.path), (200, "/"))
                    self.assertRegex(browser.page.alerts[0], "^User .*not found")

    def test_reading_an_address_follows_nobody(self):
        browser = self.browser(self.john)
        for verb in ("follow", "unfollow"):
            browser.get(f"/user/susan/{verb}")
            self.assertEqual(browser.status, 405)
        self.assertEqual(self.count(followers), 0)

    def test_it_takes_our_own_page(self):
        browser = self.browser(self.john)
        browser.post("/user/susan/follow", headers={"Origin": "https://evil.example"})
        self.assertEqual(browser.status, 400)
        self.assertEqual(self.count(followers), 0)

    def test_a_visitor_is_asked_to_sign_in(self):
        visitor = self.browser()
        visitor.get("/user/susan")
        self.assertNotIn("Follow", [name for form in visitor.page.forms for name in form.buttons])
        visitor.get("/login")
        visitor.post("/user/susan/follow", {"csrf_token": visitor.token()}, follow=False)
        self.assertIn(visitor.status, (302, 303, 401))
        self.assertEqual(self.count(followers), 0)

    def test_ones_own_page_has_no_such_button(self):
        browser = self.browser(self.john)
        browser.get("/user/john")
        names = [name for form in browser.page.forms for name in form.buttons]
        self.assertEqual(names, ["Sign out"])


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
        people[PAGE_SIZE].remove()
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
        for path, at in itertools.product(self.PATHS, ("older=1", f"newer={2**62}")):
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
        self.john.remove()
        visitor = self.browser()
        visitor.get("/user/susan")
        self.assertIn("0 followers", visitor.page.links)

    def test_users_that_are_deleted_by_hand_leave_nothing(self):
        self.john.follow(self.susan)
        self.susan.write("hello")
        db.session.execute(sa.delete(User))
        db.session.commit()
        self.assertEqual([self.count(table) for table in (followers, Post)], [0, 0])
