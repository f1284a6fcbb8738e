"""The whole way in through the site's own provider."""

from app.models import Identity, User
from app.tests.base import JoinMixin, TestCase


class OwnProviderTests(JoinMixin, TestCase):
    def test_a_newcomer_sees_four_pages_and_fills_in_one_form(self):
        browser = self.join("miguel", "miguel@example.com")
        print("\n".join(browser.visited))
        self.assertEqual(browser.status, 200)
        self.assertEqual(browser.page.heading, "Hi, miguel!")
