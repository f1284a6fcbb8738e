"""Atom feeds, as a feed library and a strict parser read them."""

import re
from datetime import UTC, datetime
from urllib.parse import urljoin
from xml.etree import ElementTree

import feedparser
import sqlalchemy as sa

from app import db
from app.models import Post
from app.queries.pagination import PAGE_SIZE
from app.tests.support.base import SITE, PeopleTestCase

ATOM = "{http://www.w3.org/2005/Atom}"
INSTANT = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d)$"


class FeedTestCase(PeopleTestCase):
    def fetch(self, path: str = "/explore.atom", **headers: str):
        """Get a feed as a reader does, without cookies."""
        self.reader = self.browser()
        return self.reader.get(
            path, headers={name.replace("_", "-"): value for name, value in headers.items()}
        )

    def parsed(self, path: str = "/explore.atom"):
        """Return a feed as the library understands it, after the strict parser has passed it."""
        response = self.fetch(path)
        self.assertEqual(response.status_code, 200)
        ElementTree.fromstring(response.data)
        headers = {name.lower(): value for name, value in response.headers.items()}
        headers["content-location"] = SITE + path
        feed = feedparser.parse(response.data, response_headers=headers)
        self.assertFalse(feed.bozo, feed.get("bozo_exception"))
        return feed


