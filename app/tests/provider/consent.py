"""Our own provider as a foreign relying party's visitors meet it."""

import threading
from unittest import mock
from urllib.parse import parse_qsl, urlsplit

from openid.extensions import ax, sreg

from app.openid import fetcher
from app.tests.support.base import PASSWORD, SITE
from app.tests.support.openid.relying_party import (
    ENDPOINT,
    MIGUEL,
    QUESTION,
    REALM,
    RETURN_TO,
    ProviderCase,
)
from app.tests.support.openid.second_provider import AX_URIS, Reply
from app.tests.support.openid.signing_in import SecondProviderCase


class ConsentTests(ProviderCase):
    def test_a_foreign_site_learns_who_it_is_once_the_visitor_allows_it(self):
        browser = self.member(email="miguel@example.com")
        for identity in (ENDPOINT, MIGUEL, SITE + "/id/Miguel"):
            with self.subTest(identity):
                browser.get(self.ask(identity))
                self.assertEqual(browser.page.heading, QUESTION)
                self.assertIn(REALM, browser.page.words)
                self.assertIn(MIGUEL, browser.page.words)
                self.assertNotIn("miguel@example.com", browser.page.words)
                browser.submit(button="Allow")
                self.assertTrue(browser.url.startswith(RETURN_TO + "&"), browser.url)
                verdict = self.verdict(browser)
                self.assertEqual((verdict.status, verdict.identity_url), ("success", MIGUEL))

    def test_what_is_shared_is_named_and_nothing_else_is_sent(self):
        simple = sreg.SRegRequest(required=["email"], optional=["nickname", "fullname"])
        attributes = ax.FetchRequest()
        for uri in AX_URIS.values():
            attributes.add(ax.AttrInfo(uri, required=True))
        for name, extension in [("SReg", simple), ("AX", attributes)]:
            with self.subTest(name):
                self.empty_database()
                browser = self.member(email="miguel@example.com")
                browser.get(self.ask(extensions=[extension]))
                self.assertIn("your nickname, miguel", browser.page.words)
                self.assertIn("your e-mail, miguel@example.com", browser.page.words)
                browser.submit(button="Allow")
                verdict = self.verdict(browser)
                if name == "SReg":
                    told = dict(sreg.SRegResponse.fromSuccessResponse(verdict).items())
                    known = {"nickname": "miguel", "email": "miguel@example.com"}
                    self.assertEqual(told, known)
                else:
                    told = ax.FetchResponse.fromSuccessResponse(verdict)
                    self.assertEqual(told.get(AX_URIS["nickname"]), ["miguel"])
                    self.assertEqual(told.get(AX_URIS["email"]), ["miguel@example.com"])

    def test_deny_and_cancel_send_back_without_a_proof(self):
        for browser, button in [(self.member(), "Deny"), (self.browser(), "Cancel and go back")]:
            with self.subTest(button):
                browser.get(self.ask())
                browser.submit(button=button)
                self.assertEqual(self.verdict(browser).status, "cancel")

    def test_who_is_signed_out_signs_in_first_and_is_asked_then(self):
        self.member()
        browser = self.browser()
        browser.get(self.ask())
        browser.submit(username="miguel", password=PASSWORD)
        self.assertEqual(browser.page.heading, QUESTION)
        browser.submit(button="Allow")
        self.assertEqual(self.verdict(browser).identity_url, MIGUEL)

    def test_nobody_vouches_for_the_identity_of_another_account(self):
        self.member()
        browser = self.member("ingrid")
        browser.get(self.ask(MIGUEL))
        self.assertEqual(browser.path, "/openid/sign-in")
        self.assertIn(MIGUEL, browser.page.words)
        browser.submit(username="ingrid", password=PASSWORD)
        self.assertEqual((browser.path, browser.status), ("/openid/sign-in", 400))
        pending = browser.url.replace("sign-in", "consent")
        browser.post(pending, {"csrf_token": browser.token(), "allow": "yes"})
        self.assertEqual(browser.path, "/openid/sign-in")

    def test_an_immediate_request_is_never_a_page(self):
        with self.subTest("signed out"):
            browser = self.browser()
            browser.get(self.ask(immediate=True))
            self.assertEqual(self.verdict(browser).status, "setup_needed")
        with self.subTest("signed in, without consent"):
            browser = self.member()
            browser.get(self.ask(immediate=True))
            self.assertEqual(self.verdict(browser).status, "setup_needed")
        with self.subTest("with consent"):
            browser.get(self.ask())
            allowed = {"csrf_token": browser.token(), "allow": "yes", "remember": "yes"}
            browser.post(browser.url, allowed)
            browser.get(self.ask(immediate=True))
            self.assertEqual(self.verdict(browser).identity_url, MIGUEL)
        with self.subTest("for another realm the consent is worth nothing"):
            browser.get(self.ask(immediate=True, realm=REALM + "return"))
            self.assertEqual(self.verdict(browser).status, "setup_needed")

    def test_a_request_can_be_answered_once(self):
        browser = self.member()
        browser.get(self.ask())
        question, token = browser.url, browser.token()
        browser.submit(button="Allow")
        browser.get(question)
        self.assertEqual(browser.status, 410)
        browser.post(question, {"csrf_token": token, "allow": "yes"})
        self.assertEqual(browser.status, 410)

    def test_a_long_answer_goes_by_a_form_that_posts_itself(self):
        browser = self.member()
        long = RETURN_TO + "&x=" + "y" * 1500
        browser.get(self.message(return_to=long))
        browser.post(browser.url, {"csrf_token": browser.token(), "allow": "yes"})
        self.assertEqual(browser.page.heading, "One moment")
        form = browser.page.forms[-1]
        self.assertEqual((form.action, list(form.buttons)), (long, ["Continue"]))
        self.assertNotIn("csrf_token", form.fields)
        self.assertIn("http: https:", browser.response.headers["Content-Security-Policy"])
        with self.consumer() as one:
            verdict = one.complete(dict(parse_qsl(urlsplit(long).query)) | form.fields, long)
        self.assertEqual((verdict.status, verdict.identity_url), ("success", MIGUEL))


