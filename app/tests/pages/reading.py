"""Reading without following: permalinks, mentions, tags, and what visitors may see."""

import re
from datetime import timedelta

import sqlalchemy as sa

from app import db
from app.database import now
from app.models.posts import Mention, Post, Tag
from app.tests.support.base import SITE, Browser, PeopleTestCase
from app.tests.support.clock import Clock
from app.tests.support.reading import shown

READABLE = ("/explore", "/user/john", "/post/{id}", "/tag/tea", "/search?q=tea")
LISTS = ("/user/john/followers", "/user/john/following", "/search/people?q=john")
FEEDS = ("/explore.atom", "/user/john.atom", "/tag/tea.atom")


class PermalinkTests(PeopleTestCase):
    def visit(self, post: Post) -> Browser:
        visitor = self.browser()
        visitor.get(f"/post/{post.id}")
        self.assertEqual(visitor.status, 200)
        return visitor

    def described(self, browser: Browser) -> dict[str, str]:
        found = re.findall(r'<meta property="og:(\w+)" content="([^"]*)">', browser.text)
        return dict(found)

    def test_a_post_has_a_page_with_a_title_of_its_own(self):
        post = self.john.write("hello @susan")
        self.susan.write("something else")
        visitor = self.visit(post)
        self.assertEqual(shown(visitor), ["hello @susan"])
        self.assertEqual(visitor.page.links["@susan"], "/user/susan")
        self.assertEqual(visitor.page.heading, "john wrote")
        self.assertIn("<title>john: hello @susan · microblog</title>", visitor.text)

    def test_it_tells_other_sites_what_it_is(self):
        visitor = self.visit(self.john.write('tea & "cake" <b>'))
        address = SITE + visitor.path
        self.assertEqual(
            self.described(visitor),
            {
                "type": "article",
                "site_name": "microblog",
                "title": "john",
                "description": "tea &amp; &#34;cake&#34; &lt;b&gt;",
                "url": address,
            },
        )
        self.assertIn(f'<link rel="canonical" href="{address}">', visitor.text)

    def test_timelines_lead_to_it(self):
        post = self.john.write("hello")
        for path in ("/explore", "/user/john"):
            visitor = self.browser()
            visitor.get(path)
            self.assertIn(f'class="time u-url" href="/post/{post.id}"', visitor.text)

    def test_a_post_that_is_not_there_is_a_404(self):
        visitor = self.browser()
        for number in ("0", "1", "12345", "9" * 19, "9" * 60, "x", "-1", "1.0", "%00", "٣"):
            with self.subTest(number):
                visitor.get(f"/post/{number}")
                self.assertEqual(visitor.status, 404)

    def test_hostile_text_stays_text(self):
        for text in (
            "</title></head><script>alert(1)</script>",
            '"><script>alert(1)</script>',
            "'onmouseover='alert(1)",
            "javascript:alert(1)",
            'https://example.com/"onmouseover="alert(1)',
            "https://example.com/(a)'b",
            "\u202eevil\u202c \u2066\u2067",
            "e" + "\u0301" * 139,
            "{{ config }} {% raw %}",
            "from:susan #<b> @<i>",
        ):
            with self.subTest(text):
                visitor = self.visit(self.john.write(text))
                self.assertEqual(shown(visitor), [text])
                self.assertNotIn("<script", visitor.text)
                for tag in re.findall(r"<a [^>]*>", visitor.text):
                    self.assertNotIn("onmouseover=", re.sub('"[^"]*"', "", tag))
                    self.assertNotIn('href="javascript', tag)

    def test_line_breaks_are_kept(self):
        visitor = self.visit(self.john.write("one\ntwo\n\nthree"))
        self.assertEqual(shown(visitor), ["one\ntwo\n\nthree"])
        # For those who have no style as well.
        self.assertIn("one<br>\ntwo<br>\n<br>\nthree", visitor.text)


class MentionTests(PeopleTestCase):
    def setUp(self):
        super().setUp()
        self.post_ = self.john.write("hi @susan, @SUSAN and @nobody. @mary?")

    def mentioned(self) -> list[str]:
        visitor = self.browser()
        visitor.get("/explore")
        body = visitor.text.split("e-content")[1].split("</p>")[0]
        return re.findall(r'href="([^"]*)">(@\w+)<', body)

    def test_only_who_is_there_is_linked(self):
        self.assertEqual(self.mentioned(), [("/user/susan", "@susan"), ("/user/susan", "@SUSAN")])

    def test_whoever_comes_later_is_linked_as_well(self):
        self.person("Mary")
        self.assertEqual(self.mentioned()[-1], ("/user/mary", "@mary"))
        visitor = self.browser()
        visitor.get("/user/mary")
        self.assertEqual(visitor.page.heading, "Mary")

    def test_a_look_alike_is_not_linked_where_a_sentence_ends(self):
        self.person("susan.")
        self.person("susan9")
        self.person("Susan9.")
        self.john.write("Ask @susan9. Or @susan.")
        self.assertEqual(self.mentioned(), [("/user/susan9", "@susan9"), ("/user/susan", "@susan")])

    def test_whoever_goes_by_another_name_or_leaves_is_linked_no_more(self):
        self.susan.rename("suzy", "")
        self.assertEqual(self.mentioned(), [])
        self.susan.rename("Susan", "")
        self.assertEqual(len(self.mentioned()), 2)
        self.susan.remove()
        self.assertEqual(self.mentioned(), [])

    def test_what_is_kept_goes_with_the_post(self):
        Post.edit_own(self.post_.id, self.john, "#tea")
        self.assertEqual((self.count(Mention), self.count(Tag)), (0, 1))
        Post.delete_own(self.post_.id, self.john)
        self.assertEqual(self.count(Tag), 0)


class TagPageTests(PeopleTestCase):
    def test_one_tag_however_it_is_written(self):
        texts = ["#Tea", "#TEA and cake", "two: #tea #tea"]
        for text in texts:
            self.john.write(text)
        self.john.write("tea #teapot")
        visitor = self.browser()
        for path in ("/tag/tea", "/tag/TEA"):
            visitor.get(path)
            self.assertEqual(shown(visitor), texts[::-1])
            self.assertEqual(visitor.page.heading, "#tea")

    def test_every_tag_leads_to_its_own_page(self):
        for text in ("#Straße", "#чай", "#日本語", "#snake_case", "#caf\u00e9", "#1a"):
            with self.subTest(text):
                self.john.write(text)
                visitor = self.browser()
                visitor.get("/explore")
                visitor.get(visitor.page.links[text])
                self.assertEqual(shown(visitor), [text])

    def test_a_tag_that_nobody_used_and_what_is_none(self):
        visitor = self.browser()
        visitor.get("/tag/unused")
        self.assertEqual(visitor.status, 200)
        self.assertIn("Nobody has used this tag yet.", visitor.page.words)
        for name in ("1", "a%20b", "a-b", "%00", "x" * 65, "%ED%A0%80", "%3Cb%3E", "___"):
            with self.subTest(name):
                visitor.get(f"/tag/{name}")
                self.assertEqual(visitor.status, 404)


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
        full = f"{moment.day} {moment:%B %Y, %H:%M} UTC"
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
            entries = visitor.text.split('<article class="post h-entry">')[1:]
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