class FeedTests(FeedTestCase):
    def test_the_three_feeds_hold_what_their_pages_do(self):
        self.john.write("of john #tea")
        self.susan.write("of susan #Tea")
        self.susan.write("of susan alone")
        for page, title, texts in (
            ("/explore", "Everybody", ["of susan alone", "of susan #Tea", "of john #tea"]),
            ("/user/susan", "susan", ["of susan alone", "of susan #Tea"]),
            ("/tag/tea", "#tea", ["of susan #Tea", "of john #tea"]),
        ):
            with self.subTest(page):
                feed = self.parsed(f"{page}.atom")
                self.assertEqual(feed.version, "atom10")
                self.assertEqual(feed.feed.title, f"{title} · microblog")
                self.assertEqual(feed.feed.link, SITE + page)
                self.assertEqual([entry.title for entry in feed.entries], texts)

    def test_an_entry_says_all_there_is_to_say(self):
        post = self.susan.write("hi @john, see https://example.com/?a=1&b=2 #tea\nbye <b>")
        (entry,) = self.parsed().entries
        self.assertEqual(entry.id, f"{SITE}/post/{post.id}")
        self.assertEqual(entry.link, entry.id)
        self.assertEqual(entry.author_detail, {"name": "susan", "href": f"{SITE}/user/susan"})
        self.assertEqual(
            datetime(*entry.published_parsed[:6], tzinfo=UTC), post.timestamp.replace(microsecond=0)
        )
        self.assertEqual(entry.updated_parsed, entry.published_parsed)
        html = entry.content[0].value
        addresses = re.findall(r'href="([^"]*)"', html)
        self.assertEqual(
            [urljoin(SITE, address) for address in addresses],
            [f"{SITE}/user/john", "https://example.com/?a=1&amp;b=2", f"{SITE}/tag/tea"],
        )
        self.assertIn("bye &lt;b&gt;", html)

    def test_every_element_that_the_standard_asks_for(self):
        self.john.write("one")
        self.susan.write("two")
        for path in ("/explore.atom", "/user/john.atom", "/tag/none.atom"):
            with self.subTest(path):
                root = ElementTree.fromstring(self.fetch(path).data)
                self.assertEqual(root.tag, ATOM + "feed")
                self_link = root.find(f"{ATOM}link[@rel='self']")
                self.assertEqual(self_link.get("href"), SITE + path)
                for element in (root, *root.iter(ATOM + "entry")):
                    for name in ("id", "title", "updated"):
                        self.assertEqual(len(element.findall(ATOM + name)), 1, name)
                    self.assertTrue(element.findtext(ATOM + "id").startswith(SITE))
                    self.assertRegex(element.findtext(ATOM + "updated"), INSTANT)
                for entry in root.iter(ATOM + "entry"):
                    self.assertRegex(entry.findtext(ATOM + "published"), INSTANT)
                    self.assertTrue(entry.findtext(f"{ATOM}author/{ATOM}name"))
                    self.assertTrue(entry.findtext(ATOM + "title"))
                    self.assertEqual(entry.find(ATOM + "content").get("type"), "html")
                ids = [entry.findtext(ATOM + "id") for entry in root.iter(ATOM + "entry")]
                self.assertEqual(len(ids), len(set(ids)))

    def test_an_edited_post_keeps_its_id_and_moves_the_feed_on(self):
        post = self.john.write("before")
        db.session.execute(sa.update(Post).values(timestamp=datetime(2026, 1, 1, tzinfo=UTC)))
        db.session.commit()
        before = self.parsed()
        Post.edit(post.id, self.john.id, "after")
        after = self.parsed()
        self.assertEqual(after.entries[0].id, before.entries[0].id)
        self.assertEqual(after.entries[0].published, before.entries[0].published)
        self.assertGreater(after.entries[0].updated_parsed, before.entries[0].updated_parsed)
        self.assertGreater(after.feed.updated_parsed, before.feed.updated_parsed)

    def test_any_text_makes_a_valid_feed(self):
        for text in (
            "<script>alert(1)</script> & ]]> <![CDATA[",
            "&lt; &amp; &#0; &nbsp;",
            "\u202eback\u202c \u2066x\u2069",
            "\ufffe and \uffff",
            "\U0001fffe \U0010ffff",
            "e" + "\u0301" * 138,
            "\u2028\u2029\u0085",
            "😀👩\u200d👩\u200d👧",
            "a\tb\nc",
            "\"quotes\" 'both' https://example.com/\"x'y",
            "#" + "é" * 60,
        ):
            with self.subTest(repr(text)):
                db.session.execute(sa.delete(Post))
                db.session.commit()
                browser = self.browser(self.john)
                browser.get("/")
                browser.submit(post=f"x{text}")
                self.assertEqual(browser.status, 200)
                self.assertNotIn("<script", self.parsed().entries[0].content[0].value)

    def test_no_text_in_the_database_breaks_the_feed_for_all(self):
        # Written by an older version or by hand; XML 1.0 has no way to say these.
        controls = "".join(chr(code) for code in range(1, 32))
        self.post(self.john, f"a{controls}b\x7f\ufffe\uffffc")
        self.assertEqual(len(self.parsed().entries), 1)

    def test_no_more_than_a_page_of_posts(self):
        for n in range(PAGE_SIZE + 2):
            self.john.write(f"post {n}")
        entries = self.parsed().entries
        self.assertEqual(len(entries), PAGE_SIZE)
        self.assertEqual(entries[0].title, f"post {PAGE_SIZE + 1}")

    def test_what_there_is_not_is_a_404(self):
        for path in ("/user/nobody.atom", "/tag/1.atom", "/tag/a%20b.atom", "/user/a%00b.atom"):
            with self.subTest(path):
                self.assertEqual(self.fetch(path).status_code, 404)
                member = self.browser(self.john)
                member.get(path)
                self.assertEqual(member.status, 404)

    def test_one_feed_has_one_id_however_its_address_is_written(self):
        for path, own in {"/user/SUSAN.atom": "/user/susan", "/tag/TEA.atom": "/tag/tea"}.items():
            with self.subTest(path):
                self.assertEqual(self.parsed(path).feed.id, f"{SITE}{own}.atom")

    def test_pages_say_where_their_feed_is(self):
        self.john.write("#café")
        for page in ("/explore", "/user/john", "/tag/caf%C3%A9"):
            with self.subTest(page):
                visitor = self.browser()
                visitor.get(page)
                link = re.search(
                    r'<link rel="alternate" type="application/atom\+xml"[^>]* href="([^"]*)"',
                    visitor.text,
                )
                self.assertEqual(link[1], f"{page}.atom")
                self.assertEqual(len(self.parsed(link[1]).entries), 1)


