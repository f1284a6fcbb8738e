"""What strangers can make our provider keep: little, not for long, and of what it reads alone."""

import json
from unittest import mock
from urllib.parse import parse_qsl, urlsplit

import sqlalchemy as sa
from openid.extensions import ax, pape, sreg

from app import db
from app.provider import models
from app.provider.models import Account, AccountSignIn, Consent
from app.provider.protocol import requests
from app.provider.protocol.messages import MAX_KEPT, MAX_OF_A_MACHINE
from app.provider.protocol.requests import MAX_REQUESTS_OF_ADDRESS, PendingRequest
from app.tests.support.base import PASSWORD, SITE, JoinMixin
from app.tests.support.clock import Clock
from app.tests.support.openid.relying_party import (
    MIGUEL,
    QUESTION,
    REFUSED,
    RETURN_TO,
    ProviderCase,
)
from app.tests.support.openid.second_provider import AX_URIS

JUNK = "x" * 60_000


class WaitingCase(ProviderCase):
    def kept(self) -> list[str]:
        db.session.rollback()
        newest_first = sa.select(PendingRequest.query).order_by(PendingRequest.id.desc())
        return list(db.session.scalars(newest_first))

    def send(self, address: str = "192.0.2.1", count: int = 1, **fields):
        """Send a request, again and again, as a form of another site from `address`."""
        asked = dict(parse_qsl(urlsplit(self.message(**fields)).query, keep_blank_values=True))
        client = self.app.test_client()
        for _ in range(count):
            response = client.post(
                "/openid", data=asked, base_url=SITE, environ_base={"REMOTE_ADDR": address}
            )
        return response


