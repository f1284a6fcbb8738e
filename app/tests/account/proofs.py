"""What counts as a proof of who somebody is, and what comes of it."""

import secrets
from datetime import timedelta

import sqlalchemy as sa

from app import db
from app.models import Identity, SignIn, User
from app.models.sign_ins import MAX_PROOF_AGE
from app.openid.relying_party import PROBLEMS
from app.provider.models import AccountSignIn
from app.tests.support.base import PASSWORD, SITE, JoinMixin
from app.tests.support.clock import Clock
from app.tests.support.openid.account import A_MOMENT, PAPE, ProvingCase
from app.tests.support.openid.signing_in import SecondProviderCase
from app.views.auth import NEWS
from app.views.settings import proofs


class ProofTests(ProvingCase):
    """What counts as a proof, and what comes of it."""

    def setUp(self):
        super().setUp()
        self.clock.moment += timedelta(minutes=11)

    def told(self, ago: timedelta, **more) -> dict:
        moment = (self.clock.moment - ago).strftime("%Y-%m-%dT%H:%M:%SZ")
        return {"ns.pape": PAPE, "pape.auth_policies": "none", "pape.auth_time": moment, **more}

    def test_a_provider_that_tells_of_an_old_sign_in_proves_nothing(self):
        for ago in (timedelta(minutes=10, seconds=1), timedelta(hours=2), timedelta(days=9999)):
            with self.subTest(ago):
                before = self.proved()
                self.provider.lies = self.told(ago)
                self.press("add")
                self.prove()
                self.assertEqual(self.here.path, "/settings/proof")
                self.alerts(proofs.TOO_OLD)
                self.assertEqual(self.proved(), before)
                self.press("remove")
                self.assertFalse(self.is_done("remove"))

    def test_one_that_tells_of_a_young_one_is_believed_until_that_is_ten_minutes_old(self):
        self.provider.lies = self.told(timedelta(minutes=6))
        self.press("add")
        self.prove()
        self.assertEqual(self.here.page.statuses, [proofs.AGAIN])
        self.clock.moment += timedelta(minutes=4)
        self.press("remove")
        self.assertTrue(self.is_done("remove"))
        self.clock.moment += A_MOMENT
        self.press("end one")
        self.assertFalse(self.is_done("end one"))

    def test_a_clock_that_is_fast_makes_no_proof_last_longer(self):
        self.provider.lies = self.told(-timedelta(hours=3))
        self.press("add")
        self.prove()
        self.clock.moment += MAX_PROOF_AGE + A_MOMENT
        self.press("remove")
        self.assertFalse(self.is_done("remove"))

    def test_without_an_answer_the_way_there_and_back_is_one(self):
        garbled = {"ns.pape": PAPE, "pape.auth_policies": "none"}
        for lies, forgeries in [
            ({}, {}),
            (garbled, {}),
            *(
                ({**garbled, "pape.auth_time": text}, {})
                for text in ("x", "", "2026-13-45T99:99:99Z")
            ),
            ({**garbled, "pape.auth_level.x": "y"}, {}),
            # Not signed, and so not the provider's word.
            ({}, self.told(timedelta(days=1))),
        ]:
            with self.subTest(lies=lies, forgeries=forgeries):
                self.clock.moment += timedelta(minutes=11)
                self.provider.lies, self.provider.forgeries = lies, forgeries
                self.press("end one")
                self.prove()
                self.assertEqual(self.here.page.statuses, [proofs.AGAIN])

    def test_an_ordinary_sign_in_with_an_old_proof_is_not_fresh(self):
        self.provider.lies = self.told(timedelta(hours=2))
        self.here = self.sign_in(self.first)
        self.assertEqual(self.here.page.heading, "Hi, susan!")
        self.press("remove")
        self.assertFalse(self.is_done("remove"))

    def test_somebody_elses_openid_refreshes_nothing_and_signs_nobody_in(self):
        john = User.sign_up(self.provider.origin + "/id/john", "john", None)
        for name in ("john", "nobody"):
            with self.subTest(name):
                before, users = self.proved(), self.count(User)
                self.press("add")
                url = self.here.url.replace("id%2Fsusan", f"id%2F{name}")
                self.here.get(self.provider.visit(url).url)
                self.assertEqual(self.here.path, "/settings/proof")
                self.alerts(proofs.NOT_YOURS)
                self.assertEqual((self.proved(), self.count(User)), (before, users))
                self.here.get("/")
                self.assertEqual(self.here.page.heading, "Hi, susan!")
                self.press("remove")
                self.assertFalse(self.is_done("remove"))
        self.assertEqual(john.identifiers(), [self.provider.origin + "/id/john"])
        self.assertEqual(self.count(SignIn), 2)

    def test_it_counts_for_who_began_it_and_in_that_browser_alone(self):
        self.press("add")
        answer = self.decide(self.here)
        self.here.get(SITE + "/settings/account")
        self.here.submit(button="Sign out")
        self.here.get(answer.url)
        self.assertEqual(self.here.path, "/login")
        self.alerts(PROBLEMS["elsewhere"])
        self.here.get("/")
        self.assertEqual(self.here.page.heading, "Sign in")
        self.there.get(answer.url)
        self.assertEqual(self.there.page.alerts, [PROBLEMS["elsewhere"]])
        self.press("remove", self.there)
        self.assertFalse(self.is_done("remove"))

    def test_when_meanwhile_somebody_else_is_in_the_browser_nothing_comes_of_it(self):
        john = User.sign_up("https://john.example.com/", "john", None)
        self.press("add")
        answer = self.decide(self.here)
        token = SignIn.begin(john.id, "https://john.example.com/")
        with self.here.client.session_transaction(base_url=SITE) as session:
            session["_user_id"] = token
        before = self.proved()
        self.here.get(answer.url)
        self.alerts(PROBLEMS["elsewhere"])
        self.assertEqual(self.proved(), before)

    def test_copies_of_the_cookies_from_before_are_worth_nothing(self):
        copies = []
        for names in (["session"], ["remember"], ["session", "remember"]):
            copies.append(self.browser().take_cookies(self.here, *names))
        self.press("add")
        self.prove()
        for browser, heading in [
            *((copy, "Sign in") for copy in copies),
            (self.here, "Hi, susan!"),
        ]:
            browser.get(SITE + "/")
            self.assertEqual(browser.page.heading, heading)
        # It is remembered as before.
        self.here.client.delete_cookie("session", domain="127.0.0.1")
        self.here.get("/")
        self.assertEqual(self.here.page.heading, "Hi, susan!")

    def test_the_cookies_stay_small(self):
        for _ in range(6):
            self.here.get(SITE + "/settings/account")
            # Random, since what repeats itself is compressed.
            self.here.submit(openid=self.provider.origin + "/id/" + secrets.token_hex(100))
            size = sum(
                len(name) + 1 + len(self.here.cookie(name).value)
                for name in ("session", "remember")
            )
            self.assertLess(size, 1000)


