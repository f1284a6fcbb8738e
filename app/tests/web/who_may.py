"""Who may do what: every way to change something, for everybody, with own things and others'."""

import io
from functools import reduce
from typing import NamedTuple
from unittest import mock

import sqlalchemy as sa

from app import db
from app.database import now, writing
from app.models import (
    Application,
    Block,
    ConfirmedEmail,
    Identity,
    Invitation,
    MailChoice,
    SignIn,
    Thing,
    User,
    followers,
)
from app.models.moderation.decisions import Decision, decide
from app.tests.support.base import PeopleTestCase
from app.tests.support.data.archives import archived, line

# What becomes of it. Nothing changes but by the first.
DONE, TOLD, SIGN_IN, NO_PAGE = "done", "told", "asked to sign in", "no such page"

# Who tries, by their nicknames. Whoever is suspended had signed in, and has proved an OpenID since.
ROLES = {"visitor": None, "suspended": "eve", "member": "john", "moderator": "mary"}
# Whose things are those of others, be it a member or a moderator who tries.
OTHER = "susan"

Outcomes = dict[str, str]


def outcomes(visitor: str, member: str, moderator: str) -> Outcomes:
    # Whoever is suspended is a visitor.
    return dict(zip(ROLES, (visitor, visitor, member, moderator), strict=True))


BY_MEMBERS = outcomes(SIGN_IN, DONE, DONE)
# Members read that there is nothing to do, or what is wrong.
IN_VAIN = outcomes(SIGN_IN, TOLD, TOLD)
BY_NOBODY = outcomes(SIGN_IN, NO_PAGE, NO_PAGE)
BY_MODERATORS = outcomes(NO_PAGE, NO_PAGE, DONE)
# Not even that there is such a page is told.
BY_NOBODY_AT_ALL = outcomes(NO_PAGE, NO_PAGE, NO_PAGE)


class Deed(NamedTuple):
    """A form that is sent, and what becomes of it with own things, and with those of others."""

    path: str
    # The table that changes when it is done.
    table: str
    own: Outcomes | None
    others: Outcomes | None = None
    fields: dict[str, str] = {}


REPORT = {"choice": "abuse", "sentence": "It is rude."}
WARN = {"kind": "warn", "reason": "Be kind.", "seen": "0", "newest_report": "0"}
DEEDS = (
    # Posts and conversations.
    Deed("/", "post", BY_MEMBERS, fields={"post": "New"}),
    Deed("/index", "post", BY_MEMBERS, fields={"post": "New"}),
    Deed("/post/{post}/edit", "post", BY_MEMBERS, BY_NOBODY, {"post": "New"}),
    Deed("/post/{post}/delete", "post", BY_MEMBERS, BY_NOBODY),
    Deed("/post/{post}/reply", "post", BY_MEMBERS, BY_MEMBERS, {"post": "New"}),
    *(
        Deed("/post/{post}/hear", "conversation_choice", BY_MEMBERS, BY_MEMBERS, {"choice": choice})
        for choice in ("stop", "follow")
    ),
    # People. What is one's own is oneself, and the follow or the block that ends.
    Deed("/user/{name}/follow", "followers", IN_VAIN, BY_MEMBERS),
    Deed("/user/{followed}/unfollow", "followers", BY_MEMBERS, IN_VAIN),
    Deed("/user/{name}/block", "block", IN_VAIN, BY_MEMBERS),
    Deed("/user/{blocked}/unblock", "block", BY_MEMBERS, IN_VAIN),
    # Order.
    Deed("/post/{post}/report", "report", BY_NOBODY, BY_MEMBERS, REPORT),
    Deed("/user/{name}/report", "report", BY_NOBODY, BY_MEMBERS, REPORT),
    Deed("/moderation/post/{post}", "action", BY_NOBODY_AT_ALL, BY_MODERATORS, WARN),
    Deed("/moderation/user/{name}", "action", BY_NOBODY_AT_ALL, BY_MODERATORS, WARN),
    *(
        Deed("/moderation/newcomers/{newcomer}", "application", None, BY_MODERATORS, answer)
        for answer in ({"let_in": "y"}, {"sentence": "Not now."})
    ),
    Deed("/invitations", "invitation", BY_MEMBERS),
    Deed("/invitations/{invitation}/withdraw", "invitation", BY_MEMBERS, IN_VAIN),
    # Oneself.
    Deed("/edit", "user", BY_MEMBERS, fields={"nickname": "{mine}", "about_me": "New"}),
    Deed("/settings/account/email", "user", BY_MEMBERS, fields={"email": "new@example.com"}),
    Deed("/settings/account/email/remove", "user", BY_MEMBERS),
    Deed("/settings/account/email/letters", "confirmed_email", BY_MEMBERS),
    # Another OpenID has to be proved first.
    Deed("/settings/account/openids", "identity", IN_VAIN),
    Deed("/settings/account/openids/{openid}/remove", "identity", BY_MEMBERS, IN_VAIN),
    Deed("/settings/account/sign-ins/end", "sign_in", BY_MEMBERS),
    Deed("/settings/account/sign-ins/{sign_in}/end", "sign_in", BY_MEMBERS, IN_VAIN),
    Deed("/settings/proof", "sign_in", None, BY_NOBODY, {"identity": "{openid}"}),
    Deed("/settings/notifications/feeds", "private_feed", BY_MEMBERS),
    Deed("/settings/notifications/mail", "mail_choice", BY_MEMBERS, fields={"pace": "off"}),
    # It changes nothing to take all of one's own along.
    Deed("/settings/data/export", "user", IN_VAIN),
    Deed("/settings/data/import", "brought_post", BY_MEMBERS),
    Deed("/settings/data/leave", "user", BY_MEMBERS, fields={"nickname": "{mine}"}),
)
# Here counts not who somebody is on this site, but what else they have: a password, an account
# of the provider, a newcomer's proof, a letter. Without that, nothing changes.
BY_OTHER_KEYS = (
    *("/login", "/login/nickname", "/join", "/suspended", "/announcement", "/unsubscribe"),
    *("/settings/account/email/confirm", "/openid", "/openid/consent", "/openid/code"),
    *("/openid/join", "/openid/sign-in", "/openid/sign-out", "/openid/password"),
    *("/openid/delete", "/openid/consents/1/forget", "/openid/forgotten", "/openid/recover"),
    *("/openid/second-factor", "/openid/second-factor/set-up"),
)
# Ends what the browser has, whoever that is.
SIGN_OUT = "/logout"


