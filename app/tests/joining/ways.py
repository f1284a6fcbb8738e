"""Who may become a user: every way in under every JOIN, and what the keeper does."""

from app import create_app, db
from app.database import writing
from app.models import Invitation, RefusedIdentifier, User
from app.models.joining import admission as rules
from app.models.joining.admission import Entry, NotWelcome
from app.tests.support.base import PASSWORD, SITE, Browser, TestCase, settings
from app.tests.support.people.joining import JoiningCase
from app.views.joining.applications import ENDED, TURNED_AWAY

SETTINGS = ("open", "ask", "invite", "closed")
# Where somebody new ends who does not become a user.
ELSEWHERE = {"ask": "/join", "invite": "/login", "closed": "/login"}


class WaysTests(JoiningCase):
    """Every way in, under every setting."""

    def own_account(self, join: str) -> Browser:
        with self.under(join):
            return self.join("miguel")

    def own_account_of_nobody(self, join: str) -> Browser:
        self.browser().join_provider("miguel")
        browser = self.browser()
        with self.under(join):
            return self.sign_in_here(browser)

    def sign_in_here(self, browser: Browser, password: str = PASSWORD) -> Browser:
        browser.get("/login")
        browser.ask_own_provider()
        if browser.path == "/openid/sign-in":
            browser.submit(username="miguel", password=password)
        return browser

    def own_account_of_somebody_removed(self, join: str) -> Browser:
        self.join("miguel")
        User.find("miguel").delete()
        with self.under(join):
            return self.sign_in_here(self.browser())

    def reset_password(self, join: str) -> Browser:
        self.browser().join_provider("miguel")
        with self.under(join):
            result = self.run_command("account", "reset", "miguel")
            password = result.output.split("is ")[1].split()[0]
            return self.sign_in_here(self.browser(), password)

    def foreign_openid(self, join: str) -> Browser:
        with self.under(join):
            return self.foreign("susan")

    def foreign_openid_without_a_name(self, join: str) -> Browser:
        self.provider.nickname = self.provider.email = None
        with self.under(join):
            browser = self.foreign("susan")
            if browser.path == "/login/nickname":
                browser.submit(nickname="susan")
            return browser

    def form_left_open(self, join: str) -> Browser:
        self.provider.nickname = self.provider.email = None
        browser = self.foreign("susan")
        self.assertEqual(browser.path, "/login/nickname")
        with self.under(join):
            browser.submit(nickname="susan")
        return browser

    WAYS = (
        own_account,
        own_account_of_nobody,
        own_account_of_somebody_removed,
        reset_password,
        foreign_openid,
        foreign_openid_without_a_name,
        form_left_open,
    )

    def test_each_makes_a_user_only_where_anybody_may_join(self):
        for way in self.WAYS:
            for join in SETTINGS:
                with self.subTest(way=way.__name__, join=join):
                    self.empty_database()
                    self.provider.reset()
                    browser = way(self, join)
                    self.assertEqual(browser.status, 200)
                    if join == "open":
                        self.assertEqual(len(self.users()), 1)
                        self.assertRegex(browser.page.heading, "^Hi, ")
                    else:
                        self.assertEqual(self.users(), set())
                        self.assertEqual(browser.path, ELSEWHERE[join])
                        told = [] if join == "ask" else [TURNED_AWAY[Entry(join)]]
                        self.assertEqual(browser.page.alerts, told)
                        browser.get("/edit")
                        self.assertEqual(browser.path, "/login")

    def test_who_is_a_user_gets_in_and_adds_an_openid_under_each(self):
        for join in SETTINGS:
            with self.subTest(join):
                self.empty_database()
                browser = self.foreign("susan")
                before = self.users()
                with self.under(join):
                    browser.get("/settings/account")
                    browser.submit(openid=f"{self.provider.origin}/id/other-{join}")
                    self.come_back(browser, self.decide(browser))
                    self.assertEqual(
                        browser.page.statuses, ["You can sign in with your new OpenID from now on."]
                    )
                    self.assertRegex(self.foreign(f"other-{join}").page.heading, "^Hi, susan")
                self.assertEqual(self.users(), before)

    def test_whose_invitation_lets_in_under_each(self):
        member, moderator, keeper = "bob", "ana", None
        for join, may in {
            "open": {member, moderator, keeper},
            "ask": {moderator, keeper},
            "invite": {member, moderator, keeper},
            "closed": {keeper},
        }.items():
            for inviter in (member, moderator, keeper):
                with self.subTest(join=join, inviter=inviter), self.under(join):
                    self.empty_database()
                    JoiningCase.setUp(self)
                    browser = self.by_invitation(inviter and User.find(inviter))
                    welcome = inviter in may
                    self.assertEqual(browser.page.alerts, [] if welcome else [ENDED])
                    self.foreign("susan", browser)
                    self.assertEqual(self.users(), {"susan"} if welcome else set())
                    if welcome:
                        self.assertEqual(browser.page.heading, "Hi, susan!")
                        browser.get("/user/susan")
                        told = f"Invited by {inviter}" if inviter else "Invited"
                        self.assertEqual(told in browser.page.words, inviter is not None)
                    else:
                        self.assertEqual(browser.path, ELSEWHERE[join])

    def test_a_visitor_is_told_before_proving_anything(self):
        for join, words in {
            "open": "A username and a password are all it takes",
            "ask": "say in a sentence why you would like to join",
            "invite": "whoever has an invitation of a member",
            "closed": "takes no new members at present",
        }.items():
            with self.under(join):
                for path in ("/login", "/openid/join"):
                    with self.subTest(join=join, path=path):
                        browser = self.browser()
                        browser.get(path)
                        if join != "open" or path == "/login":
                            self.assertIn(words, browser.page.words)
                        makes = join in {"open", "ask"} and path == "/login"
                        self.assertEqual("Make an account" in browser.page.links, makes)
        with self.under("invite"):
            browser = self.by_invitation(self.bob)
            self.assertIn("bob invites you to join.", browser.page.words)
            browser = self.by_invitation(None, "moderator")
            self.assertIn("You are invited to join, as a moderator.", browser.page.words)

    def test_an_openid_that_a_moderator_removed_makes_nobody_under_any(self):
        identifier = f"{self.provider.origin}/id/susan"
        with writing() as session:
            digest = RefusedIdentifier.digest(identifier)
            session.add(RefusedIdentifier(identifier_hash=digest))
        for join in SETTINGS:
            with self.subTest(join), self.under(join):
                browser = self.foreign("susan", self.by_invitation(None))
                self.assertEqual(browser.path, "/login")
                self.assertEqual(browser.page.alerts, [TURNED_AWAY[Entry.REFUSED]])
                self.assertEqual(self.users(), set())
        with self.assertRaises(NotWelcome), self.under("open"):
            rules.admit(identifier, "susan", None, Invitation.make(None, "member"))
        self.assertEqual(self.users(), set())


