"""Every page of the site, in one list: what holds for all of them is tested on all of these."""

import contextlib
import copy
from typing import NamedTuple
from unittest import mock

import sqlalchemy as sa
from flask import Flask, abort

from app import create_app, db
from app.database import now, writing
from app.database.upgrade import upgrade
from app.extensions import csrf, limiter
from app.models import (
    Application,
    Block,
    HiddenPost,
    Invitation,
    Post,
    Report,
    Suspension,
    Thing,
    User,
)
from app.models.joining import admission as joining
from app.models.moderation.decisions import Decision, decide
from app.provider.models import Account, Consent
from app.queries.joining import applications
from app.queries.pagination import PAGE_SIZE
from app.tests.support.base import SITE, Browser, JoinMixin, settings
from app.tests.support.failures import add_failing_pages
from app.tests.support.openid.relying_party import REALM, request_path

LONGEST_WORD = "Schifffahrtsgesellschaftskapitänsmützenfabrik" * 3
LONGEST_NICKNAME = "x" * 64
# Somebody new, who takes a long time over a nickname.
NEWCOMER = ["https://newcomer.example.com/", None, False, 2**33]
# The id of a post that is hidden; beyond those of all others.
HIDDEN = 1000
BODIES = [
    "<script>\u202e hello & goodbye",
    "The first tea of the year, and the last of the biscuits. #tea",
    "@miguel have you seen https://example.com/tea/4711?from=here&to=there#steep #tea",
    LONGEST_WORD,
    "https://example.com/" + "a" * 119,
    "One line\n\nand another, with an umbrella ☂ and 日本語 and שלום",
]


class SitePage(NamedTuple):
    """How to get to a page: open `path`, follow `link`, then send the form with these fields."""

    name: str
    path: str
    # A visitor; a newcomer, whose provider sent no name; somebody invited; two who have asked to
    # join, waiting and refused; miguel, a member in every way; or quiet, a member with little
    # to read, so that a browser is quick to look at it; a moderator, and the chief, about whom
    # there is a report; somebody suspended who has proved an OpenID; or ranger,
    # a moderator with an account here and no other way in.
    reader: str = "visitor"
    status: int = 200
    # How the link's text begins.
    link: str = ""
    typed: dict[str, str] = {}
    button: str = ""
    # Where the form is sent, if not where it says.
    action: str = ""
    # Settings that are other than usual on this page.
    changes: dict[str, str] = {}

    @property
    def is_sent(self) -> bool:
        """Tell whether it is the answer to a form."""
        return bool(self.typed or self.button)


def _page(path: str, reader: str = "visitor", name: str = "", status: int = 200, **how) -> SitePage:
    return SitePage(name or f"{path} {reader}", path, reader, status, **how)


def _refused(path: str, name: str, reader: str = "visitor", status: int = 400, **typed) -> SitePage:
    return _page(path, reader, name, status, typed=typed)