def _as_text(table: sa.Table) -> sa.Select:
    values = (sa.func.coalesce(sa.cast(column, sa.Text), "-") for column in table.columns)
    return sa.select(sa.literal(table.name), reduce(lambda row, value: row + "|" + value, values))


# One statement, for it is asked after each deed.
ALL = sa.union_all(*map(_as_text, db.metadata.sorted_tables))


class WhoMayDoWhatTests(PeopleTestCase):
    def setUp(self):
        super().setUp()
        # No letter is on its way to anybody.
        self.enterContext(mock.patch.dict(self.app.config, MAIL_SERVER=""))
        names = (*filter(None, ROLES.values()), OTHER, "carl", "dora", "bert", "fay")
        self.empty_database()
        people = {name: self.person(name, f"{name}@example.com") for name in names}
        with writing() as session:
            people["mary"].role = "moderator"
            newcomer = Application(
                identifier="https://new.example.com/", nickname="new", reason="Tea", address_hash=""
            )
            session.add(newcomer)
        self.things = {
            name: {"newcomer": newcomer.id, **self.things_of(people, name)}
            for name in {OTHER, *ROLES.values()} - {None}
        }
        self.signed_in = {
            role: self.sign_in(role, people.get(name)) for role, name in ROLES.items()
        }
        self.before = self.state()
        self.rows = {
            table: [row._asdict() for row in db.session.execute(sa.select(table))]
            for table in db.metadata.sorted_tables
        }

    def sign_in(self, role: str, user: User | None) -> tuple[str, str]:
        """Return the cookie of somebody's browser, and the token of its forms."""
        browser = self.browser(user)
        if role == "suspended":
            decide(Decision("suspend", Thing(user.id), "Enough.", 3), None)
            with browser.client.session_transaction(base_url=browser.origin) as session:
                session["suspended"] = [user.id, int(now().timestamp())]
        browser.get("/explore" if role in {"member", "moderator"} else "/login")
        return browser.cookie("session").value, browser.token()

    def undo(self) -> None:
        """Let the database hold what it did."""
        self.empty_database()
        with db.engine.begin() as connection:
            for table, rows in self.rows.items():
                if rows:
                    connection.execute(sa.insert(table), rows)
            # What it counts by itself is counted twice by now.
            users = User.__table__
            for row in self.rows[users]:
                connection.execute(sa.update(users).where(users.c.id == row["id"]).values(row))
        self.assertEqual(self.changed(), set())

    def things_of(self, people: dict[str, User], name: str) -> dict:
        user = people[name]
        followed, blocked = ("dora", "fay") if name == OTHER else ("carl", "bert")
        openid = Identity(identifier=f"https://{name}.example.org/", user_id=user.id)
        invitation = Invitation(token_hash=name, inviter_id=user.id, role="member")
        user_id, post = user.id, self.post(user, f"Hello from {name}")
        post_id = post.id
        with writing() as session:
            session.add_all([openid, invitation])
            session.add(Block(blocker_id=user_id, blocked_id=people[blocked].id))
            session.add(ConfirmedEmail(user_id=user_id, address=f"{name}@example.com"))
            session.add(MailChoice(user_id=user_id, pace="daily"))
            session.execute(
                sa.insert(followers).values(follower_id=user_id, followed_id=people[followed].id)
            )
        SignIn.begin(user_id, f"https://{name}.example.com/")
        ids = sa.select(SignIn.id).where(SignIn.user_id == user_id)
        return {
            "name": name,
            "post": post_id,
            "followed": followed,
            "blocked": blocked,
            "openid": openid.id,
            "invitation": invitation.id,
            "sign_in": db.session.scalar(ids),
        }

    def state(self) -> set[sa.Row]:
        """Return all that the database holds: each row as one text, with the name of its table."""
        db.session.rollback()
        return set(db.session.execute(ALL))

    def changed(self) -> set[str]:
        """Return the tables that are not as they were."""
        return {name for name, _ in self.state() ^ self.before}

    def send(self, role: str, path: str, fields: dict[str, str]):
        cookie, token = self.signed_in[role]
        browser = self.browser()
        browser.client.set_cookie("session", cookie, domain="127.0.0.1")
        sent = {**fields, "csrf_token": token}
        if path == "/settings/data/import":
            sent["archive"] = (io.BytesIO(archived(line(1))), "mine.zip")
        response = browser.post(path, sent, follow=False)
        # To its end, for an archive is made while it is read.
        response.get_data()
        return response

    def tried(self, deed: Deed, role: str, whose: str) -> tuple[str, set[str]]:
        """Return what becomes of a deed, and the tables that it changes."""
        mine = self.things[ROLES[role] or OTHER]
        values = {**(mine if whose == "own" else self.things[OTHER]), "mine": mine["name"]}
        fields = {name: value.format(**values) for name, value in deed.fields.items()}
        response = self.send(role, deed.path.format(**values), fields)
        changed = self.changed()
        if changed:
            self.undo()
        if response.status_code == 404:
            return NO_PAGE, changed
        # A reply is kept for afterwards.
        leads_there = response.headers.get("Location", "").startswith("/login?next=")
        if response.status_code == 401 or leads_there:
            return SIGN_IN, changed
        self.assertIn(response.status_code, {200, 302, 303, 400})
        return (DONE if deed.table in changed else TOLD), changed

    def test_every_deed_by_everybody(self):
        for deed in DEEDS:
            for whose, expected in (("own", deed.own), ("others", deed.others)):
                for role, outcome in (expected or {}).items():
                    if role == "visitor" and whose == "own" and "{" in deed.path:
                        # A visitor has nothing here.
                        continue
                    with self.subTest(deed.path, **deed.fields, whose=whose, role=role):
                        found, changed = self.tried(deed, role, whose)
                        self.assertEqual(found, outcome)
                        if outcome != DONE:
                            self.assertEqual(changed, set())

    def test_without_the_other_key_nothing_changes(self):
        for path in BY_OTHER_KEYS:
            for role in ROLES:
                with self.subTest(path, role=role):
                    self.assertLess(self.send(role, path, {}).status_code, 500)
                    self.assertEqual(self.changed(), set())

    def test_no_way_to_change_something_is_left_out(self):
        ways = self.app.url_map.bind("127.0.0.1:5000")
        things = dict.fromkeys(("post", "newcomer", "openid", "invitation", "sign_in"), 1)
        things |= dict.fromkeys(("name", "followed", "blocked"), "john")
        paths = [deed.path.format(**things) for deed in DEEDS] + [*BY_OTHER_KEYS, SIGN_OUT]
        tested = {ways.match(path, "POST", return_rule=True)[0].rule for path in paths}
        looking = {"GET", "HEAD", "OPTIONS"}
        rules = self.app.url_map.iter_rules()
        self.assertEqual({rule.rule for rule in rules if rule.methods - looking} - tested, set())