class VerifiedReturnTests(ProviderCase, SecondProviderCase):
    """A realm says itself to which addresses its visitors return."""

    def test_the_visitor_is_warned_unless_the_realm_confirms_it(self):
        kind = "application/xrds+xml"
        return_to = "http://specs.openid.net/auth/2.0/return_to"
        realm = self.provider.origin + "/"
        documents = {
            "confirmed": self.provider.xrds([return_to]).replace("/endpoint", "/return"),
            "another address": self.provider.xrds([return_to]).replace("/endpoint", "/other"),
            "nothing": "",
        }
        browser = self.member()
        for name, document in documents.items():
            with self.subTest(name):
                self.provider.pages["/"] = Reply(document, {}, 200, kind)
                browser.get(SITE + self.message(realm=realm, return_to=realm + "return?x=1"))
                self.assertEqual(browser.page.heading, QUESTION)
                self.assertEqual(len(browser.page.alerts), 0 if name == "confirmed" else 1)

    def test_a_realm_that_cannot_be_asked_now_is_asked_the_next_time(self):
        self.provider.pages["/"] = Reply(
            self.provider.xrds(["http://specs.openid.net/auth/2.0/return_to"]).replace(
                "/endpoint", "/return"
            ),
            content_type="application/xrds+xml",
        )
        browser = self.member()
        realm = self.provider.origin + "/"
        with mock.patch.object(fetcher, "_slots", threading.BoundedSemaphore(1)) as slots:
            slots.acquire()
            browser.get(SITE + self.message(realm=realm, return_to=realm + "return"))
        self.assertEqual((browser.status, browser.page.heading), (200, QUESTION))
        self.assertEqual(len(browser.page.alerts), 1)
        self.assertEqual(self.provider.requests, [])
        browser.get(browser.url)
        self.assertEqual(browser.page.alerts, [])