class ConversationFeedTests(FeedTestCase):
    """RFC 4685: what a reply answers, by the id of that entry."""

    def test_a_conversation_is_read_as_a_thread(self):
        root = self.john.write("root #tea").id
        one = self.susan.write("one #tea", root).id
        two = self.john.write("two", one).id
        self.susan.write("elsewhere")
        for post_id in (root, one, two):
            path = f"/post/{post_id}.atom"
            feed = self.parsed(path)
            self.assertEqual(feed.feed.link, f"{SITE}/post/{post_id}")
            self.assertEqual(
                [entry.title for entry in feed.entries], ["two", "one #tea", "root #tea"]
            )
            ids = {entry.id: entry for entry in feed.entries}
            answered = self.answered(feed)
            self.assertEqual(answered, [f"{SITE}/post/{one}", f"{SITE}/post/{root}", None])
            self.assertTrue(set(answered[:2]) <= set(ids))
            tree = ElementTree.fromstring(self.fetch(path).data)
            for element in tree.iter("{http://purl.org/syndication/thread/1.0}in-reply-to"):
                self.assertEqual(element.get("href"), element.get("ref"))
                self.assertEqual(element.get("type"), "text/html")
        in_tag = self.answered(self.parsed("/tag/tea.atom"))
        self.assertEqual(in_tag, [f"{SITE}/post/{root}", None])

    def answered(self, feed) -> list[str | None]:
        """Return the id of what each entry answers, or None."""
        return [entry.get("thr_in-reply-to", {}).get("ref") for entry in feed.entries]

    def test_it_holds_what_its_reader_sees(self):
        root = self.john.write("root").id
        reply = self.susan.write("one", root).id
        Post.delete(root, self.john.id)
        self.assertEqual(
            [entry.title for entry in self.parsed(f"/post/{root}.atom").entries], ["one"]
        )
        Post.delete(reply, self.susan.id)
        for number in (root, reply, 0, -1, 10**18, -(10**30), "9" * 30, "x"):
            self.assertEqual(self.fetch(f"/post/{number}.atom").status_code, 404)

    def test_no_more_than_a_page_of_it(self):
        root = self.john.write("root").id
        for n in range(PAGE_SIZE):
            self.susan.write(f"reply {n}", root)
        titles = [entry.title for entry in self.parsed(f"/post/{root}.atom").entries]
        self.assertEqual(titles, [f"reply {n}" for n in range(PAGE_SIZE - 1, -1, -1)])


class FeedCachingTests(FeedTestCase):
    def test_who_has_the_newest_state_is_told_so(self):
        self.john.write("one")
        first = self.fetch()
        self.assertEqual(first.mimetype, "application/atom+xml")
        for headers in (
            {"If_None_Match": first.headers["ETag"]},
            {"If_Modified_Since": first.headers["Last-Modified"]},
            {
                "If_None_Match": first.headers["ETag"],
                "If_Modified_Since": first.headers["Last-Modified"],
            },
        ):
            with self.subTest(headers):
                again = self.fetch(**headers)
                self.assertEqual((again.status_code, again.data), (304, b""))

    def test_compressed_too(self):
        for n in range(PAGE_SIZE):
            self.john.write(f"enough to be worth compressing, {n}")
        for coding in ("gzip", "br", "zstd, br, gzip"):
            with self.subTest(coding):
                first = self.fetch(Accept_Encoding=coding)
                self.assertIn("Content-Encoding", first.headers)
                again = self.fetch(Accept_Encoding=coding, If_None_Match=first.headers["ETag"])
                self.assertEqual((again.status_code, again.data), (304, b""))

    def test_what_is_new_is_sent(self):
        post = self.john.write("one")
        etag = self.fetch().headers["ETag"]
        for change in (
            lambda: self.susan.write("two"),
            lambda: Post.edit(post.id, self.john.id, "changed"),
            lambda: Post.delete(post.id, self.john.id),
            lambda: self.susan.update_profile("suzy", ""),
        ):
            change()
            response = self.fetch(If_None_Match=etag)
            self.assertEqual(response.status_code, 200)
            self.assertNotEqual(response.headers["ETag"], etag)
            etag = response.headers["ETag"]

    def test_a_cache_may_keep_it_for_everybody(self):
        response = self.fetch()
        self.assertIn("public", response.headers["Cache-Control"])
        self.assertNotIn("Set-Cookie", response.headers)

    def test_an_empty_feed_is_valid_and_stays_the_same(self):
        self.assertEqual(self.parsed().entries, [])
        self.assertEqual(self.fetch().headers["ETag"], self.fetch().headers["ETag"])

    def test_a_feed_for_members_alone_is_kept_by_nobody_else(self):
        self.app = self.make_app(PUBLIC="off")
        self.john.write("among us")
        member = self.browser(self.john)
        member.get("/explore.atom")
        self.assertIn("among us", member.text)
        self.assertNotIn("public", member.response.headers["Cache-Control"])
