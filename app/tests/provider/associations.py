"""What our provider shares with relying parties: secrets that are kept nowhere."""

import base64
from urllib.parse import parse_qsl, urlsplit

import sqlalchemy as sa
from openid.association import Association
from openid.message import OPENID2_NS, Message

from app import db
from app.openid.store import DatabaseStore, Nonce
from app.tests.support.base import SITE
from app.tests.support.clock import Clock
from app.tests.support.openid.relying_party import MIGUEL, RETURN_TO, ProviderCase

FORGED = {
    "ns": OPENID2_NS,
    "mode": "id_res",
    "op_endpoint": SITE + "/openid",
    "identity": MIGUEL,
    "claimed_id": MIGUEL,
    "return_to": RETURN_TO,
    "response_nonce": "2030-01-01T00:00:00Zx",
}


class AssociationCase(ProviderCase):
    def associate(self, kind: str = "HMAC-SHA256") -> Association:
        """Share a secret with the provider as any stranger can."""
        _, made = self.direct(
            ns=OPENID2_NS, mode="associate", assoc_type=kind, session_type="no-encryption"
        )
        secret = base64.b64decode(made["mac_key"])
        return Association.fromExpiresIn(60, made["assoc_handle"], secret, kind)

    def answer(self, browser, **asked) -> dict[str, str]:
        """Let miguel allow a request; gives the fields of the answer."""
        browser.get(SITE + self.message(claimed_id=MIGUEL, identity=MIGUEL, **asked))
        browser.submit(button="Allow")
        fields = dict(parse_qsl(urlsplit(browser.url).query))
        return {n.removeprefix("openid."): v for n, v in fields.items() if "openid." in n}

    def is_valid(self, fields: dict[str, str], **changes) -> bool:
        response, told = self.direct(**fields | changes | {"mode": "check_authentication"})
        self.assertLess(response.status_code, 500)
        return told.get("is_valid") == "true"

    def signed(self, association: Association, **changes) -> dict[str, str]:
        message = Message.fromOpenIDArgs(FORGED | changes)
        fields = association.signMessage(message).toPostArgs()
        return {name.removeprefix("openid."): value for name, value in fields.items()}

    def everything_stored(self) -> str:
        """Return every value of every row of the database, as text."""
        db.session.rollback()
        rows = [
            row
            for table in db.metadata.sorted_tables
            for row in db.session.execute(sa.select(table)).all()
        ]
        db.session.rollback()
        return repr([[v.hex() if isinstance(v, bytes) else v for v in row] for row in rows])


class StolenDatabaseTests(AssociationCase):
    def test_it_holds_no_secret_with_which_an_answer_could_be_signed(self):
        browser = self.member()
        before = self.everything_stored()
        for kind in ("HMAC-SHA1", "HMAC-SHA256"):
            for _ in range(20):
                self.associate(kind)
        self.assertEqual(self.everything_stored(), before)
        association = self.associate()
        answer = self.answer(browser, assoc_handle=association.handle)
        checked = self.answer(browser)
        self.assertTrue(self.is_valid(checked))
        # What only the answer's receiver and this site know of it.
        for secret in (
            association.handle,
            checked["assoc_handle"],
            answer["sig"],
            association.secret.hex(),
            base64.b64encode(association.secret).decode(),
        ):
            self.assertNotIn(secret, self.everything_stored())

    def test_there_is_no_table_for_them(self):
        self.assertNotIn("association", sa.inspect(db.engine).get_table_names())

    def test_every_machine_with_the_key_can_check_and_none_without(self):
        answer = self.answer(self.member())
        shared = self.associate().handle
        mine = self.app
        for key, valid in (("another key for tests, 0123456789", False), (None, True)):
            self.app = self.make_app(SECRET_KEY=key, PUBLIC="off") if key else mine
            self.assertIs(self.is_valid(answer), valid)
            # It is told which of its secrets are no longer good.
            _, told = self.direct(
                **answer | {"mode": "check_authentication", "invalidate_handle": shared}
            )
            self.assertEqual(told.get("invalidate_handle"), None if valid else shared)


