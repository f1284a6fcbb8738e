"""Signing in across languages: with foreign providers, and at foreign relying parties.

The programs in support/openid/peers/ share no code with this site. They and the site run as
processes of their own, and a visitor goes from one to the other over real sockets.
"""

import unittest
from urllib.parse import urlencode

import sqlalchemy as sa

from app.models import Identity, User
from app.openid.relying_party import PROBLEMS
from app.tests.support.base import PASSWORD, JoinMixin
from app.tests.support.openid.foreign import ForeignPeer, Visitor
from app.tests.support.openid.relying_party import QUESTION


class ProviderTests(JoinMixin, ForeignPeer):
    """Signing in to this site with an identity of the foreign provider."""

    def sign_in(self, path: str) -> Visitor:
        browser = Visitor(self.site.origin)
        browser.get("/login")
        browser.submit(openid=self.peer + path)
        return browser.let_pages_post_themselves()

    def owner(self, path: str) -> tuple | None:
        """Return nickname and e-mail address of the user whom this identity of the peer opens."""
        query = sa.select(User.nickname, User.email).join(Identity, Identity.user_id == User.id)
        with sa.create_engine(self.database, poolclass=sa.NullPool).connect() as connection:
            row = connection.execute(query.where(Identity.identifier == self.peer + path)).first()
            return row and tuple(row)

    def assert_signed_in(self, browser: Visitor, path: str, nickname: str, email: str) -> None:
        self.assertEqual(
            (browser.status, browser.url, browser.page.heading, browser.page.alerts),
            (200, self.site.origin + "/", f"Hi, {nickname}!", []),
        )
        self.assertEqual(self.owner(path), (nickname, email))

    def test_an_identity_signs_in_and_again(self):
        for message in (["Welcome, anna!"], []):
            browser = self.sign_in("/id/anna")
            self.assertEqual(browser.page.statuses, message)
            self.assert_signed_in(browser, "/id/anna", "anna", "anna@example.com")

    def test_the_provider_may_choose_the_identity(self):
        browser = self.sign_in("/")
        self.assert_signed_in(browser, "/id/selected", "selected", "selected@example.com")
        self.assertIsNone(self.owner("/"))

    def test_who_cancels_is_told_that_nothing_has_changed(self):
        browser = self.sign_in("/id/refuser")
        self.assertEqual((browser.status, browser.path), (200, "/login"))
        self.assertEqual(browser.page.statuses, [PROBLEMS["cancelled"]])
        typed = next(form.fields for form in browser.page.forms if "openid" in form.names)
        self.assertEqual(typed["openid"], self.peer + "/id/refuser")
        self.assertIsNone(self.owner("/id/refuser"))

    def test_the_nickname_and_e_mail_of_somebody_here_open_nothing(self):
        self.join("berta", "berta@example.com", Visitor(self.site.origin))
        self.assertIsNone(self.owner("/id/berta"))
        browser = self.sign_in("/id/berta")
        nickname, _ = self.owner("/id/berta")
        self.assertNotEqual(nickname, "berta")
        self.assert_signed_in(browser, "/id/berta", nickname, "berta@example.com")

    def test_an_identity_of_openid_1_signs_in(self):
        browser = self.sign_in("/old/emil")
        self.assert_signed_in(browser, "/old/emil", "emil", "emil@example.com")
        [asked] = browser.queries(self.peer + "/server")
        self.assertNotIn("openid.ns", asked)

    def test_no_secret_is_shared_and_every_answer_is_checked(self):
        for name in ("carla", "dora"):
            browser = self.sign_in(f"/id/{name}")
            self.assert_signed_in(browser, f"/id/{name}", name, f"{name}@example.com")
            [asked] = browser.queries(self.peer + "/server")
            self.assertNotIn("openid.assoc_handle", asked)


