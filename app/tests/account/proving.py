"""A change of how one gets in asks for an OpenID proved within ten minutes, or once more."""

from datetime import timedelta

import sqlalchemy as sa

from app import db
from app.models import Identity, SignIn, User
from app.models.sign_ins import MAX_PROOF_AGE
from app.openid.relying_party import PROBLEMS
from app.tests.support.base import SITE
from app.tests.support.openid.account import A_MOMENT, PAPE, ProvingCase
from app.tests.support.openid.second_provider import SecondProvider
from app.views.settings import proofs


class ProvingTests(ProvingCase):
    def test_within_ten_minutes_each_change_is_made(self):
        for change in self.CHANGES:
            with self.subTest(change):
                self.setUp_again()
                self.clock.moment += MAX_PROOF_AGE
                self.press(change)
                if change == "add":
                    self.assertNotIn("openid.ns.pape", self.asked(self.here))
                    self.come_back(self.here, self.decide(self.here))
                self.assertTrue(self.is_done(change))

    def setUp_again(self) -> None:
        self.doCleanups()
        self.setUp()

    def test_after_that_each_asks_first_and_is_made_when_pressed_again(self):
        for change in self.CHANGES:
            with self.subTest(change):
                self.setUp_again()
                self.clock.moment += MAX_PROOF_AGE + A_MOMENT
                self.press(change)
                asked = self.asked(self.here)
                self.assertEqual(asked["openid.claimed_id"], self.first)
                self.assertEqual(asked["openid.ns.pape"], PAPE)
                self.assertEqual(asked["openid.pape.max_auth_age"], "600")
                self.assertFalse(self.is_done(change))
                self.prove()
                self.assertFalse(self.is_done(change))
                self.assertEqual(self.here.page.statuses, [proofs.AGAIN])
                where = "/settings/data/leave" if change == "leave" else "/settings/account"
                self.assertEqual(self.here.path, where)
                # What was typed is in its field again, and the same press does it.
                if change == "add":
                    self.here.submit(button="Add")
                    self.prove()
                elif change == "leave":
                    self.here.submit(button="Delete me and all that I wrote")
                else:
                    self.press(change)
                self.assertTrue(self.is_done(change))

    def test_signing_out_this_browser_is_free(self):
        self.clock.moment += timedelta(days=1)
        self.here.get("/settings/account")
        db.session.rollback()
        own = db.session.scalar(sa.select(sa.func.max(SignIn.id)))
        self.here.post(f"/settings/account/sign-ins/{own}/end", {"csrf_token": self.here.token()})
        self.assertEqual((self.here.path, self.count(SignIn)), ("/login", 1))
        self.there.get("/settings/account")
        self.there.submit(button="Sign out")
        self.assertEqual(self.count(SignIn), 0)

    def test_a_way_that_took_too_long_is_not_the_end_of_it(self):
        self.press("add")
        answer = self.decide(self.here)
        self.clock.moment += MAX_PROOF_AGE + A_MOMENT
        self.come_back(self.here, answer)
        self.assertFalse(self.is_done("add"))
        self.assertEqual(self.asked(self.here)["openid.claimed_id"], self.first)
        self.prove()
        self.here.submit(button="Add")
        self.prove()
        self.assertTrue(self.is_done("add"))

    def test_who_cancels_chooses_another_or_leaves_it_and_nothing_is_lost(self):
        self.clock.moment += timedelta(minutes=11)
        before = self.proved()
        self.provider.decision = "cancel"
        self.press("leave")
        self.prove()
        self.assertEqual((self.here.path, self.here.status), ("/settings/proof", 200))
        self.assertEqual(self.here.page.statuses, [PROBLEMS["cancelled"]])
        self.alerts()
        self.assertEqual(self.proved(), before)
        self.here.submit(button=f"Use this one {self.other}")
        self.assertEqual(self.asked(self.here)["openid.claimed_id"], self.other)
        self.prove()
        self.here.get(self.here.page.links["Not now"])
        self.assertEqual(self.here.path, "/settings/data/leave")
        form = next(form for form in self.here.page.forms if "nickname" in form.names)
        self.assertEqual(form.fields["nickname"], "susan")
        self.provider.decision = "allow"
        self.here.submit(button="Delete me and all that I wrote")
        self.prove()
        self.assertEqual(self.here.page.statuses, [proofs.AGAIN])

    def test_when_the_provider_is_gone_another_openid_does(self):
        with SecondProvider() as gone:
            gone_one = gone.origin + "/id/susan"
        self.app = self.make_app(OPENID_TRUSTED_ORIGINS=f"{self.provider.origin},{gone.origin}")
        self.susan.add_identity(gone_one)
        self.here = self.browser()
        token = SignIn.begin(self.susan.id, gone_one)
        with self.here.client.session_transaction(base_url=SITE) as session:
            session["_user_id"] = token
        self.clock.moment += timedelta(minutes=11)
        self.press("add")
        self.assertEqual(self.here.path, "/settings/proof")
        self.alerts(PROBLEMS["not_found"])
        self.here.submit(button=f"Use this one {self.first}")
        self.prove()
        form = next(form for form in self.here.page.forms if "openid" in form.fields)
        self.assertEqual(form.fields["openid"], self.provider.origin + "/id/third")
        # From now on the one that answered is asked first.
        self.clock.moment += timedelta(minutes=11)
        self.press("remove")
        self.assertEqual(self.asked(self.here)["openid.claimed_id"], self.first)

    def test_where_it_is_not_known_what_began_it_the_user_chooses(self):
        db.session.execute(sa.update(SignIn).values(identity_id=None))
        db.session.commit()
        self.clock.moment += timedelta(minutes=11)
        self.press("add")
        self.assertEqual(
            (self.here.path, self.here.page.heading), ("/settings/proof", "Is it you?")
        )
        self.here.submit(button=f"Use this one {self.other}")
        self.prove()
        self.here.submit(button="Add")
        self.prove()
        self.assertTrue(self.is_done("add"))

    def test_only_one_s_own_openids_can_be_chosen(self):
        john = User.sign_up(self.provider.origin + "/id/john", "john", None)
        johns = self.id_of(Identity, Identity.user_id == john.id)
        self.provider.requests.clear()
        for chosen in (str(johns), "", "x", "0", f" {johns}", f"{self.provider.origin}/id/john"):
            with self.subTest(chosen):
                self.here.get("/settings/proof?next=/settings/account")
                self.here.post(
                    "/settings/proof", {"csrf_token": self.here.token(), "identity": chosen}
                )
                self.assertEqual(self.here.status, 404)
        self.assertEqual(self.provider.requests, [])

    def test_a_stranger_sees_none_of_it(self):
        stranger = self.browser()
        stranger.get("/settings/proof?next=/settings/account")
        self.assertEqual(stranger.path, "/login")

    def test_the_way_back_is_a_page_of_this_site(self):
        for target in ("http://evil.example/", "//evil.example", "javascript:alert(1)"):
            self.here.get(f"/settings/proof?next={target}")
            self.assertEqual(self.here.page.links["Not now"], "/")

    def test_it_is_the_same_without_a_provider_of_our_own(self):
        self.app = self.make_app(OPENID_TRUSTED_ORIGINS=self.provider.origin, PROVIDER="off")
        self.here = self.sign_in(self.first)
        self.clock.moment += timedelta(minutes=11)
        self.press("remove")
        self.prove()
        self.press("remove")
        self.assertTrue(self.is_done("remove"))
        self.press("end all")
        self.assertTrue(self.is_done("end all"))
