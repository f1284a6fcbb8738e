"""No provider, and no stolen cookie, changes how somebody else gets in."""

from datetime import timedelta
from urllib.parse import urlsplit

import sqlalchemy as sa

from app import db
from app.models import Identity, SignIn, User
from app.models.sign_ins import MAX_PROOF_AGE
from app.openid.relying_party import PROBLEMS
from app.tests.support.base import SITE, Browser
from app.tests.support.clock import Clock
from app.tests.support.openid.victims import OWN, TakeoverCase
from app.views.settings import proofs

A_MOMENT = timedelta(microseconds=1)
HOW_TO_STEAL = (["session"], ["remember"], ["session", "remember"])
CHANGES = ("add", "remove", "end one", "end all", "leave")


class ProofTakeoverCase(TakeoverCase):
    """The second victim, who has another OpenID too, sits at a browser whose cookies leak."""

    def setUp(self):
        super().setUp()
        self.clock = Clock(self)
        self.spare = self.honest.origin + "/id/spare"
        self.evil = self.provider.origin + "/id/evil"
        victim = db.session.get(User, self.victims[1])
        victim.add_identity(self.spare)
        self.honest.chosen = "/id/victim"
        self.victim = self.signed_in(self.abroad)
        self.signed_in(self.abroad)

    def signed_in(self, identifier: str) -> Browser:
        browser = self.begin(identifier, remember_me="y")
        browser.get(self.honest.visit(browser.url).url)
        self.assertEqual(browser.page.heading, "Hi, victim2!")
        return browser

    def steal(self, *names: str) -> Browser:
        return self.browser().take_cookies(self.victim, *names)

    def state(self) -> dict:
        """Return all that decides who gets in as a victim."""
        db.session.rollback()
        of_victims = Identity.user_id.in_(self.victims)
        signed_in = sa.select(SignIn.id, SignIn.token_hash, SignIn.proved, SignIn.identity_id)
        return {
            "users": self.count(User),
            "OpenIDs": set(db.session.scalars(sa.select(Identity.identifier).where(of_victims))),
            "sign-ins": set(
                db.session.execute(signed_in.where(SignIn.user_id.in_(self.victims))).all()
            ),
        }

    def press(self, browser: Browser, change: str) -> None:
        path = "/settings/data/leave" if change == "leave" else "/settings/account"
        browser.get(SITE + path)
        self.assertEqual(browser.path, path)
        token = {"csrf_token": browser.token()}
        match change:
            case "add":
                browser.submit(openid=self.evil)
            case "remove":
                spare = sa.select(Identity.id).where(Identity.identifier == self.spare)
                browser.post(f"/settings/account/openids/{db.session.scalar(spare)}/remove", token)
            case "end one":
                others = sa.select(sa.func.max(SignIn.id)).where(SignIn.user_id == self.victims[1])
                browser.post(f"/settings/account/sign-ins/{db.session.scalar(others)}/end", token)
            case "end all":
                browser.post("/settings/account/sign-ins/end", token)
            case "leave":
                browser.submit(nickname="victim2")


