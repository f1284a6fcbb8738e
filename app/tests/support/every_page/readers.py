"""The people of the site with every page, what they have written, and their browsers."""

import contextlib
import copy
from unittest import mock

import sqlalchemy as sa
from flask import Flask

from app import db
from app.database import now, writing
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
from app.models.notifications.mail import unsubscribing_token
from app.models.tokens import hashed
from app.provider.models import Account, AccountSignIn, Consent
from app.provider.second_factor.models import RecoveryCode, SecondFactor, bare
from app.queries.joining import applications
from app.queries.pagination import PAGE_SIZE
from app.tests.support.base import SITE, Browser, JoinMixin
from app.tests.support.every_page.page import SitePage
from app.tests.support.people.mailed import mail_links

LONGEST_WORD = "Schifffahrtsgesellschaftskapitänsmützenfabrik" * 3
LONGEST_NICKNAME = "x" * 64
# Somebody new, who takes a long time over a nickname.
NEWCOMER = ["https://newcomer.example.com/", None, False, 2**33]
# A recovery code of the account "guarded", which asks for codes.
RECOVERY = "aaaa-bbbb-cccc-dddd"
# The id of a post that is hidden; beyond those of all others.
HIDDEN = 1000
# Stands for what ends the letters to susan; only the application can make it.
UNSUBSCRIBE = "/unsubscribe?token=susan"
# And that of the first of a conversation, with four replies.
TALK = 900
BODIES = [
    "<script>\u202e hello & goodbye",
    "The first tea of the year, and the last of the biscuits. #tea",
    "@miguel have you seen https://example.com/tea/4711?from=here&to=there#steep #tea",
    LONGEST_WORD,
    "https://example.com/" + "a" * 119,
    "One line\n\nand another, with an umbrella ☂ and 日本語 and שלום",
]


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
            self.browsers["guarded"] = self._guarded()
            self._talk(susan, quiet)
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
        """Return a browser whose session holds these values."""
        browser = Browser(self.app, self.origin)
        if kept:
            with browser.client.session_transaction(base_url=self.origin) as session:
                session.update(kept)
        return browser

    def _asking(self, name: str) -> Browser:
        identifier = f"https://{name}.example.com/"
        Application.ask(identifier, name, None, f"I like tea, and {LONGEST_WORD}"[:140], name)
        return self._browser(newcomer=[identifier, *NEWCOMER[1:]])

    def _guarded(self) -> Browser:
        """Return the browser of somebody who has typed a code."""
        browser = self._browser()
        browser.join_provider("guarded")
        with writing() as session:
            account = Account.find("guarded")
            session.add(SecondFactor(account_id=account.id, salt="", last_step=0))
            session.add(RecoveryCode(account_id=account.id, code_hash=hashed(bare(RECOVERY))))
            of_account = AccountSignIn.account_id == account.id
            session.execute(sa.update(AccountSignIn).where(of_account).values(with_code=True))
        return browser

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

    def _talk(self, susan: User, quiet: User) -> None:
        """Let the two have a conversation, of which a post in the middle is gone."""
        said = (
            (susan, "What goes with tea?", None),
            (quiet, f"Biscuits, @susan, and {LONGEST_WORD}"[:140], TALK),
            (susan, "Which ones?", TALK + 1),
            (susan, "Beg your pardon", TALK + 1),
            (quiet, "No offence taken", TALK + 3),
        )
        with writing() as session:
            session.add_all(
                Post(id=TALK + n, user_id=who.id, body=body, reply_to_id=to, thread_id=TALK)
                for n, (who, body, to) in enumerate(said)
            )
        Post.delete(TALK + 3, susan.id)

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
        mail_links(miguel)
        return browser

    def path(self, page: SitePage) -> str:
        """Return where a page is, as far as only the application knows it."""
        if page.path != UNSUBSCRIBE:
            return page.path
        with self.app.app_context():
            return f"/unsubscribe?token={unsubscribing_token(User.find('susan').id)}"

    def visit(self, page: SitePage) -> Browser:
        """Go to a page with the tests' own browser, and give it as it is there."""
        browser = self.browsers[page.reader]
        with self.changed(page):
            browser.get(self.path(page))
            if page.link:
                browser.get(first_link(browser, page.link))
            if page.action:
                fields = {**browser.page.forms[0].fields, **page.typed}
                browser.post(page.action, fields)
            elif page.is_sent:
                browser.submit(button=page.button or None, **page.typed)
        return copy.copy(browser)

    def changed(self, page: SitePage) -> contextlib.AbstractContextManager:
        """Return a block in which the application has the settings of `page`."""
        return mock.patch.dict(self.app.config, page.changes)


def first_link(browser: Browser, text: str) -> str:
    """Return where the first link leads whose text begins like this."""
    return next(href for words, href in browser.page.links.items() if words.startswith(text))
