"""A form that was not taken comes back with what was typed, but never with a password."""

from unittest import mock

from app.extensions import limiter
from app.forms import typed
from app.provider import forms
from app.tests.support.base import JoinMixin, PeopleTestCase


class ShownAgainTests(JoinMixin, PeopleTestCase):
    settings = {"RATELIMIT_ENABLED": "on"}
    # Where each form with a password is.
    PATHS = {
        forms.SignInForm: "/openid/sign-in",
        forms.JoinForm: "/openid/join",
        forms.PasswordForm: "/openid/password",
        forms.NewPasswordForm: "/openid/recover",
        forms.OwnerForm: "/openid/delete",
        forms.CodeForm: "/openid/code",
    }

    def sent(self, form) -> dict[str, str]:
        """Return a form with a secret in each field of a password."""
        secret = typed._names(typed.PasswordField)
        own = [name for name in dir(form) if name in secret]
        self.assertTrue(own)
        return {name: f"a secret {name}" for name in own} | {"username": "somebody"}

    def with_passwords(self):
        found = [
            form
            for form in typed._forms(forms.FlaskForm)
            if any(name in vars(form) for name in typed._names(typed.PasswordField))
        ]
        self.assertEqual(set(found), set(self.PATHS), "a form that these tests do not know")
        return found

    def assert_kept_secret(self, browser, status: int) -> None:
        self.assertEqual(browser.status, status)
        self.assertNotIn("a secret", browser.text)
        self.assertIn("somebody", browser.text)

    def test_an_expired_form(self):
        browser = self.join("miguel")
        for form in self.with_passwords():
            with self.subTest(form.__name__):
                browser.post(self.PATHS[form], self.sent(form) | {"csrf_token": "stale"})
                self.assertEqual((browser.status, browser.page.forms), (400, []))
                self.assertNotIn("a secret", browser.text)

    def test_a_limit_that_is_hit(self):
        member, visitor = self.join("miguel"), self.browser()
        with (
            mock.patch.object(limiter.limiter, "test", return_value=False),
            mock.patch.object(limiter.limiter, "hit", return_value=False),
        ):
            for path, browser in (("/openid/join", visitor), ("/login", visitor), ("/", member)):
                for form in self.with_passwords():
                    with self.subTest(path, form=form.__name__):
                        browser.get("/openid/join")
                        browser.post(path, self.sent(form) | {"csrf_token": browser.token()})
                        self.assert_kept_secret(browser, 429)

    def test_a_page_for_members_whose_sign_in_has_ended(self):
        browser = self.browser()
        for form in self.with_passwords():
            with self.subTest(form.__name__):
                browser.get("/login")
                browser.post("/edit", self.sent(form) | {"csrf_token": browser.token()})
                self.assert_kept_secret(browser, 401)

    def test_what_was_written_elsewhere_is_shown_as_it_was(self):
        browser = self.browser(self.john)
        browser.post("/", {"post": "hard to <write>", "csrf_token": "stale", "made_up": "words"})
        self.assertIn("Your post", browser.page.words)
        self.assertIn("hard to <write>", browser.page.words)
        self.assertNotIn("made_up", browser.text)
        browser.submit(post="hard to <write>")
        self.assertEqual(browser.page.statuses, ["Your post is live."])
