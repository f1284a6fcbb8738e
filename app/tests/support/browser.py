"""A browser without script for an application in the tests' own process, and what it reads."""

from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit

from flask import Flask

from app.models import SignIn, User

SITE = "http://127.0.0.1:5000"
PASSWORD = "correct horse battery"


class Browser:
    """A browser without script: keeps cookies, follows redirects, fills in the forms it sees."""

    # The response that was read last, and what was read.
    _read: tuple | None = None

    def __init__(self, app: Flask, origin: str = SITE):
        self.app = app
        self.client = app.test_client()
        self.origin = origin
        self.url = origin + "/"
        self.visited: list[str] = []

    def sign_in(self, user: User) -> None:
        """Be signed in as `user`, without the long way."""
        self.take_sign_in(SignIn.begin(user.id, user.identifiers()[0]))

    def take_sign_in(self, token: str) -> None:
        """Show the token of a sign-in from now on."""
        with self.client.session_transaction(base_url=self.origin) as session:
            session["_user_id"] = token

    def take_cookies(self, browser: "Browser", *names: str) -> "Browser":
        """Show these cookies of `browser` from now on, as a thief or a backup would have them."""
        for name in names:
            value = browser.cookie(name).value
            self.client.set_cookie(name, value, domain=urlsplit(self.origin).hostname)
        return self

    def join_provider(self, username: str, email: str = "") -> None:
        """Make an account at the site's own provider, which signs nobody in at the site yet."""
        self.get("/openid/join")
        form = {"csrf_token": self.token(), "username": username, "email": email}
        self.post("/openid/join", {**form, "password": PASSWORD})

    def ask_own_provider(self, **values) -> None:
        """Begin a sign-in at the site's own provider; one who is signed in there comes back."""
        if self.path != "/login":
            self.get("/login")
        if self.path == "/login":
            fields = next(form.fields for form in self.page.forms if "openid" in form.fields)
            self.post("/login", {**fields, "provider": "own", **values})

    def get(self, url: str, **options):
        return self._open("GET", url, **options)

    def post(self, url: str, data: dict | None = None, **options):
        """Send `data` as this site's own page would, with the token of the page seen last."""
        headers = {"Origin": self.origin, "Referer": self._referer(self.url)}
        headers |= options.pop("headers", {})
        return self._open("POST", url, data=data or {}, headers=headers, **options)

    def submit(self, *labels: str, button: str | None = None, **values):
        """Fill in the first form that has all these fields (and the button) and send it.

        A form is chosen by its field names; `button` names the button by its text.
        """
        for form in self.page.forms:
            if set(values) <= form.names and (button is None or button in form.buttons):
                data = {**form.fields, **values}
                if button and form.buttons[button][0]:
                    name, value = form.buttons[button]
                    data[name] = value
                return self._open(
                    form.method,
                    urljoin(self.url, form.action or self.url),
                    data=data,
                    headers={"Origin": self.origin, "Referer": self.url},
                )
        raise AssertionError(f"no form with {sorted(values)} and {button!r} in:\n{self.text}")

    def _referer(self, url: str) -> str:
        # As browsers do, which leave out the path of a long one.
        return url if len(url) <= 4096 else self.origin + "/"

    def _open(self, method: str, url: str, follow: bool = True, data=None, headers=None):
        url = urljoin(self.url, url)
        for _ in range(10):
            self.visited.append(f"{method} {url}")
            parts = urlsplit(url)
            own = url.startswith(self.origin + "/")
            if not own:
                # Another site: what happens there is that test's business.
                self.url, self.response = url, None
                return None
            # Flask lends a request the context that is open here, with its user and its
            # database session; a visitor's request has its own.
            with self.app.app_context():
                self.response = self.client.open(
                    parts.path or "/",
                    method=method,
                    query_string=parts.query,
                    data=data,
                    headers=headers,
                    base_url=self.origin,
                )
            self.url = url
            if not (follow and self.response.status_code in {301, 302, 303, 307, 308}):
                break
            if self.response.status_code not in {307, 308}:
                method, data, headers = "GET", None, {"Referer": self._referer(url)}
            url = urljoin(url, self.response.headers["Location"])
        else:
            raise AssertionError("too many redirects: " + " → ".join(self.visited[-10:]))
        return self.response

    @property
    def status(self) -> int:
        return self.response.status_code

    @property
    def text(self) -> str:
        return self.response.get_data(as_text=True) if self.response else ""

    @property
    def page(self) -> "Page":
        """Return the page as it came, which is read once for however many questions."""
        if self._read is None or self._read[0] is not self.response:
            self._read = self.response, Page(self.text)
        return self._read[1]

    @property
    def path(self) -> str:
        return urlsplit(self.url).path

    def token(self) -> str:
        """Return the CSRF token of the page."""
        return next(form.fields["csrf_token"] for form in self.page.forms)

    def cookie(self, name: str):
        return self.client.get_cookie(name, domain=urlsplit(self.origin).hostname)


class Form:
    def __init__(self, attributes: dict):
        self.action = attributes.get("action") or ""
        self.method = (attributes.get("method") or "get").upper()
        self.fields: dict[str, str] = {}
        # All names, those of boxes that are not ticked too.
        self.names: set[str] = set()
        # The text of a button → its name and value.
        self.buttons: dict[str, tuple[str | None, str | None]] = {}


class Page(HTMLParser):
    """What a test wants to know of a page: its words, heading, links, forms and messages."""

    def __init__(self, text: str):
        super().__init__()
        self.forms: list[Form] = []
        self.links: dict[str, str] = {}
        self.headings: list[str] = []
        self.alerts: list[str] = []
        self.statuses: list[str] = []
        self.words = ""
        self._open: list[tuple[str, dict, list[str]]] = []
        self._form: Form | None = None
        self.feed(text)
        self.close()

    def value(self, field: str) -> str:
        """Return what stands in the first field of that name."""
        return next(form.fields[field] for form in self.forms if field in form.fields)

    @property
    def heading(self) -> str:
        return self.headings[0] if self.headings else ""

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        if tag == "form":
            self._form = Form(attributes)
            self.forms.append(self._form)
        if tag == "input" and self._form is not None and attributes.get("name"):
            unchecked = attributes.get("type") == "checkbox" and "checked" not in attributes
            self._form.names.add(attributes["name"])
            if not unchecked:
                self._form.fields[attributes["name"]] = attributes.get("value") or ""
        if tag not in {"input", "meta", "link", "img", "br"}:
            self._open.append((tag, attributes, []))

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag):
        while self._open:
            name, attributes, pieces = self._open.pop()
            text = " ".join("".join(pieces).split())
            if name == "button" and self._form is not None:
                self._form.buttons[text] = (attributes.get("name"), attributes.get("value"))
            elif name == "textarea" and self._form is not None and attributes.get("name"):
                # The parser keeps the line break that HTML drops after the tag.
                self._form.names.add(attributes["name"])
                self._form.fields[attributes["name"]] = "".join(pieces).removeprefix("\r\n")
            elif name == "a":
                self.links[text] = attributes.get("href") or ""
            elif name == "h1":
                self.headings.append(text)
            elif name == "form":
                self._form = None
            if attributes.get("role") == "alert":
                self.alerts.append(text)
            if attributes.get("role") == "status":
                self.statuses.append(text)
            if name == tag:
                break

    def handle_data(self, data):
        for _, _, pieces in self._open:
            pieces.append(data)
        if not any(name in {"script", "style", "head"} for name, _, _ in self._open):
            self.words += data