class HandleTests(AssociationCase):
    def test_a_shared_secret_signs_nothing_for_others(self):
        browser = self.member()
        for kind in ("HMAC-SHA1", "HMAC-SHA256"):
            mine = self.associate(kind)
            self.assertFalse(self.is_valid(self.signed(mine)))
            # Nor does its name with any part of a stateless one's.
            theirs = self.answer(browser)
            for handle in self.mixed(mine.handle, theirs["assoc_handle"]):
                mine.handle = handle
                self.assertFalse(self.is_valid(self.signed(mine)), handle)

    def mixed(self, one: str, other: str):
        """Yield handles whose parts are of the one or the other."""
        parts = [one.split("."), other.split(".")]
        self.assertEqual(len(parts[0]), len(parts[1]))
        for choice in range(1, 2 ** len(parts[0])):
            yield ".".join(parts[choice >> n & 1][n] for n in range(len(parts[0])))

    def test_a_stateless_handle_is_no_shared_one(self):
        browser = self.member()
        stateless = self.answer(browser)["assoc_handle"]
        for handle in (stateless, "x", "é", "a.b.c.d", "1.x.aaaaaa.b", "x" * 300, "256..", "."):
            with self.subTest(handle):
                answer = self.answer(browser, assoc_handle=handle)
                self.assertEqual(answer["invalidate_handle"], handle)
                self.assertNotEqual(answer["assoc_handle"], handle)
                self.assertTrue(self.is_valid(answer))

    def test_a_handle_of_another_key_is_made_up_for(self):
        browser = self.member()
        mine = self.app
        self.app = self.make_app(SECRET_KEY="another key for tests, 0123456789", PUBLIC="off")
        theirs = self.associate()
        self.app = mine
        answer = self.answer(browser, assoc_handle=theirs.handle)
        self.assertEqual(answer["invalidate_handle"], theirs.handle)
        self.assertTrue(self.is_valid(answer))

    def test_one_that_was_altered_is_none_of_ours(self):
        browser = self.member()
        shared, answer = self.associate().handle, self.answer(browser)
        for position in range(len(answer["assoc_handle"])):
            handle = answer["assoc_handle"]
            other = "A" if handle[position] != "A" else "B"
            changed = handle[:position] + other + handle[position + 1 :]
            self.assertFalse(self.is_valid(answer, assoc_handle=changed), changed)
        self.assertTrue(self.is_valid(answer))
        asked = self.answer(browser, assoc_handle=shared[:-3] + "AAA")
        self.assertEqual(asked["invalidate_handle"], shared[:-3] + "AAA")


class OnceTests(AssociationCase):
    """An answer can be checked once, and nobody can use that up for somebody else."""

    def test_a_check_that_fails_uses_nothing_up(self):
        answer = self.answer(self.member())
        for changes in ({"sig": "AAAA"}, {"identity": SITE + "/id/ingrid"}, {"signed": "mode"}):
            for _ in range(3):
                self.assertFalse(self.is_valid(answer, **changes))
        self.assertEqual(self.count(Nonce), 0)
        self.assertTrue(self.is_valid(answer))
        self.assertEqual(self.count(Nonce), 1)
        for _ in range(3):
            self.assertFalse(self.is_valid(answer))
        self.assertEqual(self.count(Nonce), 1)

    def test_it_is_once_also_in_another_worker(self):
        answer = self.answer(self.member())
        self.assertTrue(self.is_valid(answer))
        self.app = self.make_app(PUBLIC="off")
        self.assertFalse(self.is_valid(answer))

    def test_an_answer_can_be_checked_for_an_hour(self):
        clock = Clock(self)
        browser = self.member()
        in_time, late = self.answer(browser), self.answer(browser)
        clock.move(minutes=59, seconds=59)
        self.assertTrue(self.is_valid(in_time))
        clock.move(seconds=1)
        self.assertFalse(self.is_valid(late))
        # What was used is remembered for as long as it would be good, and no longer.
        self.assertFalse(self.is_valid(in_time))
        self.assertEqual(self.count(Nonce), 1)
        clock.move(seconds=1)
        with self.app.app_context():
            self.assertEqual(DatabaseStore().cleanupNonces(), 1)
        self.assertFalse(self.is_valid(in_time))

    def test_what_was_checked_early_is_not_forgotten_before_it_ends(self):
        clock = Clock(self)
        browser = self.member()
        early, last = self.answer(browser), self.answer(browser)
        self.assertTrue(self.is_valid(early))
        clock.move(minutes=59, seconds=59)
        # Whatever is new clears away what is old.
        self.assertTrue(self.is_valid(last))
        self.assertFalse(self.is_valid(early))

    def test_a_shared_secret_is_good_for_two_weeks(self):
        clock = Clock(self)
        shared = self.associate()
        clock.move(days=13, hours=23, minutes=59)
        browser = self.member()
        self.assertEqual(
            self.answer(browser, assoc_handle=shared.handle)["assoc_handle"], shared.handle
        )
        clock.move(minutes=1)
        answer = self.answer(browser, assoc_handle=shared.handle)
        self.assertEqual(answer["invalidate_handle"], shared.handle)
        self.assertTrue(self.is_valid(answer))
