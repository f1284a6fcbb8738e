"""Following people, the home timeline that comes of it, and the lists of who follows whom."""

from app import db
from app.models import followers
from app.queries.pagination import NEWEST_PAGE
from app.queries.timelines import home
from app.tests.support.base import SITE, PeopleTestCase
from app.tests.support.reading import shown


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
                    page = home(user.id, bounds)
                    found += [row.id for row in page.rows]
                    bounds = page.older and NEWEST_PAGE._replace(older=page.older)
                self.assertEqual(
                    found, [post.id for post in db.session.scalars(user.followed_posts())]
                )

    def test_a_removed_user_leaves_every_timeline(self):
        self.david.delete()
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
        self.assertIn("Follow", [name for form in browser.page.forms for name in form.buttons])
        self.assertEqual(self.count(followers), 0)

    def test_following_from_a_list_and_staying_there(self):
        self.susan.follow(self.john)
        browser, path = self.browser(self.john), "/user/john/followers"
        browser.get(path)
        browser.submit(button="Follow susan")
        self.assertEqual(
            (browser.path, browser.page.statuses), (path, ["You are following susan."])
        )
        self.assertTrue(self.john.is_following(self.susan))
        browser.submit(button="Unfollow susan")
        self.assertEqual(browser.path, path)
        self.assertEqual(self.count(followers), 1)
        # Oneself and visitors have no such button, and nobody is led to another site.
        for reader in (self.susan, None):
            other = self.browser(reader) if reader else self.browser()
            other.get(path)
            self.assertNotIn(
                "Follow", other.text.split("<main")[1].split("</main>")[0].split("<ul")[1]
            )
        browser.post(
            "/user/susan/follow", {"csrf_token": browser.token(), "next": "//evil.example"}
        )
        self.assertEqual(browser.url, SITE + "/")

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
