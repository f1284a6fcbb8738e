"""People whose ways in change, with two browsers each: here and at the second provider."""

from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import sqlalchemy as sa

from app import db
from app.models import Identity, SignIn, User
from app.tests.support.base import PASSWORD, SITE, Browser, JoinMixin
from app.tests.support.clock import Clock
from app.tests.support.openid.signing_in import SecondProviderCase


class EndingCase(JoinMixin, SecondProviderCase):
    """miguel, with an account of this site, at home and at work; ingrid, who has another."""

    def setUp(self):
        super().setUp()
        self.home = self.join("miguel")
        self.work = self.own_sign_in()
        self.ingrid = self.join("ingrid")
        self.miguel = self.owner_of(SITE + "/id/miguel")
        self.abroad = self.provider.origin + "/id/miguel"

    def own_sign_in(self, username: str = "miguel", remember: bool = False) -> Browser:
        """Return a new browser that is signed in with an account of this site."""
        browser = self.browser()
        browser.get("/login")
        form = {"csrf_token": browser.token(), "provider": "own"}
        browser.post("/login", form | ({"remember_me": "y"} if remember else {}))
        browser.submit(username=username, password=PASSWORD)
        self.assertEqual(browser.page.heading, f"Hi, {username}!")
        return browser

    def foreign_sign_in(self, browser: Browser | None = None) -> Browser:
        """Return a browser in which miguel is signed in with the OpenID that he has elsewhere."""
        if self.owner_of(self.abroad) is None:
            self.miguel.add_identity(self.abroad)
        return self.sign_in(self.abroad, browser)

    def copy(self, browser: Browser, *names: str) -> Browser:
        return self.browser().take_cookies(browser, *names or ["session"])

    def is_in(self, browser: Browser) -> bool:
        browser.get(SITE + "/")
        return browser.path == "/"

    def comes_back(self, browser: Browser) -> bool:
        """Return whether one press signs in again, without a password."""
        browser.get(SITE + "/login")
        if browser.path == "/login":
            browser.ask_own_provider()
        return browser.path == "/"

    def assert_in(self, *browsers: Browser) -> None:
        self.assertEqual([self.is_in(browser) for browser in browsers], [True] * len(browsers))

    def assert_out(self, *browsers: Browser) -> None:
        for browser in browsers:
            self.assertFalse(self.is_in(browser))
            self.assertFalse(self.comes_back(browser))
            self.assertFalse(self.is_in(browser))

    def at_provider(self, browser: Browser) -> bool:
        """Return whether the browser is signed in at our provider."""
        browser.get(SITE + "/openid")
        return "Change your password" in browser.page.links

    def press(self, browser: Browser, button: str) -> None:
        browser.get(SITE + "/settings/account")
        browser.submit(button=button)

    def end_from(self, browser: Browser, ended: int) -> None:
        browser.get(SITE + "/settings/account")
        browser.post(f"/settings/account/sign-ins/{ended}/end", {"csrf_token": browser.token()})

    def sign_in_ids(self, user: User | None = None) -> list[int]:
        db.session.rollback()
        of_user = SignIn.user_id == (user or self.miguel).id
        return list(db.session.scalars(sa.select(SignIn.id).where(of_user).order_by(SignIn.id)))


A_MOMENT = timedelta(microseconds=1)


PAPE = "http://specs.openid.net/extensions/pape/1.0"


class ProvingCase(JoinMixin, SecondProviderCase):
    """susan, who has two OpenIDs at the second provider, and sits at two browsers."""

    def setUp(self):
        super().setUp()
        self.clock = Clock(self)
        self.first = self.provider.origin + "/id/susan"
        self.other = self.provider.origin + "/id/other"
        self.there = self.sign_in(self.first, remember_me="y")
        self.here = self.sign_in(self.first, remember_me="y")
        self.susan = self.owner_of(self.first)
        self.susan.add_identity(self.other)

    def id_of(self, model, where) -> int:
        db.session.rollback()
        return db.session.scalar(sa.select(model.id).where(where))

    def proved(self) -> set:
        db.session.rollback()
        return set(db.session.scalars(sa.select(SignIn.proved)))

    def press(self, change: str, browser: Browser | None = None) -> Browser:
        """Let the user do one of CHANGES in `browser`, by default the one at hand."""
        browser = browser or self.here
        browser.get(SITE + ("/settings/data/leave" if change == "leave" else "/settings/account"))
        token = {"csrf_token": browser.token()}
        match change:
            case "add":
                browser.submit(openid=self.provider.origin + "/id/third")
            case "remove":
                other = self.id_of(Identity, Identity.identifier == self.other)
                browser.post(f"/settings/account/openids/{other}/remove", token)
            case "end one":
                first = db.session.scalar(sa.select(sa.func.min(SignIn.id)))
                browser.post(f"/settings/account/sign-ins/{first}/end", token)
            case "end all":
                browser.post("/settings/account/sign-ins/end", token)
            case "leave":
                browser.submit(nickname="susan")
        return browser

    CHANGES = ("add", "remove", "end one", "end all", "leave")

    def is_done(self, change: str) -> bool:
        db.session.rollback()
        match change:
            case "add":
                return self.owner_of(self.provider.origin + "/id/third") is not None
            case "remove":
                return self.owner_of(self.other) is None
            case "end one":
                return self.count(SignIn) == 1
            case "end all":
                return self.count(SignIn) == 0
            case "leave":
                return self.count(User) == 0

    def asked(self, browser: Browser) -> dict[str, str]:
        """Return what the provider is asked to which the browser was sent."""
        self.assertIsNone(browser.response, browser.url)
        return {name: v[0] for name, v in parse_qs(urlsplit(browser.url).query).items()}

    def prove(self, browser: Browser | None = None) -> Browser:
        browser = browser or self.here
        return self.come_back(browser, self.decide(browser))

    def alerts(self, *expected: str) -> None:
        self.assertEqual(self.here.page.alerts, list(expected))
