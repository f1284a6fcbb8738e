"""Two victims, and all that a provider may say to be taken for them."""

from urllib.parse import urlsplit

import sqlalchemy as sa

from app import db
from app.models import SignIn, User
from app.tests.support.base import PASSWORD, SITE
from app.tests.support.openid.second_provider import Reply, SecondProvider
from app.tests.support.openid.signing_in import SecondProviderCase

OWN = SITE + "/id/victim"


OWN_ENDPOINT = SITE + "/openid"


class TakeoverCase(SecondProviderCase):
    """Two victims, with an identity here and one at an honest provider elsewhere."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.honest = SecondProvider().start()
        cls.addClassCleanup(cls.honest.stop)
        origins = f"{cls.provider.origin},{cls.honest.origin}"
        cls.settings = {**cls.settings, "OPENID_TRUSTED_ORIGINS": origins}

    def setUp(self):
        super().setUp()
        self.honest.reset()
        browser = self.browser()
        browser.get("/openid/join")
        browser.post(
            "/openid/join",
            {"csrf_token": browser.token(), "username": "victim", "password": PASSWORD},
        )
        self.abroad = self.honest.origin + "/id/victim"
        self.victims = [
            User.sign_up(OWN, "victim", "victim@example.com").id,
            User.sign_up(self.abroad, "victim", "victim@example.com").id,
        ]

    def attempts(self):
        """Yield each attempt: how the provider lies, or what it serves, and what was typed."""
        p, v, op = self.provider, self.abroad, self.honest.endpoint
        evil, mine = p.origin + "/id/evil", p.origin + "/"
        both = {"claimed_id": v, "identity": v}
        ours = {"claimed_id": OWN, "identity": OWN}
        alone = {"associations": []}
        no_one = {"claimed_id": None, "identity": None}
        yield "the e-mail", mine, {"email": "victim@example.com"}
        yield "the e-mail in capitals", mine, {"email": "VICTIM@EXAMPLE.COM"}
        yield "the nickname", mine, {"nickname": "victim"}
        yield "both", mine, {"nickname": "Victim", "email": "victim@example.com"}
        yield "both, without SReg", mine, {"nickname": "victim", "extensions": {"ax"}}
        yield "the identity as a nickname", mine, {"nickname": v, "email": OWN}
        yield "the identity", mine, {"lies": both}
        yield "the identity, asked for another", evil, {"lies": both}
        yield "the claimed identifier alone", mine, {"lies": {"claimed_id": v}}
        yield "the local identifier alone", mine, {"lies": {"identity": v}}
        yield "the honest endpoint", mine, {"lies": {**both, "op_endpoint": op}}
        yield "our own identity", mine, {"lies": ours}
        yield "our own endpoint", mine, {"lies": {**ours, "op_endpoint": OWN_ENDPOINT}}
        yield "stateless", mine, {"lies": both, **alone, "vouches": True}
        yield "stateless, ours", mine, {"lies": ours, **alone, "vouches": True}
        yield "stateless, honest", mine, {"lies": {**both, "op_endpoint": op}, **alone}
        yield "stateless, own", mine, {"lies": {**ours, "op_endpoint": OWN_ENDPOINT}, **alone}
        yield "unsigned", mine, {"lies": no_one, "forgeries": both}
        yield "replaced", mine, {"forgeries": ours}
        yield "a fragment", mine, {"lies": {"claimed_id": v + "#x", "identity": v}}
        yield "a query", mine, {"lies": {"claimed_id": v + "?", "identity": v + "?"}}
        yield (
            "another spelling",
            mine,
            {"lies": {k: u.replace("/id", "/%69d") for k, u in both.items()}},
        )
        yield "a detour", mine, {"lies": {k: u.replace("/id", "/x/../id") for k, u in both.items()}}
        yield "capitals", mine, {"lies": {k: OWN.replace("http", "HTTP") for k in both}}
        yield "OpenID 1.1", p.origin + "/old/evil", {"lies": {"identity": v}}
        yield "no version", mine, {"lies": {"ns": None, **ours}}
        yield "no identity", mine, {"lies": no_one}
        for name, local in [("delegating to it", v), ("delegating to ours", OWN)]:
            yield name, mine + "page", {"pages": {"/page": Reply(p.links(local))}}
        for name, url in [("redirecting to it", v), ("redirecting to ours", OWN)]:
            yield name, mine + "page", {"pages": {"/page": Reply("", {"Location": url}, 302)}}
        canonical = p.xrds(["http://specs.openid.net/auth/2.0/signon"], v).replace(
            "<Service>", f"<CanonicalID>{v}</CanonicalID><Service>"
        )
        kind = "application/xrds+xml"
        yield "an XRDS", mine + "page", {"pages": {"/page": Reply(canonical, {}, 200, kind)}}
        yield "the honest page", v, {}
        yield "the honest page, its endpoint", v, {"lies": {"op_endpoint": op}}
        yield "our own page", OWN, {}
        yield "our own page, its endpoint", OWN, {"lies": {"op_endpoint": OWN_ENDPOINT}}

    def attack(self, typed: str, tricks: dict):
        self.provider.reset()
        for name, value in tricks.items():
            setattr(self.provider, name, value)
        browser = self.begin(typed)
        # Sent to somebody else's endpoint, the attacker takes the request to their own.
        asked = next((v for v in reversed(browser.visited) if "openid.mode=checkid" in v), None)
        if asked:
            query = urlsplit(asked).query
            answer = self.provider.visit(f"{self.provider.endpoint}?{query}")
            browser.get(answer.url)
        return browser

    def assert_no_takeover(self):
        db.session.rollback()
        taken = sa.select(SignIn).where(SignIn.user_id.in_(self.victims))
        self.assertEqual(db.session.scalars(taken).all(), [])
        owners = [User.of_identifier(OWN).id, User.of_identifier(self.abroad).id]
        self.assertEqual(owners, self.victims)
