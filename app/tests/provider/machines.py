"""What our own provider tells machines."""

import base64
from urllib.parse import parse_qsl, urlencode, urlsplit

from openid.association import Association
from openid.message import OPENID2_NS, Message
from openid.store.memstore import MemoryStore

from app.tests.support.base import SITE
from app.tests.support.openid.relying_party import ENDPOINT, MIGUEL, REALM, ProviderCase


class MachineTests(ProviderCase):
    """What relying parties' servers ask, without a browser."""

    def test_every_kind_of_association_signs_in(self):
        browser = self.member()
        for kind in [
            ("HMAC-SHA1", "DH-SHA1"),
            ("HMAC-SHA256", "DH-SHA256"),
            ("HMAC-SHA1", "no-encryption"),
            ("HMAC-SHA256", "no-encryption"),
        ]:
            with self.subTest(kind):
                self.store, self.negotiator = MemoryStore(), [kind]
                browser.get(self.ask())
                handle = self.store.getAssociation(ENDPOINT).handle
                self.assertRegex(handle, r"\A[!-~]{1,255}\Z")
                self.assertNotIn("b'", handle)
                browser.submit(button="Allow")
                self.assertIn(urlencode({"openid.assoc_handle": handle}), browser.url)
                self.assertEqual(self.verdict(browser).identity_url, MIGUEL)

    def test_without_an_association_an_answer_can_be_checked_once(self):
        self.store = None
        browser = self.member()
        browser.get(self.ask())
        browser.submit(button="Allow")
        answer = dict(parse_qsl(urlsplit(browser.url).query))
        check = {n.removeprefix("openid."): v for n, v in answer.items() if n.startswith("openid.")}
        check["mode"] = "check_authentication"
        forged = check | {"identity": SITE + "/id/ingrid", "claimed_id": SITE + "/id/ingrid"}
        self.assertEqual(self.direct(**check)[1]["is_valid"], "true")
        self.assertEqual(self.direct(**check)[1]["is_valid"], "false")
        self.assertEqual(self.direct(**forged)[1]["is_valid"], "false")

    def test_openid_1_works_with_a_shared_secret_and_without(self):
        browser = self.member()
        for shared in (False, True):
            for namespace in (None, "http://openid.net/signon/1.1"):
                with self.subTest(shared=shared, namespace=namespace):
                    fields = {"ns": namespace, "identity": MIGUEL, "claimed_id": None}
                    fields |= {"trust_root": REALM, "realm": None}
                    if shared:
                        _, made = self.direct(mode="associate", assoc_type="HMAC-SHA1")
                        fields["assoc_handle"] = made["assoc_handle"]
                        secret = base64.b64decode(made["mac_key"])
                    browser.get(SITE + self.message(**fields))
                    browser.submit(button="Allow")
                    answer = dict(parse_qsl(urlsplit(browser.url).query))
                    self.assertNotIn("openid.invalidate_handle", answer)
                    if shared:
                        known = Association.fromExpiresIn(
                            60, made["assoc_handle"], secret, "HMAC-SHA1"
                        )
                        self.assertTrue(known.checkMessageSignature(Message.fromPostArgs(answer)))
                    else:
                        check = {n[7:]: v for n, v in answer.items() if n.startswith("openid.")}
                        check["mode"] = "check_authentication"
                        self.assertEqual(self.direct(**check)[1]["is_valid"], "true")
                        self.assertEqual(self.direct(**check)[1]["is_valid"], "false")

    def test_a_forged_answer_is_not_valid(self):
        self.store = None
        browser = self.member()
        for changes in (
            {"identity": SITE + "/id/ingrid", "claimed_id": SITE + "/id/ingrid"},
            {"return_to": "http://evil.example/"},
            {"sig": "AAAA"},
            {"signed": ""},
            {"signed": "mode"},
            {"signed": "mode,nothing"},
            {"sreg.email": "a\nb", "signed": "sreg.email"},
            {"assoc_handle": "x"},
        ):
            with self.subTest(changes):
                browser.get(self.ask())
                browser.submit(button="Allow")
                answer = dict(parse_qsl(urlsplit(browser.url).query))
                fields = {n.removeprefix("openid."): v for n, v in answer.items() if "openid." in n}
                response, told = self.direct(**fields | changes | {"mode": "check_authentication"})
                self.assertLess(response.status_code, 500)
                self.assertNotEqual(told.get("is_valid"), "true")

    def test_a_shared_secret_is_none_for_checking_answers(self):
        # Whoever asks for one knows it, and could sign anything.
        _, made = self.direct(
            ns=OPENID2_NS, mode="associate", assoc_type="HMAC-SHA1", session_type="no-encryption"
        )
        secret = base64.b64decode(made["mac_key"])
        mine = Association.fromExpiresIn(60, made["assoc_handle"], secret, "HMAC-SHA1")
        forged = Message.fromOpenIDArgs(
            {"ns": OPENID2_NS, "mode": "id_res", "identity": MIGUEL, "claimed_id": MIGUEL}
        )
        fields = mine.signMessage(forged).toPostArgs()
        check = {name.removeprefix("openid."): value for name, value in fields.items()}
        _, told = self.direct(**check | {"mode": "check_authentication"})
        self.assertEqual(told["is_valid"], "false")

    DIRECT = [
        {"mode": "associate"},
        {"mode": "associate", "assoc_type": "HMAC-SHA1", "session_type": "DH-SHA256"},
        {"mode": "associate", "assoc_type": "HMAC-SHA512", "session_type": "no-encryption"},
        {"mode": "associate", "assoc_type": "HMAC-SHA1", "session_type": "x"},
        {"mode": "associate", "assoc_type": "HMAC-SHA1", "session_type": "DH-SHA1"},
        {"mode": "check_authentication"},
        {"mode": "check_authentication", "assoc_handle": "x"},
        {"mode": "check_authentication", "ns": "a\nb"},
        {"mode": "associate", "ns": "a\nb"},
        {"mode": "associate", "ns": "http://openid.net/signon/1.0", "assoc_type": "x"},
        {"mode": "associate", "session_type": "a\nb"},
    ]

    def test_what_cannot_be_answered_is_an_error_of_the_protocol(self):
        for fields in self.DIRECT:
            with self.subTest(fields):
                response, told = self.direct(**{"ns": OPENID2_NS, **fields})
                self.assertEqual(response.status_code, 400)
                self.assertEqual(response.mimetype, "text/plain")
                self.assertIn("error", told)

    def test_odd_messages_are_answered(self):
        check = {"mode": "check_authentication", "assoc_handle": "x", "sig": "x"}
        associate = {"mode": "associate", "assoc_type": "HMAC-SHA1", "session_type": "DH-SHA1"}
        for fields in (
            check | {"invalidate_handle": "a\nb"},
            check | {"invalidate_handle": "\x00"},
            check | {"assoc_handle": "\x00"},
            check | {"signed": "\n", "x\ny": "z"},
            associate | {"dh_consumer_public": ""},
            associate | {"dh_consumer_public": "!!!"},
            associate | {"dh_consumer_public": "é"},
            associate | {"dh_consumer_public": "/w=="},
            associate | {"dh_consumer_public": "AAAA", "dh_modulus": "AAAA"},
            associate | {"dh_consumer_public": "AAAA", "dh_gen": "Ag==", "dh_modulus": "AA=="},
            associate | {"dh_consumer_public": "AAAA", "dh_gen": "Ag==", "dh_modulus": "AQ=="},
            associate | {"dh_consumer_public": "AAAA", "dh_gen": "AA==", "dh_modulus": "fw=="},
            associate | {"dh_consumer_public": "/w==", "dh_gen": "/w==", "dh_modulus": "gAAA"},
        ):
            with self.subTest(fields):
                response, told = self.direct(ns=OPENID2_NS, **fields)
                self.assertIn(response.status_code, {200, 400})
                self.assertEqual(response.mimetype, "text/plain")
                self.assertNotEqual(told.get("is_valid"), "true")

    def test_nobody_chooses_numbers_over_which_we_compute_for_long(self):
        # The time grows with the cube of their length: 2.5 KB took half a minute.
        modulus = base64.b64encode(b"\x7f" + b"\xff" * 799).decode()
        associate = {"mode": "associate", "assoc_type": "HMAC-SHA1", "session_type": "DH-SHA1"}
        numbers = {"dh_modulus": modulus, "dh_gen": "Ag==", "dh_consumer_public": modulus}
        response, _ = self.direct(ns=OPENID2_NS, **associate, **numbers)
        self.assertEqual(response.status_code, 400)


