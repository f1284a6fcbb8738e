"""A clock of the machine that is put right signs nobody out."""

from app.tests.support.base import SITE, JoinMixin, TestCase
from app.tests.support.clock import Clock
from app.web.browser_session import MAX_CLOCK_SKEW


class ClockTests(JoinMixin, TestCase):
    def test_one_that_jumps_back_by_five_minutes_signs_nobody_out(self):
        clock = Clock(self)
        miguel = self.join("miguel")
        for back, heading in ((1, "Hi, miguel!"), (MAX_CLOCK_SKEW, "Home")):
            clock.move(seconds=-back)
            # What the page sends anew is of the earlier time.
            copy = self.browser().take_cookies(miguel, "session")
            copy.get(SITE + "/")
            self.assertEqual(copy.page.heading, heading)
            self.assertIn("miguel", copy.get(SITE + "/openid").get_data(as_text=True))
            copy.get(SITE + "/")
            copy.submit(post=f"{back} seconds ago")
            self.assertEqual(copy.page.statuses, ["Your post is live."])
            clock.move(seconds=back)

    def test_a_cookie_of_the_far_future_or_past_is_none(self):
        clock = Clock(self)
        miguel = self.join("miguel")
        for seconds in (-MAX_CLOCK_SKEW - 1, 60 * 60 * 24 * 31 + 1):
            clock.move(seconds=seconds)
            copy = self.browser().take_cookies(miguel, "session")
            copy.get(SITE + "/")
            self.assertEqual(copy.path, "/login")
            clock.move(seconds=-seconds)