def pages(origin: str = SITE) -> list[SitePage]:
    """Give every page of the site at `origin`."""
    asked = request_path()
    asked_at_length = request_path(return_to=REALM + "return?" + "x" * 2000)
    identity = origin + "/id/miguel"
    asked_again = request_path(
        **{"ns.pape": "http://specs.openid.net/extensions/pape/1.0", "pape.max_auth_age": "0"}
    )
    asked_by_name = request_path(claimed_id=identity, identity=identity)
    return [
        *map(_page, ("/login", "/logout", "/openid", "/openid/sign-in", "/openid/join")),
        *map(_page, ("/explore?older=9", "/post/1", "/user/susan", "/search", "/id/miguel")),
        # The one page that is full.
        _page("/", "member"),
        _page("/explore?older=9", "member"),
        _page("/explore?older=1", name="past the oldest post"),
        _page("/search?q=tea", "member"),
        _page("/search?q=quiet", "member"),
        _page("/search/people?q=x", "member"),
        _page("/search/people?q=zzz", name="a search for nobody"),
        _page("/search?q=zzz", name="a search that finds nothing"),
        _page("/search?q=%21", name="a search for no word"),
        _page("/tag/tea", "member"),
        _page("/tag/unused", name="an unused tag"),
        _page("/user/susan/followers", "member"),
        _page("/user/susan/following"),
        _page("/user/quiet/followers", name="followed by nobody"),
        _page("/user/miguel?older=9", "member"),
        _page("/user/susan", "member"),
        _page("/user/quiet", name="a profile without posts"),
        _page("/user/quiet", "ranger", "a profile with an old name"),
        _page(f"/user/{LONGEST_NICKNAME}", name="the longest nickname"),
        _page("/user/nobody", "quiet", "nobody of that name"),
        _page("/post/1", "member"),
        _page("/user/miguel?older=9", "member", "editing a post", link="Edit your post"),
        _page("/user/miguel?older=9", "member", "deleting a post", link="Delete your post"),
        _page("/user/noisy", "member", "a profile of somebody blocked"),
        _page("/post/7", "member", "a post of somebody blocked", 404),
        _page("/user/outcast", name="a profile of somebody suspended"),
        _page("/settings/blocked", "member"),
        _page("/settings/blocked", "quiet", "nobody blocked"),
        _page("/edit", "member"),
        _page("/edit/delete", "member"),
        _page("/settings/data", "member"),
        _page("/edit/proof?next=/edit", "member"),
        _page("/logout", "member"),
        _page("/openid", "member"),
        _page("/openid/password", "member"),
        _page("/openid/delete", "member"),
        _page("/openid/delete", "ranger"),
        _page("/login/nickname", "newcomer"),
        # Joining.
        _page("/login", name="signing in where newcomers ask", changes={"JOIN": "ask"}),
        _page("/login", name="signing in where they are invited", changes={"JOIN": "invite"}),
        _page("/login", name="signing in where nobody joins", changes={"JOIN": "closed"}),
        _page("/login", "invited", "signing in by an invitation"),
        _page("/join?invitation=ended", "newcomer", "an invitation that has ended"),
        _page("/openid/join", "invited", "an account by an invitation"),
        _page("/join", "newcomer", "asking to join", changes={"JOIN": "ask"}),
        _refused(
            "/join", "a refused question", "newcomer", nickname="susan", reason="x" * 141
        )._replace(changes={"JOIN": "ask"}),
        _page("/join/waiting", "waiting", changes={"JOIN": "ask"}),
        _page("/join/waiting", "refused", changes={"JOIN": "ask"}),
        _page("/invitations", "member"),
        _page("/invitations", "quiet"),
        _page("/invitations", "member", "an invitation just made", button="Make an invitation"),
        _page("/invitations", "member", "no invitations", changes={"JOIN": "closed"}),
        _page("/members/tree", "member"),
        _page("/members/tree?from=susan"),
        _page("/user/ingrid", name="an invited member"),
        _page("/notifications", "member"),
        _page("/notifications", "quiet"),
        _page("/post/1/report", "member"),
        _page("/user/susan/report", "quiet"),
        _page("/moderation", "moderator"),
        _page("/moderation", "chief", "nothing waits"),
        _page("/moderation/post/1", "moderator"),
        _page(f"/moderation/post/{HIDDEN}", "moderator", "a hidden post"),
        _page("/moderation/user/outcast", "moderator", "an answer to a suspension"),
        _page("/moderation/user/chief", "moderator", "another moderator"),
        _page("/moderation/log"),
        _page("/moderation/log?older=1", name="past the first decision"),
        _page("/suspended", "suspended"),
        _refused("/post/1/report", "a report without a sentence", "member", sentence="")._replace(
            button="Something else"
        ),
        _refused(
            "/moderation/post/1", "a decision without a reason", "moderator", reason=""
        )._replace(button="Warn them"),
        _refused("/moderation/user/susan", "no number of days", "moderator", days="many")._replace(
            button="Suspend for so many days"
        ),
        _refused("/suspended", "an empty answer", "suspended", appeal=""),
        # Forms that were refused, and one that went well.
        _refused("/login", "no OpenID", openid=""),
        _refused("/login", "an address without an OpenID", openid="http://127.0.0.1:1/nobody"),
        _refused("/login", "no username", username="")._replace(button="LiveJournal"),
        _refused("/login/nickname", "an odd nickname", "newcomer", nickname="not a nickname"),
        _refused("/", "too long a post", "quiet", post="x" * 141),
        _refused("/", "an empty post", "quiet", post=""),
        _refused("/edit", "a refused profile", "member", nickname="susan", about_me="x" * 200),
        _refused("/edit", "an OpenID that is none", "member", 200, openid="127.0.0.1:1"),
        _refused("/edit", "a saved profile", "member", 200, about_me="Tea, trains and maps."),
        _refused("/edit/delete", "somebody else's nickname", "member", nickname="susan"),
        _refused("/openid/sign-in", "a wrong password", username="miguel", password="not that"),
        _refused("/openid/join", "a refused account", username="miguel", password="x", email="x"),
        _refused("/openid/password", "a refused password", "member", old_password="x", password=""),
        _refused("/openid/delete", "a refused farewell", "member", password="not that"),
        # Our provider, asked by another site.
        _page(asked, name="signing in for another site"),
        _page(asked, name="joining for another site", link="Make one"),
        _page(asked_by_name, name="signing in as somebody"),
        _page(asked, "member", "consent"),
        _page(asked_again, "member", "the password again"),
        _page(asked_at_length, "member", "a form that sends itself", button="Deny"),
        _page("/openid/join", "visitor", "no new accounts", 403, changes={"PROVIDER": "closed"}),
        # What goes wrong.
        _page(request_path(return_to="javascript:x"), "visitor", "a request that is refused", 400),
        _page("/openid/consent?request=ended", "member", "an ended sign-in", 410),
        _page("/nowhere", status=404),
        _page("/nowhere", "member", status=404),
        _page("/forbidden", "member", status=403),
        _page("/user/susan/follow", "member", status=405),
        _page("/fail", "member", status=500),
        _page("/busy", "member", status=503),
        _refused("/", "far too long a post", "member", 413, post="x" * 100_000),
        _refused("/", "an expired form", "member", post="hard to write", csrf_token="stale"),
        _refused("/login", "too often", status=429, openid="you")._replace(action="/too-often"),
        _refused("/login", "signed out", status=401, openid="you")._replace(action="/edit"),
    ]