class RelyingPartyTests(ForeignPeer):
    """Signing in at the foreign relying party with an account of this site's own provider."""

    # Addresses that name this site and nobody in particular.
    site_addresses: tuple[str, ...] = ("/openid", "/")

    def account(self, username: str, email: str = "") -> Visitor:
        """Make an account at the site's own provider; gives the browser that is signed in there."""
        browser = Visitor(self.site.origin)
        browser.get("/openid/join")
        browser.submit(username=username, password=PASSWORD, email=email)
        self.assertEqual(browser.path, "/openid")
        return browser

    def start(self, browser: Visitor, path: str, **options) -> Visitor:
        """Type an address of this site over there."""
        query = urlencode({"openid": self.site.origin + path, **options})
        browser.get(f"{self.peer}/start?{query}")
        return browser.let_pages_post_themselves()

    def verdict(self, browser: Visitor) -> dict[str, str]:
        """Return what the relying party made of the answer that `browser` brought."""
        self.assertEqual(browser.url.partition("?")[0], self.peer + "/return", browser.text)
        return dict(line.split("=", 1) for line in browser.text.splitlines())

    def assert_success(self, browser: Visitor, username: str, email: str = "", **more) -> None:
        expected = {
            "status": "success",
            "identity": f"{self.site.origin}/id/{username}",
            "nickname": username,
            "email": email,
        }
        self.assertEqual(self.verdict(browser), {**expected, **more})

    def assert_nothing_told(self, browser: Visitor, status: str) -> None:
        told = self.verdict(browser)
        told.pop("message", None)
        self.assertEqual(told, {"status": status, "identity": "", "nickname": "", "email": ""})

    def assert_asked(self, browser: Visitor) -> None:
        """The visitor is asked, about the right site and without a warning."""
        self.assertEqual((browser.status, browser.page.heading), (200, QUESTION))
        self.assertIn(f"{self.peer}/ asks who you are.", browser.page.words)
        self.assertEqual(browser.page.alerts, [])

    def test_a_visitor_signs_in_here_and_allows_it(self):
        self.account("anna", "anna@example.com")
        browser = self.start(Visitor(self.site.origin), "/id/anna")
        self.assertEqual(browser.page.heading, "Sign in with this site")
        browser.submit(username="anna", password=PASSWORD)
        self.assert_asked(browser)
        self.assertIn("anna@example.com", browser.page.words)
        browser.submit(button="Allow")
        self.assert_success(browser, "anna", "anna@example.com")

    def test_an_address_is_theirs_in_either_case(self):
        browser = self.account("Berta")
        for path in ("/id/berta", "/id/Berta"):
            with self.subTest(path):
                self.assert_asked(self.start(browser, path))
                browser.submit(button="Allow")
                # The nickname is as typed, the identity in lower case.
                self.assert_success(browser, "berta", nickname="Berta")

    def test_a_consent_that_is_remembered_is_not_asked_for_again(self):
        for number, path in enumerate(("/id/dora0", *self.site_addresses)):
            with self.subTest(path):
                browser = self.account(f"dora{number}")
                self.start(browser, path, mode="immediate")
                self.assert_nothing_told(browser, "setup_needed")
                self.assert_asked(self.start(browser, path))
                browser.submit(remember="yes", button="Allow")
                self.assert_success(browser, f"dora{number}")
                for options in ({}, {"mode": "immediate"}):
                    self.start(browser, path, **options)
                    self.assert_success(browser, f"dora{number}")

    def test_who_denies_it_or_does_not_even_sign_in_has_cancelled(self):
        browser = self.account("carla", "carla@example.com")
        self.assert_asked(self.start(browser, "/id/carla"))
        browser.submit(button="Deny")
        stranger = self.start(Visitor(self.site.origin), "/id/carla")
        stranger.submit(button="Cancel and go back")
        for visitor in (browser, stranger):
            self.assert_nothing_told(visitor, "cancel")

    def test_nothing_is_told_without_a_page_unless_it_was_allowed_before(self):
        browser = self.account("emma")
        self.account("frieda")
        # Without the box ticked, Allow is good for once.
        self.start(browser, "/id/emma").submit(button="Allow")
        self.assert_success(browser, "emma")
        for visitor, path in (
            (browser, "/id/emma"),
            (browser, "/id/frieda"),
            (Visitor(self.site.origin), "/id/emma"),
        ):
            self.start(visitor, path, mode="immediate")
            self.assert_nothing_told(visitor, "setup_needed")

    def test_it_works_with_a_shared_secret_and_without(self):
        browser = self.account("greta", "greta@example.com")
        for options in ({}, {"stateless": "1"}):
            with self.subTest(**options):
                self.assert_asked(self.start(browser, "/id/greta", **options))
                browser.submit(button="Allow")
                self.assert_success(browser, "greta", "greta@example.com")
                asked = browser.queries(self.site.origin + "/openid")[-1]
                answered = browser.queries(self.peer + "/return")[-1]
                handle = answered["openid.assoc_handle"]
                self.assertEqual(asked.get("openid.assoc_handle"), None if options else handle)
                self.assertNotIn("openid.invalidate_handle", answered)


class Ruby:
    probe = ("ruby", "-e", 'require "openid"; require "webrick"')
    packages = "ruby, ruby-openid and ruby-webrick"


class RubyProviderTests(Ruby, ProviderTests, unittest.TestCase):
    command = ("ruby", "provider.rb")

    def test_an_identity_is_found_through_xrds_alone(self):
        browser = self.sign_in("/id/hanna?yadis=1")
        self.assert_signed_in(browser, "/id/hanna?yadis=1", "hanna", "hanna@example.com")
        # Another address is another person, whatever the provider says of both.
        self.assertEqual(self.sign_in("/id/hanna").page.heading, "Hi, hanna2!")


class RubyPostingProviderTests(Ruby, ProviderTests, unittest.TestCase):
    """Its answers come as a form that another site's page posts, so without our cookies."""

    command = ("ruby", "provider.rb", "--post")

    def test_the_answer_is_posted(self):
        browser = self.sign_in("/id/ida")
        self.assert_signed_in(browser, "/id/ida", "ida", "ida@example.com")
        # First by the form, then once more by our own redirect, which brings the cookies.
        answers = [visit for visit in browser.visited if "openid_complete=yes" in visit]
        methods = [visit.split("/login?")[0] for visit in answers if "/server?" not in visit]
        self.assertEqual(methods, [f"POST {self.site.origin}", f"GET {self.site.origin}"])


class RubyRelyingPartyTests(Ruby, RelyingPartyTests, unittest.TestCase):
    command = ("ruby", "relying_party.rb")

    def test_details_are_told_in_attribute_exchange_as_well(self):
        browser = self.account("jana", "jana@example.com")
        self.assert_asked(self.start(browser, "/id/jana", ax="1"))
        browser.submit(button="Allow")
        told = {"ax_nickname": "jana", "ax_email": "jana@example.com"}
        self.assert_success(browser, "jana", "jana@example.com", **told)


class PerlProviderTests(ProviderTests, unittest.TestCase):
    """Its cancel carries no openid.ns, as if it were one of OpenID 1."""

    command = ("perl", "provider.pl")
    probe = ("perl", "-MNet::OpenID::Server", "-MHTTP::Daemon", "-e1")
    packages = "libnet-openid-server-perl and libhttp-daemon-perl"


class PerlRelyingPartyTests(RelyingPartyTests, unittest.TestCase):
    command = ("perl", "relying_party.pl")
    probe = ("perl", "-MNet::OpenID::Consumer", "-MHTTP::Daemon", "-e1")
    packages = "libnet-openid-consumer-perl and libhttp-daemon-perl"