class KeptRequestTests(WaitingCase):
    def test_of_a_request_only_what_is_read_is_kept(self):
        browser = self.member(email="miguel@example.com")
        asked = {
            "openid.junk": JUNK[:9000],
            "openid.ns.junk": "http://junk.example/",
            "openid.junk.x": JUNK[:9000],
            "openid.sreg.junkless": "x",
            "junk": JUNK[:9000],
            "openid": JUNK[:9000],
            "openid.sig": JUNK[:9000],
        }
        message = dict(parse_qsl(urlsplit(self.message()).query))
        for extension in (
            sreg.SRegRequest(required=["nickname"]),
            ax.FetchRequest(),
            pape.Request(max_auth_age=600),
        ):
            if isinstance(extension, ax.FetchRequest):
                extension.add(ax.AttrInfo(AX_URIS["email"], alias="email", required=True))
            alias = extension.ns_alias
            message[f"openid.ns.{alias}"] = extension.ns_uri
            for name, value in extension.getExtensionArgs().items():
                message[f"openid.{alias}.{name}"] = value
        response = browser.client.post("/openid", data={**message, **asked}, base_url=SITE)
        self.assertEqual(response.status_code, 303)
        [kept] = self.kept()
        self.assertEqual(json.loads(kept), {**message, "openid.sreg.junkless": "x"})
        # And it is answered like one that came without all that.
        browser.get(response.headers["Location"])
        self.assertEqual(browser.page.heading, QUESTION)
        self.assertIn("miguel@example.com", browser.page.words)
        browser.submit(button="Allow")
        answer = dict(parse_qsl(urlsplit(browser.url).query))
        self.assertEqual(answer["openid.sreg.nickname"], "miguel")
        self.assertIn("openid.pape.auth_time", answer)
        self.assertEqual(self.kept(), [])

    def test_one_of_more_than_four_kilobytes_is_refused(self):
        self.send()
        free = MAX_KEPT - len(self.kept()[0])
        at_most = RETURN_TO + "y" * free
        for return_to, status in ((at_most, 303), (at_most + "y", 400), (RETURN_TO + JUNK, 400)):
            self.assertEqual(self.send(return_to=return_to).status_code, status)
        self.assertEqual(len(self.kept()[0]), MAX_KEPT)
        self.assertEqual(len(self.kept()), 2)
        # In the address as well, and in characters that take more room.
        browser = self.browser()
        for long in (at_most + "y", RETURN_TO + "é" * (free // 6 + 1)):
            browser.get(SITE + self.message(return_to=long))
            self.assertEqual((browser.status, browser.page.heading), (400, REFUSED))
        self.assertEqual(len(self.kept()), 2)

    def test_a_machine_is_refused_in_its_own_language(self):
        for mode in ("associate", "check_authentication"):
            for name in ("dh_consumer_public", "sig", "junk"):
                with self.subTest(mode, name=name):
                    fields = {"mode": mode, "assoc_handle": "x", name: "x" * MAX_OF_A_MACHINE}
                    response, told = self.direct(**fields)
                    self.assertEqual(response.status_code, 400)
                    self.assertEqual(response.mimetype, "text/plain")
                    self.assertIn("error", told)

    def test_the_longest_answer_to_the_longest_request_can_still_be_checked(self):
        browser = self.member()
        browser.get(SITE + self.message())
        fields = {"ns.pape": pape.ns_uri, "pape.max_auth_age": "9", "ns.sreg": sreg.ns_uri}
        fields |= {"sreg.optional": "nickname,email", "claimed_id": MIGUEL, "identity": MIGUEL}
        self.send(**fields)
        long = RETURN_TO + "y" * (MAX_KEPT - len(self.kept()[0]))
        browser.get(SITE + self.message(return_to=long, **fields))
        browser.submit(button="Allow")
        [form] = [form for form in browser.page.forms if "openid.sig" in form.fields]
        check = {name.removeprefix("openid."): value for name, value in form.fields.items()}
        _, told = self.direct(**check | {"mode": "check_authentication"})
        self.assertEqual(told["is_valid"], "true")


class OpenRequestsTests(WaitingCase):
    def test_an_address_has_a_few_dozen_and_takes_none_from_others(self):
        self.send("192.0.2.2", return_to=RETURN_TO + "other")
        self.send(count=100)
        self.send(return_to=RETURN_TO + "newest")
        kept = self.kept()
        self.assertEqual(len(kept), MAX_REQUESTS_OF_ADDRESS + 1)
        self.assertIn("newest", kept[0])
        self.assertIn("other", kept[-1])

    def test_a_household_of_ipv6_is_one_address(self):
        for number in range(60):
            self.send(f"2001:db8:1:2::{number:x}")
        self.assertEqual(len(self.kept()), MAX_REQUESTS_OF_ADDRESS)

    def test_all_addresses_together_have_a_bound_as_well(self):
        with mock.patch.object(requests, "MAX_REQUESTS", 50):
            for number in range(120):
                self.send(f"192.0.2.{number}")
            self.assertEqual(len(self.kept()), 50)

    def test_no_address_can_be_read_from_what_is_kept(self):
        for address in ("192.0.2.77", "2001:db8:77::1"):
            self.send(address)
        db.session.rollback()
        rows = db.session.execute(sa.select(PendingRequest.__table__)).all()
        keys = {row.address_key for row in rows}
        self.assertEqual(len(keys), 2)
        self.assertNotIn("77", repr([row.query for row in rows]))
        other = self.make_app(SECRET_KEY="another key for tests, 0123456789", PUBLIC="off")
        self.app, mine = other, self.app
        self.send("192.0.2.77")
        self.app = mine
        db.session.rollback()
        self.assertEqual(len(set(db.session.scalars(sa.select(PendingRequest.address_key)))), 3)

    def test_they_end_after_an_hour_and_the_next_one_clears_them_away(self):
        clock = Clock(self)
        question = self.send().headers["Location"]
        for number in range(9):
            self.send(f"192.0.2.{number}")
        browser = self.browser()
        clock.move(minutes=59, seconds=59)
        self.assertEqual(browser.get(SITE + question).status_code, 200)
        clock.move(seconds=1)
        self.assertEqual(browser.get(SITE + question).status_code, 410)
        clock.move(seconds=1)
        self.send("192.0.2.200")
        self.assertEqual(len(self.kept()), 1)


class MembersTablesTests(ProviderCase):
    """Who has an account can fill no table either."""

    def account(self) -> Account:
        db.session.rollback()
        return Account.find("miguel")

    def test_sign_ins_of_an_account_are_bounded_and_the_oldest_make_room(self):
        first = self.member()
        self.member("ingrid")
        with mock.patch.object(models, "MAX_SIGN_INS", 3):
            for _ in range(5):
                last = self.browser()
                last.get("/openid/sign-in")
                last.submit(username="miguel", password=PASSWORD)
        self.assertEqual(self.count(AccountSignIn), 4)
        for browser, link in ((first, "Sign in to your account"), (last, "Change your password")):
            browser.get("/openid")
            self.assertIn(link, browser.page.links)

    def test_consents_of_an_account_are_bounded_and_the_oldest_make_room(self):
        self.member()
        self.member("ingrid")
        Consent.remember(Account.find("ingrid"), "https://example.com/")
        with mock.patch.object(models, "MAX_CONSENTS", 3):
            for number in range(5):
                Consent.remember(self.account(), f"https://{number}.example/")
        db.session.rollback()
        with self.app.test_request_context():
            realms = [consent.realm for consent in Consent.of([MIGUEL])]
        self.assertEqual(realms, [f"https://{number}.example/" for number in (2, 3, 4)])
        self.assertEqual(self.count(Consent), 4)


class OwnRequestsTests(JoinMixin, ProviderCase):
    settings = {"RATELIMIT_ENABLED": "on"}

    def test_nobody_uses_up_what_this_site_asks_of_itself(self):
        # It asks as from here, and so does whoever sits at this machine.
        client = self.app.test_client()
        answers = [client.head("/openid", base_url=SITE).status_code for _ in range(601)]
        self.assertEqual((answers[599], answers[600]), (200, 429))
        browser = self.browser()
        browser.client.environ_base["REMOTE_ADDR"] = "192.0.2.1"
        self.join("miguel", browser=browser)
        self.assertEqual(browser.page.heading, "Hi, miguel!")

    def test_answers_of_providers_are_limited_like_what_people_type(self):
        browser = self.browser()
        statuses = [
            browser.get("/login?openid_complete=yes", follow=False).status_code for _ in range(61)
        ]
        self.assertEqual((set(statuses[:60]), statuses[60]), ({302}, 429))
        self.assertEqual(browser.get("/login").status_code, 200)