def site_of_every_page(database_url: str, **changes) -> Flask:
    """Give an application with all of these pages, on a database that is still empty."""
    values = settings(
        DATABASE_URL=database_url, TESTING=False, RATELIMIT_ENABLED="on", GRAVATAR="off"
    )
    app = create_app(**{**values, **changes})
    upgrade(app)
    limiter.reset()
    add_failing_pages(app)

    # No page of ours answers with it, and there are words for it all the same.
    @app.get("/forbidden")
    def forbidden():
        abort(403)

    @app.get("/busy")
    def be_busy():
        abort(503)

    @app.post("/too-often")
    @csrf.exempt
    @limiter.limit("1 per day")
    def do_seldom():
        return "done"

    return app


class Readers(JoinMixin):
    """The people of such a site, and a browser for each kind of reader."""

    def __init__(self, app: Flask, origin: str = SITE):
        self.app, self.origin = app, origin
        with app.app_context():
            susan = self._person("susan")
            quiet = self._person("hush")
            quiet.update_profile("quiet", "")
            quiet.follow(susan)
            self._person(LONGEST_NICKNAME)
            for body in BODIES:
                susan.write(body)
            noisy = self._person("noisy")
            noisy.write("Not for everybody")
            visitor = self._browser()
            visitor.post("/too-often")
            self.browsers = {
                "visitor": visitor,
                "member": self._member(susan),
                "newcomer": self._browser(newcomer=NEWCOMER),
                "quiet": self._browser(),
                "invited": self._browser(invitation=Invitation.make(susan.id, "member")),
                "waiting": self._asking("waiting"),
                "refused": self._asking("refused"),
                "moderator": self._browser(),
                "chief": self._browser(),
                "suspended": self._keep_order(susan, quiet),
                "ranger": self.join("ranger", browser=self._browser()),
            }
            with writing():
                User.find("ranger").role = "moderator"
            joining.refuse(
                applications.waiting()[-1], susan, "We are full. Please ask again in spring."
            )
            self.browsers["quiet"].sign_in(quiet)
            self.browsers["moderator"].sign_in(User.find("warden"))
            self.browsers["chief"].sign_in(User.find("chief"))
            db.session.remove()
            db.session.registry.clear()

    def _browser(self, **kept) -> Browser:
        """Give a browser whose session holds these values."""
        browser = Browser(self.app, self.origin)
        if kept:
            with browser.client.session_transaction(base_url=self.origin) as session:
                session.update(kept)
        return browser

    def _asking(self, name: str) -> Browser:
        identifier = f"https://{name}.example.com/"
        Application.ask(identifier, name, None, f"I like tea, and {LONGEST_WORD}"[:140], name)
        return self._browser(newcomer=[identifier, *NEWCOMER[1:]])

    def _person(self, nickname: str) -> User:
        return User.sign_up(f"https://{nickname}.example.com/", nickname, None)

    def _keep_order(self, susan: User, quiet: User) -> Browser:
        """Let people report and moderators decide; give the browser of somebody suspended."""
        gone = self._person("outcast")
        for nickname in ("warden", "chief"):
            moderator = self._person(nickname)
            with writing():
                moderator.role = "moderator"
        warden, chief = User.find("warden"), User.find("chief")
        Report.make(quiet.id, Thing(susan.id, 1), "abuse", LONGEST_WORD)
        Report.make(warden.id, Thing(chief.id), "other", "They are a moderator.")
        decide(Decision("warn", Thing(User.find("quiet").id), "Shh."), None)
        decide(Decision("suspend", Thing(gone.id), LONGEST_WORD), warden)
        Suspension.answer(gone.id, f"{LONGEST_WORD}\nI was tired.")
        hushed = self._person("hushed")
        with writing() as session:
            session.add(Post(id=HIDDEN, user_id=hushed.id, body="HEAR ME"))
        decide(Decision("hide", Thing(hushed.id, HIDDEN), "Not so loud."), chief)
        decide(Decision("suspend", Thing(hushed.id), "Too loud.", 3), warden)
        return self._browser(suspended=[hushed.id, int(now().timestamp())])

    def _member(self, susan: User) -> Browser:
        browser = self.join("miguel", "miguel@example.com", self._browser())
        miguel = User.find("miguel")
        miguel.follow(susan)
        susan.follow(miguel)
        for inviter, name in ((susan, "ingrid"), (User.find("quiet"), "tom"), (susan, "una")):
            token = Invitation.make(inviter.id, "member")
            joining.admit(f"https://{name}.example.com/", name, None, token)
        token = Invitation.make(User.find("ingrid").id, "member")
        joining.admit("https://uwe.example.com/", "uwe", None, token)
        token = Invitation.make(miguel.id, "member")
        joining.admit("https://zoe.example.com/", "zoe", None, token)
        for _ in range(2):
            Invitation.make(miguel.id, "member")
        miguel.add_identity("https://people.example.com/a/rather/long/address/of/miguel")
        miguel.update_profile("miguel", "Tea, trains and maps.")
        for number in range(PAGE_SIZE):
            miguel.write(f"Cup number {number}, with @susan")
        post = miguel.write("A second thought")
        Post.edit(post.id, miguel.id, "A third thought")
        with writing() as session:
            session.add(HiddenPost(post_id=post.id, reason="It attacks somebody"))
        Block.begin(miguel.id, User.find("noisy").id)
        account = db.session.scalar(sa.select(Account).where(Account.username_key == "miguel"))
        Consent.remember(account, "https://forum.example/")
        return browser

    def visit(self, page: SitePage) -> Browser:
        """Go to a page with the tests' own browser, and give it as it is there."""
        browser = self.browsers[page.reader]
        with self.changed(page):
            browser.get(page.path)
            if page.link:
                browser.get(first_link(browser, page.link))
            if page.action:
                fields = {**browser.page.forms[0].fields, **page.typed}
                browser.post(page.action, fields)
            elif page.is_sent:
                browser.submit(button=page.button or None, **page.typed)
        return copy.copy(browser)

    def changed(self, page: SitePage) -> contextlib.AbstractContextManager:
        """Give a block in which the application has the settings of `page`."""
        return mock.patch.dict(self.app.config, page.changes)


def first_link(browser: Browser, text: str) -> str:
    """Give where the first link leads whose text begins like this."""
    return next(href for words, href in browser.page.links.items() if words.startswith(text))
