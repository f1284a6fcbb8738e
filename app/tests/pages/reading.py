"""Reading without following: permalinks, mentions, tags, and what visitors may see."""

import re
from datetime import timedelta

import sqlalchemy as sa

from app import db
from app.database import now
from app.models.posts.post import Post
from app.tests.support.base import SITE, PeopleTestCase
from app.tests.support.clock import Clock

READABLE = ("/explore", "/user/john", "/post/{id}", "/tag/tea", "/search?q=tea")
LISTS = ("/user/john/followers", "/user/john/following", "/search/people?q=john")
FEEDS = ("/explore.atom", "/user/john.atom", "/tag/tea.atom")


class PublicReadingTests(PeopleTestCase):
    def setUp(self):
        super().setUp()
        self.written = self.john.write("a cup of #tea")
        self.pages = [path.format(id=self.written.id) for path in READABLE]

    def test_visitors_read_without_signing_in(self):
        for path in (*self.pages, *LISTS, *FEEDS):
            with self.subTest(path):
                visitor = self.browser()
                visitor.get(path)
                self.assertEqual((visitor.status, visitor.url), (200, SITE + path))
                if path not in LISTS:
                    self.assertIn("a cup of", visitor.text)

    def test_home_and_editing_are_for_members(self):
        for path in ("/", "/index", "/edit", f"/post/{self.written.id}/edit"):
            with self.subTest(path):
                visitor = self.browser()
                visitor.get(path)
                self.assertEqual(visitor.path, "/login")

    def test_with_public_off_all_of_it_is_for_members(self):
        self.app = self.make_app(PUBLIC="off")
        for path in (*self.pages, *LISTS, *FEEDS, "/user/nobody", "/user/nobody.atom"):
            with self.subTest(path):
                visitor = self.browser()
                visitor.get(path)
                self.assertNotEqual(visitor.path, path)
                self.assertNotIn("a cup of", visitor.text)
                self.assertNotIn("Explore", visitor.page.links)
        for path in (*self.pages, *LISTS, *FEEDS):
            with self.subTest(path):
                member = self.browser(self.susan)
                member.get(path)
                self.assertEqual((member.status, member.url), (200, SITE + path))
                self.assertNotIn("public", member.response.headers["Cache-Control"])

    def test_an_unknown_nickname_is_a_404_to_visitors_and_a_word_to_members(self):
        for nickname in ("nobody", "a%00b", "é", "x" * 300):
            for path in ("", "/followers", "/following"):
                with self.subTest(nickname[:9] + path):
                    visitor = self.browser()
                    visitor.get(f"/user/{nickname}{path}")
                    self.assertEqual(visitor.status, 404)
                    self.assertEqual(visitor.page.heading, "File Not Found")
                    member = self.browser(self.john)
                    member.get(f"/user/{nickname}{path}")
                    self.assertEqual(member.url, SITE + "/")
                    self.assertRegex(member.page.alerts[0], "^User .*not found")

    def test_times_are_absolute_for_visitors_and_relative_for_members(self):
        Clock(self)
        moment = now() - timedelta(minutes=5, seconds=1)
        db.session.execute(sa.update(Post).values(timestamp=moment))
        db.session.commit()
        stamp = f'datetime="{moment.isoformat(timespec="seconds")}"'
        full = f"{moment.day} {moment:%B %Y, %H:%M}\N{NO-BREAK SPACE}UTC"
        for path in self.pages:
            with self.subTest(path):
                visitor, member = self.browser(), self.browser(self.susan)
                visitor.get(path)
                self.assertIn(f'<time {stamp} class="dt-published">{full}</time>', visitor.text)
                self.assertNotIn(" ago", visitor.page.words)
                member.get(path)
                self.assertIn(stamp, member.text)
                self.assertIn(f'title="{full}">5 minutes ago</time>', member.text)

    def test_a_page_that_everybody_gets_may_be_kept(self):
        for path in self.pages[:4]:
            with self.subTest(path):
                visitor, member = self.browser(), self.browser(self.susan)
                visitor.get(path)
                self.assertEqual(visitor.response.headers["Cache-Control"], "public, max-age=60")
                self.assertNotIn("Set-Cookie", visitor.response.headers)
                self.assertIn("Cookie", visitor.response.headers["Vary"])
                member.get(path)
                self.assertEqual(member.response.headers["Cache-Control"], "no-store")

    def test_a_page_that_shows_a_message_is_kept_by_nobody(self):
        visitor = self.browser()
        visitor.get("/edit")
        visitor.get("/explore")
        self.assertEqual(visitor.response.headers["Cache-Control"], "no-store")

    def test_machines_find_their_way(self):
        self.person("mary", None).write("<b>")
        for path in self.pages[:4]:
            visitor = self.browser()
            visitor.get(path)
            entries = visitor.text.split('<article class="post h-entry" ')[1:]
            self.assertTrue(entries)
            for entry in entries:
                for name in ("p-author h-card", "u-url", "dt-published", "e-content"):
                    self.assertRegex(entry, rf'class="[^"]*\b{name}\b[^"]*"')
            if "/post/" not in path:
                self.assertIn('class="h-feed"', visitor.text)
        visitor.get("/user/john")
        self.assertRegex(visitor.text, r'(?s)class="[^"]*h-card.*class="[^"]*p-nickname')


class PicturesTests(PeopleTestCase):
    PAGES = (
        "/explore",
        "/user/{0}",
        "/search?q={0}",
        "/search/people?q={0}",
        "/user/susan/followers",
    )

    def pictures(self, path: str) -> list[str]:
        visitor = self.browser()
        visitor.get(path)
        self.assertEqual(visitor.status, 200)
        return re.findall(r'<img src="([^"]*)"', visitor.text)

    def everywhere(self, nickname: str) -> list[str]:
        return [picture for path in self.PAGES for picture in self.pictures(path.format(nickname))]

    def test_without_an_email_nothing_is_asked_of_others(self):
        mary = self.person("mary")
        mary.write("hello from mary")
        mary.follow(self.susan)
        self.assertEqual(set(self.everywhere("mary")), {f"/avatar/{mary.avatar_seed}.svg"})

    def test_behind_a_gravatar_there_is_always_one_drawn_here(self):
        self.john.write("hello from john")
        drawn, gravatar = self.pictures("/explore")
        self.assertEqual(drawn, f"/avatar/{self.john.avatar_seed}.svg")
        self.assertTrue(gravatar.startswith("https://www.gravatar.com/avatar/"))
        # Where there is none, Gravatar's answer must let the other one show through.
        self.assertIn("d=blank", gravatar)

    def test_with_gravatar_off_nothing_is_asked_of_others(self):
        self.app = self.make_app(GRAVATAR="off")
        self.john.write("hello from john")
        self.john.follow(self.susan)
        self.assertEqual(set(self.everywhere("john")), {f"/avatar/{self.john.avatar_seed}.svg"})

    def test_a_drawn_one_is_kept_for_ever_and_tells_nothing(self):
        for seed in (self.john.avatar_seed, "x" * 300, "%00", "%3Cscript%3E"):
            with self.subTest(seed[:9]):
                visitor = self.browser()
                response = visitor.get(f"/avatar/{seed}.svg")
                self.assertEqual((response.status_code, response.mimetype), (200, "image/svg+xml"))
                self.assertIn("immutable", response.headers["Cache-Control"])
                self.assertNotIn("Set-Cookie", response.headers)
                self.assertNotIn("script", visitor.text)
                self.assertNotIn("john", visitor.text)