class OwnProofTests(JoinMixin, SecondProviderCase):
    """With an account of this site it is the password that proves it."""

    def setUp(self):
        super().setUp()
        self.clock = Clock(self)
        self.miguel = self.join("miguel")

    def test_it_is_as_old_as_the_password_however_young_the_sign_in_is(self):
        self.clock.moment += MAX_PROOF_AGE
        # The site's sign-in ends, the provider's stays, as after a month.
        db.session.execute(sa.delete(SignIn))
        db.session.commit()
        self.miguel.get("/login")
        self.miguel.ask_own_provider()
        self.assertEqual(self.miguel.page.heading, "Hi, miguel!")
        self.clock.moment += A_MOMENT
        self.miguel.get("/settings/account")
        self.miguel.submit(button="Sign out everywhere")
        self.assertEqual(self.count(SignIn), 1)

    def test_it_is_asked_for_at_the_provider_which_says_why(self):
        # As after a month; of a younger one the provider is asked how old it is.
        db.session.execute(sa.delete(AccountSignIn))
        db.session.commit()
        self.clock.moment += timedelta(hours=1)
        self.miguel.get("/settings/data/leave")
        self.miguel.submit(nickname="miguel")
        self.assertEqual(self.miguel.path, "/openid/sign-in")
        self.assertEqual(self.miguel.page.statuses, [proofs.WHY])
        self.assertIn(SITE + "/id/miguel", self.miguel.page.words)
        asked = next(v for v in reversed(self.miguel.visited) if "openid.mode=checkid" in v)
        self.assertIn("openid.pape.max_auth_age=600", asked)
        self.miguel.submit(username="miguel", password=PASSWORD)
        self.assertEqual(self.miguel.path, "/settings/data/leave")
        self.miguel.submit(button="Delete me and all that I wrote")
        self.assertEqual(self.count(User), 0)

    def test_the_password_of_somebody_else_does_not_do(self):
        self.join("ingrid")
        db.session.execute(sa.delete(AccountSignIn))
        db.session.commit()
        self.clock.moment += timedelta(hours=1)
        self.miguel.get("/settings/account")
        self.miguel.submit(button="Sign out everywhere")
        self.miguel.submit(username="ingrid", password=PASSWORD)
        self.assertEqual((self.miguel.path, self.miguel.status), ("/openid/sign-in", 400))


class NewsTests(ProvingCase):
    def test_the_user_is_told_when_each_was_added_and_at_the_next_sign_in(self):
        self.clock.moment += timedelta(minutes=1)
        self.press("add")
        self.prove()
        self.assertEqual(
            self.here.page.statuses, ["You can sign in with your new OpenID from now on."]
        )
        self.there.get("/settings/account")
        self.assertIn("added just now", self.there.page.words)
        for told in ([NEWS], []):
            self.clock.moment += timedelta(minutes=1)
            self.assertEqual(self.sign_in(self.first).page.statuses, told)

    def test_one_from_before_this_was_kept_has_no_date(self):
        db.session.execute(sa.update(Identity).values(added=None))
        db.session.commit()
        self.here.get("/settings/account")
        self.assertNotIn("added", self.here.page.words)


class ReplyOfOldProviderTests(ProvingCase):
    def test_openid_1_proves_it_too(self):
        old = self.provider.origin + "/old/susan"
        self.susan.add_identity(old)
        self.here = self.sign_in(old)
        self.clock.moment += timedelta(minutes=11)
        self.press("remove")
        self.assertEqual(self.asked(self.here)["openid.identity"], old)
        self.prove()
        self.assertEqual(self.here.page.statuses, [proofs.AGAIN])
        self.press("remove")
        self.assertTrue(self.is_done("remove"))