class HostileProofTests(ProofTakeoverCase):
    def test_whatever_a_provider_says_it_proves_nobody_else(self):
        self.clock.moment += MAX_PROOF_AGE + A_MOMENT
        attempts = list(self.attempts())
        before = self.state()
        for name, _, tricks in attempts:
            with self.subTest(name):
                self.provider.reset()
                for trick, value in tricks.items():
                    setattr(self.provider, trick, value)
                thief = self.steal("session")
                self.press(thief, "add")
                # The thief takes the request to a provider of their own.
                query = urlsplit(thief.url).query
                thief.get(self.provider.visit(f"{self.provider.endpoint}?{query}").url)
                self.assertIn(thief.status, {200, 400})
                self.assertEqual(self.state(), before)
                self.press(thief, "remove")
                self.assertEqual(self.state(), before)

    def test_whatever_a_provider_says_it_adds_nobody_elses_openid(self):
        self.provider.chosen = "/id/mallory"
        mallory = self.sign_in(self.provider.origin + "/id/mallory")
        before = self.state()
        for name, typed, tricks in self.attempts():
            with self.subTest(name):
                self.provider.reset()
                for trick, value in tricks.items():
                    setattr(self.provider, trick, value)
                mallory.get(SITE + "/settings/account")
                mallory.submit(openid=typed)
                asked = [v for v in mallory.visited if "openid.mode=checkid" in v]
                if asked:
                    query = urlsplit(asked[-1]).query
                    mallory.get(self.provider.visit(f"{self.provider.endpoint}?{query}").url)
                mallory.visited.clear()
                self.assertEqual(self.state(), before)

    def test_another_openid_of_the_thief_is_not_one_of_the_victims(self):
        thief_id = self.provider.origin + "/id/thief"
        User.sign_up(thief_id, "thief", None)
        self.clock.moment += MAX_PROOF_AGE + A_MOMENT
        before = self.state()
        for name in ("thief", "nobody"):
            thief = self.steal("session")
            self.press(thief, "add")
            asked = urlsplit(thief.url).query.replace(
                "127.0.0.1%3A" + str(self.honest.port) + "%2Fid%2Fvictim",
                "127.0.0.1%3A" + str(self.provider.port) + "%2Fid%2F" + name,
            )
            thief.get(self.provider.visit(f"{self.provider.endpoint}?{asked}").url)
            self.assertEqual(thief.page.alerts, [proofs.NOT_YOURS])
            self.assertEqual(self.state(), before)


class StolenCookieTests(ProofTakeoverCase):
    def test_a_stolen_cookie_changes_nothing_after_ten_minutes(self):
        self.clock.moment += MAX_PROOF_AGE + A_MOMENT
        before = self.state()
        for names in HOW_TO_STEAL:
            for change in CHANGES:
                with self.subTest(names=names, change=change):
                    self.press(self.steal(*names), change)
                    self.assertEqual(self.state(), before)

    def test_nor_does_it_when_the_victim_proves_who_it_is(self):
        self.clock.moment += MAX_PROOF_AGE + A_MOMENT
        thieves = [self.steal(*names) for names in HOW_TO_STEAL]
        self.press(self.victim, "end all")
        answer = self.honest.visit(self.victim.url)
        self.victim.get(answer.url)
        self.assertEqual(self.victim.page.statuses, [proofs.AGAIN])
        before = self.state()
        for thief in thieves:
            for path in ("/settings/account", "/settings/data/leave", "/settings/proof"):
                with self.subTest(path):
                    thief.get(SITE + path)
                    self.assertEqual(thief.path, "/login")
            thief.get(answer.url)
            self.assertEqual(thief.page.alerts, [PROBLEMS["elsewhere"]])
            thief.get(SITE + "/")
            self.assertEqual(thief.page.heading, "Sign in")
        self.assertEqual(self.state(), before)

    def test_an_answer_that_leaks_is_worth_nothing_elsewhere(self):
        self.clock.moment += MAX_PROOF_AGE + A_MOMENT
        self.press(self.victim, "end all")
        # Copied while the answer is on its way: the thief has its state as well.
        thief = self.steal("session")
        answer = self.honest.visit(self.victim.url)
        self.victim.get(answer.url)
        before = self.state()
        thief.get(answer.url)
        self.assertEqual(self.state(), before)
        thief.get(SITE + "/settings/account")
        self.assertEqual(thief.path, "/login")

    def test_what_was_begun_in_time_is_not_finished_later(self):
        thief = self.steal("session")
        self.press(thief, "add")
        answer = self.provider.visit(thief.url)
        self.clock.moment += MAX_PROOF_AGE + A_MOMENT
        before = self.state()
        thief.get(answer.url)
        self.assertEqual(self.state(), before)

    def test_a_proof_is_no_way_in(self):
        # Begun by the victim, and ended by the thief in a browser where nobody is signed in.
        self.clock.moment += MAX_PROOF_AGE + A_MOMENT
        self.press(self.victim, "end all")
        with self.victim.client.session_transaction(base_url=SITE) as session:
            under_way = session["sign_ins"]
        answer = self.honest.visit(self.victim.url)
        other = self.browser()
        with other.client.session_transaction(base_url=SITE) as session:
            session["sign_ins"] = under_way
        before = self.state()
        other.get(answer.url)
        self.assertEqual(other.page.alerts, [PROBLEMS["elsewhere"]])
        other.get(SITE + "/")
        self.assertEqual(other.page.heading, "Sign in")
        self.assertEqual(self.state(), before)

    def test_a_sign_in_of_the_thief_does_not_happen_in_the_victims_browser(self):
        before = self.state()
        for path in ("/login", "/settings/account"):
            thief = self.begin(self.evil)
            answer = self.provider.visit(thief.url)
            self.victim.get(SITE + path)
            self.victim.get(answer.url)
            self.victim.get(SITE + "/")
            self.assertEqual(self.victim.page.heading, "Hi, victim2!")
        self.assertEqual(self.state(), before)

    def test_forms_of_other_sites_change_nothing(self):
        before = self.state()
        spare = db.session.scalar(sa.select(Identity.id).where(Identity.identifier == self.spare))
        for path, fields in [
            ("/settings/account/openids", {"openid": self.evil}),
            (f"/settings/account/openids/{spare}/remove", {}),
            ("/settings/account/sign-ins/end", {}),
            ("/settings/data/leave", {"nickname": "victim2"}),
            ("/settings/proof", {"identity": str(spare), "next": "/settings/account"}),
        ]:
            with self.subTest(path):
                headers = {"Origin": "http://evil.example", "Referer": "http://evil.example/"}
                self.victim.post(SITE + path, fields, headers=headers)
                self.assertEqual(self.victim.status, 400)
                self.assertEqual(self.state(), before)
        # Nor does a link.
        for path in (
            "/settings/account/sign-ins/end",
            f"/settings/account/openids/{spare}/remove",
            "/settings/account/openids",
        ):
            self.victim.get(SITE + path + "?openid=" + self.evil)
            self.assertEqual((self.victim.status, self.state()), (405, before))