class WordsTests(TestCase):
    def test_check_says_who_can_join_and_who_can_read(self):
        for changes, words in (
            ({"JOIN": "invite"}, "Can join: who has an invitation of a member"),
            ({"JOIN": "closed"}, "Can join: nobody but by an invitation of the keeper"),
            ({"PUBLIC": "off"}, "Can read: members alone"),
            ({"PUBLIC": "on"}, "Can read: everybody"),
            ({"PUBLIC": "off"}, "JOIN is open while PUBLIC is off"),
        ):
            with self.subTest(words):
                output = self.run_command("check", app=self.make_app(**changes)).output
                self.assertIn(words, output)
        output = self.run_command("check", app=self.make_app(PUBLIC="off", JOIN="ask")).output
        self.assertNotIn("JOIN is open", output)

    def test_the_start_writes_it_to_the_log(self):
        with self.assertLogs("app", "INFO") as logged:
            create_app(**settings(JOIN="ask", PUBLIC="off"))
        told = "\n".join(logged.output)
        self.assertIn("Can join: who asks, once a moderator has said yes", told)
        self.assertIn("Can read: members alone", told)


class KeeperTests(JoiningCase):
    def test_the_keeper_sets_up_a_site_and_the_first_moderator_joins(self):
        result = self.run_command("setup", app=self.make_app(JOIN="invite"))
        self.assertEqual(result.exit_code, 1)
        runner = self.app.test_cli_runner()
        with self.app.app_context():
            result = runner.invoke(args=["setup"], input=f"not an address\n{SITE}\ninvite\ny\n")
        self.assertEqual(result.exit_code, 0, result.output)
        self.assertIn("SITE_URL must be an address", result.output)
        self.assertIn(f"SITE_URL={SITE}\nJOIN=invite\n", result.output)
        link = result.output.split()[-1]
        self.assertTrue(link.startswith(f"{SITE}/join?invitation="), link)
        with self.under("closed"):
            browser = self.browser()
            browser.get(link)
            self.foreign("susan", browser)
            self.assertEqual(User.find("susan").role, "moderator")

    def test_a_role_is_given_and_taken_by_command(self):
        for role in ("moderator", "member"):
            result = self.run_command("user", "role", "Bob", role)
            self.assertEqual(result.output, f"bob is a {role} now.\n")
            db.session.rollback()
            self.assertEqual(User.find("bob").role, role)
        for arguments in (("nobody", "member"), ("bob", "king")):
            self.assertNotEqual(self.run_command("user", "role", *arguments).exit_code, 0)

    def test_the_keeper_invites(self):
        for flags, role in (((), "member"), (("--moderator",), "moderator")):
            result = self.run_command("user", "invite", *flags)
            browser = self.browser()
            browser.get(result.output.split()[0])
            with self.under("closed"):
                self.foreign(role, browser)
            owner = self.owner_of(f"{self.provider.origin}/id/{role}")
            self.assertEqual(owner.role, role)
