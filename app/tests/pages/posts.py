"""The home page: writing, reading and deleting posts."""

import sqlalchemy as sa

from app import db
from app.models import Post
from app.queries.pagination import PAGE_SIZE
from app.tests.support.base import SITE, PeopleTestCase
from app.tests.support.clock import Clock
from app.tests.support.reading import selects, statements


class HomeHeadingTests(PeopleTestCase):
    def test_who_has_written_is_greeted_no_more_whoever_wrote_since(self):
        browser = self.browser(self.john)
        browser.get("/")
        self.assertEqual(browser.page.heading, "Hi, john!")
        self.john.write("mine")
        self.john.follow(self.susan)
        for n in range(30):
            self.susan.write(f"number {n}")
        browser.get("/")
        self.assertEqual(browser.page.heading, "Home")


class WritingPostTests(PeopleTestCase):
    def write(self, text: str):
        browser = self.browser(self.john)
        browser.get("/")
        browser.submit(post=text)
        return browser

    def bodies(self) -> list[str]:
        db.session.rollback()
        return list(db.session.scalars(sa.select(Post.body).order_by(Post.id)))

    def test_a_post_stands_on_top_with_author_avatar_and_time(self):
        self.post(self.susan, "the first")
        browser = self.write("hello")
        self.assertEqual(browser.page.statuses, ["Your post is live."])
        self.assertLess(browser.text.index("hello"), browser.text.index("the first"))
        article = browser.text.split("<article")[1]
        self.assertIn("john</a>", article)
        self.assertIn(self.john.avatar(48).replace("&", "&amp;"), article)
        self.assertRegex(article, r'<time datetime="\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00"')

    def test_a_plain_post_is_one_statement(self):
        author_id = self.john.id
        sent = statements(lambda: Post.write(author_id, "tea"))
        self.assertEqual([one.split()[0] for one in sent], ["INSERT"], sent)

    def test_140_characters_are_taken_whatever_they_are(self):
        # The last is a letter that Unicode has only as two characters.
        for text in ("x" * 140, "é" * 140, "😀" * 140, "x\u0301" * 70):
            with self.subTest(text[:2]):
                self.assertEqual(self.write(text).status, 200)
                self.assertEqual(self.bodies()[-1], text)

    def test_a_letter_with_its_accent_counts_as_one_however_it_is_typed(self):
        self.assertEqual(self.write("e\u0301" * 140).status, 200)
        self.assertEqual(self.bodies(), ["\u00e9" * 140])
        browser = self.write("e\u0301" * 141)
        self.assertEqual(browser.page.alerts, ["Please use at most 140 characters. This has 141."])
        # Nor does a letter get in that takes more room than it seems to.
        browser = self.write("\ufb2c" * 140)
        self.assertEqual(browser.page.alerts, ["Please use at most 140 characters. This has 420."])
        self.assertEqual(len(self.bodies()), 1)
        # The letter of the most characters: capital alpha with three marks.
        self.write("\u0391\u0314\u0342\u0345" * 140)
        self.assertEqual(self.bodies()[1:], ["\u1f8f" * 140])

    def test_141_characters_are_refused_and_kept_in_the_form(self):
        browser = self.write("x" * 141)
        self.assertEqual(browser.status, 400)
        self.assertEqual(browser.page.alerts, ["Please use at most 140 characters. This has 141."])
        self.assertEqual(browser.page.forms[1].fields["post"], "x" * 141)
        self.assertEqual(self.bodies(), [])

    def test_a_line_break_counts_as_one_character(self):
        # Browsers send two for each.
        self.write("a\r\n" * 69 + "ab")
        self.assertEqual(self.bodies(), ["a\n" * 69 + "ab"])

    def test_empty_and_blank_posts_are_refused(self):
        for text in ("", "   ", "\r\n\t", "\u200b\u200d", "\u3000", "\ufeff", "\x00"):
            with self.subTest(repr(text)):
                browser = self.write(text)
                self.assertEqual(browser.status, 400)
                self.assertEqual(browser.page.alerts, ["Please write something first."])
        self.assertEqual(self.bodies(), [])

    def test_markup_is_shown_and_not_obeyed(self):
        browser = self.write("<script>alert(1)</script><b>&amp;")
        self.assertIn("&lt;script&gt;alert(1)&lt;/script&gt;&lt;b&gt;&amp;amp;", browser.text)
        self.assertNotIn("<script>alert", browser.text)

    def test_control_characters_do_not_get_in(self):
        self.write("a\x00b\x1b[31mc\td")
        self.assertEqual(self.bodies(), ["ab[31mc\td"])

    def test_a_visitor_who_is_signed_out_meanwhile_keeps_what_was_typed(self):
        browser = self.browser(self.john)
        browser.get("/")
        db.session.execute(sa.text("DELETE FROM sign_in"))
        db.session.commit()
        browser.submit(post="written in vain?")
        self.assertEqual(browser.status, 401)
        self.assertEqual(browser.page.heading, "You are signed out")
        self.assertIn("written in vain?", browser.page.words)
        self.assertEqual(self.bodies(), [])

    def test_thirty_posts_a_minute_are_enough(self):
        clock = Clock(self)
        self.app = self.make_app(RATELIMIT_ENABLED="on")
        browser = self.browser(self.john)
        browser.get("/")
        statuses = [browser.submit(post=f"post {n}").status_code for n in range(30)]
        self.assertEqual(set(statuses), {200})
        browser.submit(post="one more")
        self.assertEqual(browser.status, 429)
        self.assertRegex(browser.page.words, r"Please try again in \d+ seconds\.")
        self.assertIn("one more", browser.page.words)
        self.assertLessEqual(int(browser.response.headers["Retry-After"]), 61)
        other = self.browser(self.susan)
        other.get("/")
        self.assertEqual(other.submit(post="susan may").status_code, 200)
        clock.move(seconds=61)
        browser.get("/")
        self.assertEqual(browser.submit(post="one more").status_code, 200)


