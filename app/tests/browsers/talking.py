"""Two people talk in a real browser, with scripts off and with scripts on."""

import unittest

from app.tests.support.programs.journeys import JourneyCase


class TalkingJourneys(JourneyCase):
    def test_two_people_talk(self):
        ana, ben = self.person("ana"), self.person("ben")
        asked = ana.write("What goes with tea?").id
        self.sign_in(ben)
        self.open("/explore")
        self.chromium.follow("Reply to this post of ana")
        self.assert_shown("ana wrote")
        self.assertEqual(self.chromium.path, f"/post/{asked}")
        self.chromium.fill(post="Biscuits")
        self.chromium.press("Reply")
        self.assert_shown("ben wrote", "Your reply is live.")
        self.assertEqual(self.posts(), ["What goes with tea?", "Biscuits"])
        here = self.chromium.driver.find_element("css selector", "article[aria-current=true]")
        self.assertIn("in reply to ana", here.text)
        answered = self.chromium.path
        self.assertTrue(self.chromium.url.endswith("#" + here.get_attribute("id")))

        self.chromium.command("Network.clearBrowserCookies")
        self.sign_in(ana)
        self.open("/user/ana")
        self.chromium.follow("1 reply")
        self.assert_shown("ana wrote")
        self.open(answered)
        self.chromium.fill(post="x" * 141)
        self.chromium.press("Reply")
        self.assertEqual(self.chromium.status, 400)
        self.assertEqual(self.chromium.field("post").get_attribute("value"), "x" * 141)
        self.chromium.fill(post="Which ones?")
        self.chromium.press("Reply")
        self.assert_shown("ana wrote", "Your reply is live.")
        self.assertEqual(self.posts(), ["What goes with tea?", "Biscuits", "Which ones?"])
        # Up the conversation, to what it answers and on to what that answered.
        self.chromium.follow("ben")
        self.chromium.driver.back()
        self.chromium.driver.find_element("css selector", "[aria-current] .u-in-reply-to").click()
        self.assertEqual(self.chromium.path, answered)

        self.chromium.driver.find_elements("css selector", ".u-in-reply-to")[0].click()
        self.assertEqual(self.chromium.path, f"/post/{asked}")
        self.chromium.follow("Delete your post “What goes with tea?”")
        self.chromium.press("Delete it for good")
        self.assert_shown("Home", "Your post is deleted.")
        self.open(answered)
        self.assertEqual(self.posts(), ["Biscuits", "Which ones?"])
        self.assertEqual(self.chromium.texts(".gone"), ["A post deleted by its author"])

    def test_a_visitor_signs_in_and_comes_back_to_reply(self):
        post_id = self.person("ana").write("Who is there?").id
        self.open(f"/post/{post_id}")
        self.chromium.follow("Sign in to reply")
        self.chromium.fill(openid=f"{self.provider.origin}/id/replier-{self.scripts}")
        self.chromium.press("Sign in with OpenID")
        self.chromium.wait_for_heading("ana wrote")
        self.chromium.fill(post="Me")
        self.chromium.press("Reply")
        self.chromium.wait_until(lambda: self.posts() == ["Who is there?", "Me"])


class TalkingWithoutScriptsTests(TalkingJourneys, unittest.TestCase):
    scripts = False


class TalkingWithScriptsTests(TalkingJourneys, unittest.TestCase):
    scripts = True