class NewcomerTests(ProofTakeoverCase):
    """Who is asked for a nickname has a proof in the cookie, and that leaks as well."""

    def newcomer(self) -> Browser:
        self.provider.nickname = self.provider.email = None
        browser = self.sign_in(self.provider.origin + "/id/new")
        self.assertEqual(browser.path, "/login/nickname")
        return browser

    def test_it_makes_no_user_of_an_openid_later(self):
        browser = self.newcomer()
        self.clock.moment += timedelta(hours=1, seconds=1)
        browser.submit(nickname="late")
        self.assertEqual(browser.page.alerts, [PROBLEMS["elsewhere"]])
        self.assertIsNone(User.of_identifier(self.provider.origin + "/id/new"))

    def test_within_an_hour_it_does_and_it_is_as_old_as_it_is(self):
        browser = self.newcomer()
        self.clock.moment += timedelta(minutes=59)
        browser.submit(nickname="late")
        self.assertEqual(browser.page.heading, "Hi, late!")
        browser.get("/settings/data/leave")
        browser.submit(nickname="late")
        self.assertIsNone(browser.response)
        self.assertIsNotNone(User.find("late"))

    def test_it_gets_nobody_in_as_whoever_has_the_openid_by_then(self):
        browser = self.newcomer()
        db.session.get(User, self.victims[0]).add_identity(self.provider.origin + "/id/new")
        before = self.state()
        browser.submit(nickname="late")
        self.assertEqual(browser.page.alerts, [PROBLEMS["used"]])
        self.assertEqual(self.state(), before)
        self.assertEqual(User.of_identifier(OWN).id, self.victims[0])