class ProviderDocumentTests(ProviderCase):
    def test_machines_get_an_xrds_document_and_people_a_page(self):
        self.member()
        for path, kinds in [
            ("/", ["2.0/return_to", "2.0/server"]),
            ("/openid", ["2.0/server"]),
            ("/id/miguel", ["2.0/signon", "signon/1.1"]),
        ]:
            with self.subTest(path):
                browser = self.browser()
                response = browser.get(path, headers={"Accept": "application/xrds+xml"})
                self.assertEqual(response.mimetype, "application/xrds+xml")
                self.assertIn("Accept", response.headers["Vary"])
                for kind in kinds:
                    self.assertIn(f"{kind}</Type>", browser.text)
                self.assertIn(f"<URI>{ENDPOINT}</URI>", browser.text)
                for accept in ("text/html,application/xrds+xml;q=0.5", "*/*", ""):
                    page = browser.get(path, headers={"Accept": accept})
                    self.assertEqual(page.mimetype, "text/html")
        browser.get("/id/miguel", headers={"Accept": "application/xrds+xml"})
        self.assertIn(f"<LocalID>{MIGUEL}</LocalID>", browser.text)
        browser.get("/", headers={"Accept": "application/xrds+xml"})
        self.assertIn(f"<URI>{SITE}/login</URI>", browser.text)

    def test_an_identity_page_has_one_link_a_line(self):
        self.member()
        browser = self.browser()
        browser.get("/id/miguel")
        links = [line for line in browser.text.splitlines() if "openid" in line and "<link" in line]
        self.assertEqual(len(links), 4)
        for line in links:
            self.assertEqual(line.count("<link"), 1)
        self.assertIn(f'<link rel="openid2.provider" href="{ENDPOINT}">', browser.text)

    def test_there_is_no_identity_without_an_account(self):
        browser = self.browser()
        for name in ("nobody1", "%00", "..", "a b", "é", "x" * 5000):
            with self.subTest(name):
                browser.get(f"{SITE}/id/{name}", headers={"Accept": "application/xrds+xml"})
                self.assertEqual(browser.status, 404)
