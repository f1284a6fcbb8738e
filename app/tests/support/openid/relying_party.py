"""A foreign relying party to test our own provider with."""

import contextlib
from urllib.parse import parse_qsl, urlencode, urlsplit

from openid import fetchers
from openid.association import SessionNegotiator
from openid.consumer import consumer
from openid.message import IDENTIFIER_SELECT, OPENID2_NS
from openid.store.memstore import MemoryStore

from app.tests.support.base import SITE, Browser, TestCase

ENDPOINT = SITE + "/openid"
MIGUEL = SITE + "/id/miguel"
# A realm at an address for documentation: whoever asks it needs no lookup and gets nowhere.
REALM = "http://192.0.2.7/"
RETURN_TO = REALM + "return?session=7"
# The headings of the page that asks for consent, and of the one for what makes no sense.
QUESTION = "Sign in at another site?"
REFUSED = "That sign-in does not work"


def request_path(**fields) -> str:
    """Return the path with which another site sends its visitor here, also one no library makes.

    `fields` are those of the protocol; None leaves one out.
    """
    asked = {
        "ns": OPENID2_NS,
        "mode": "checkid_setup",
        "claimed_id": IDENTIFIER_SELECT,
        "identity": IDENTIFIER_SELECT,
        "return_to": RETURN_TO,
        "realm": REALM,
        **fields,
    }
    known = {f"openid.{name}": value for name, value in asked.items() if value is not None}
    return "/openid?" + urlencode(known)


class ClientFetcher(fetchers.HTTPFetcher):
    """A foreign site's way to this one: it sends no cookie and reads what it gets."""

    def __init__(self, app):
        self.app = app

    def fetch(self, url, body=None, headers=None):
        response = self.app.test_client().open(
            url.removeprefix(SITE),
            method="GET" if body is None else "POST",
            data=body,
            headers=headers,
            content_type=body and "application/x-www-form-urlencoded",
            base_url=SITE,
            follow_redirects=True,
        )
        named = {name.lower(): value for name, value in response.headers}
        return fetchers.HTTPResponse(
            response.request.url, response.status_code, named, response.text
        )


class ProviderCase(TestCase):
    """A member of ours, miguel, and a foreign site that has the library read our answers."""

    message = staticmethod(request_path)

    def setUp(self):
        super().setUp()
        self.store = MemoryStore()
        self.negotiator = None

    def member(self, username: str = "miguel", email: str = "") -> Browser:
        """Return the browser of a new account, which is signed in there."""
        browser = self.browser()
        browser.join_provider(username, email)
        self.assertEqual(browser.path, "/openid")
        return browser

    @contextlib.contextmanager
    def consumer(self):
        before = fetchers.getDefaultFetcher()
        fetchers.setDefaultFetcher(ClientFetcher(self.app))
        try:
            one = consumer.Consumer({}, self.store)
            if self.negotiator:
                one.consumer.negotiator = SessionNegotiator(self.negotiator)
            yield one
        finally:
            fetchers.setDefaultFetcher(before)

    def ask(self, identity: str = ENDPOINT, extensions=(), realm=REALM, immediate=False) -> str:
        """Return the address to which the foreign site sends its visitor."""
        with self.consumer() as one:
            request = one.begin(identity)
        for extension in extensions:
            request.addExtension(extension)
        return request.redirectURL(realm, RETURN_TO, immediate)

    def verdict(self, browser: Browser):
        """Let the foreign site judge what `browser` brought back."""
        if browser.response is None:
            query = dict(parse_qsl(urlsplit(browser.url).query))
        else:
            form = next(form for form in browser.page.forms if "openid.mode" in form.fields)
            query = dict(parse_qsl(urlsplit(form.action).query)) | form.fields
        with self.consumer() as one:
            return one.complete(query, RETURN_TO)

    def direct(self, **fields):
        """Send a machine's message; gives the response and its fields."""
        response = self.app.test_client().post(
            "/openid",
            data={f"openid.{name}": value for name, value in fields.items()},
            base_url=SITE,
        )
        pairs = [line.split(":", 1) for line in response.text.splitlines() if ":" in line]
        return response, dict(pairs)
