"""SITE_NAME, wherever the site speaks of itself."""

from xml.etree import ElementTree

from app.mail import letters
from app.provider.passwords import strength
from app.tests.support.base import PeopleTestCase

NAME = "Tea & <Trains>"


class SiteNameTests(PeopleTestCase):
    settings = {"SITE_NAME": NAME}

    def test_each_page_has_it_in_its_title_and_leads_home_by_it(self):
        self.susan.write("hello")
        browser = self.browser(self.susan)
        for path in ("/", "/login", "/post/1", "/openid", "/nowhere"):
            with self.subTest(path):
                browser.get(path)
                self.assertIn(" · Tea &amp; &lt;Trains&gt;</title>", browser.text)
                self.assertIn(
                    '<a class="brand" href="/">Tea &amp; &lt;Trains&gt;</a>', browser.text
                )
                # That is the software's.
                self.assertEqual(browser.text.count("microblog"), 1)

    def test_those_who_link_to_a_post_or_read_a_feed_see_it(self):
        post = self.susan.write("hello")
        browser = self.browser()
        browser.get(f"/post/{post.id}")
        self.assertIn('property="og:site_name" content="Tea &amp; &lt;Trains&gt;"', browser.text)
        feed = ElementTree.fromstring(browser.get("/explore.atom").data)
        self.assertEqual(feed[1].text, f"Everybody · {NAME}")

    def test_a_foreign_host_is_told_of_it(self):
        answer = self.app.test_client().get("/", base_url="http://evil.example")
        self.assertIn("Not at this address · Tea &amp;", answer.text)

    def test_the_subject_of_each_letter_begins_with_it(self):
        letter = letters.letter(self.app.config, ["me@example.com"], "news", "text")
        self.assertEqual(letter["Subject"], f"[{NAME}] news")

    def test_it_makes_a_password_weak(self):
        app = self.make_app(SITE_NAME="Rovaniemi Tea")
        for password in ("rovaniemi", "Rovaniemi1", "rovaniemi tea"):
            with self.subTest(password), app.test_request_context():
                self.assertEqual(strength.problem(password), strength.OWN)