class ReadingTests(PeopleTestCase):
    def test_older_pages_show_every_post_once_although_new_ones_arrive(self):
        ids = [self.post(self.susan, f"post {n}").id for n in range(PAGE_SIZE * 2 + 1)]
        browser = self.browser(self.john)
        browser.get("/")
        seen = self.shown(browser)
        for _ in range(2):
            self.post(self.susan, "a new one")
            browser.get(browser.page.links["Older"])
            seen += self.shown(browser)
        self.assertEqual(seen, [f"post {n}" for n in reversed(range(len(ids)))])
        self.assertNotIn("Older", browser.page.links)
        browser.get(browser.page.links["Newest"])
        self.assertEqual(self.shown(browser)[0], "a new one")

    def shown(self, browser) -> list[str]:
        return [
            piece.split("</p>")[0].strip()
            for piece in browser.text.split('<p class="body e-content p-name">')[1:]
        ]

    def test_nonsense_in_the_address_shows_the_newest_page(self):
        self.post(self.susan, "hello")
        for older in ("x", "-1", "0", "9" * 40, "%00", "1e3", ""):
            with self.subTest(older):
                browser = self.browser(self.john)
                browser.get(f"/?older={older}")
                self.assertEqual(browser.status, 200)
                self.assertEqual(self.shown(browser), ["hello"])

    def test_an_empty_site_says_what_to_do(self):
        browser = self.browser(self.john)
        browser.get("/index")
        self.assertIn("Nobody has written anything yet. Be the first!", browser.page.words)

    def test_a_page_takes_three_selects_however_many_posts_it_shows(self):
        Clock(self)

        def asked() -> int:
            browser = self.browser(self.john)
            return selects(lambda: browser.get("/"))

        self.post(self.susan, "one")
        with_one = asked()
        for n in range(PAGE_SIZE):
            self.post(self.person(f"author{n}"), "another")
        self.assertEqual(asked(), with_one)
        self.assertLessEqual(with_one, 3)


class DeletingPostTests(PeopleTestCase):
    def test_an_own_post_is_deleted(self):
        self.post(self.john, "of john")
        browser = self.browser(self.john)
        browser.get("/")
        browser.get(browser.page.links["Delete your post “of john”"])
        browser.submit(button="Delete it for good")
        self.assertEqual(browser.page.statuses, ["Your post is deleted."])
        self.assertEqual(self.count(Post), 0)

    def test_somebody_elses_post_stays(self):
        post = self.post(self.susan, "of susan")
        browser = self.browser(self.john)
        browser.get("/")
        self.assertNotIn("Delete", browser.page.words)
        browser.post(f"/post/{post.id}/delete", {"csrf_token": browser.token()})
        self.assertEqual(browser.status, 404)
        self.assertEqual(self.count(Post), 1)

    def test_a_post_that_never_was_is_a_404(self):
        browser = self.browser(self.john)
        browser.get("/")
        token = browser.token()
        for number in ("0", "12345", "9" * 19, "9" * 60, "x", "-1"):
            with self.subTest(number):
                browser.post(f"/post/{number}/delete", {"csrf_token": token})
                self.assertEqual(browser.status, 404)

    def test_reading_the_address_deletes_nothing(self):
        post = self.post(self.john, "of john")
        browser = self.browser(self.john)
        browser.get(f"/post/{post.id}/delete")
        self.assertEqual(browser.page.heading, "Delete this post?")
        self.assertEqual(self.count(Post), 1)

    def test_it_needs_the_token_of_our_own_page(self):
        post = self.post(self.john, "of john")
        browser = self.browser(self.john)
        browser.post(f"/post/{post.id}/delete", headers={"Origin": "https://evil.example"})
        self.assertEqual(browser.status, 400)
        self.assertEqual(self.count(Post), 1)

    def test_afterwards_the_visitor_is_where_they_were(self):
        self.post(self.john, "of john")
        browser = self.browser(self.john)
        browser.get("/user/john")
        browser.get(browser.page.links["Delete your post “of john”"])
        browser.submit(button="Delete it for good")
        self.assertEqual(browser.url, SITE + "/user/john")
