"""A post by itself, and what its text leads to: people and tags."""

import re

from app.models.posts.post import Mention, Post, Tag
from app.tests.support.base import SITE, Browser, PeopleTestCase
from app.tests.support.reading import shown


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
        self.susan.update_profile("suzy", "")
        self.assertEqual(self.mentioned(), [])
        self.susan.update_profile("Susan", "")
        self.assertEqual(len(self.mentioned()), 2)
        self.susan.delete()
        self.assertEqual(self.mentioned(), [])

    def test_what_is_kept_goes_with_the_post(self):
        Post.edit(self.post_.id, self.john.id, "#tea")
        self.assertEqual((self.count(Mention), self.count(Tag)), (0, 1))
        Post.delete(self.post_.id, self.john.id)
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
