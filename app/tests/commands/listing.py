"""What the keeper looks up: users, accounts, numbers; on a terminal and for programs."""

import json
from unittest import mock

from app.database import now
from app.models import Identity, User
from app.models.moderation.decisions import Decision, decide
from app.provider.models import Account
from app.queries import moderation
from app.tests.support.base import PASSWORD, JoinMixin, PeopleTestCase


class ListingTests(JoinMixin, PeopleTestCase):
    def run_well(self, *arguments: str) -> str:
        result = self.run_command(*arguments)
        self.assertEqual((result.exit_code, result.stderr), (0, ""))
        return result.stdout

    def json(self, *arguments: str):
        return json.loads(self.run_well(*arguments, "--json"))

    def nicknames(self, *arguments: str) -> list[str]:
        return [row["nickname"] for row in self.json("user", "list", *arguments)]

    def test_users_are_listed_and_found_by_a_part_and_a_role(self):
        self.post(self.john, "one")
        self.person("jo_hn%")
        self.run_well("user", "role", "susan", "moderator")
        rows = self.json("user", "list")
        self.assertEqual([row["nickname"] for row in rows], ["john", "susan", "jo_hn%"])
        self.assertEqual([row["posts"] for row in rows], [1, 0, 0])
        self.assertTrue(rows[0]["joined"].endswith("+00:00"))
        self.assertEqual(self.nicknames("OH"), ["john"])
        self.assertEqual(self.nicknames("o_"), ["jo_hn%"])
        self.assertEqual(self.nicknames("%"), ["jo_hn%"])
        self.assertEqual(self.nicknames("--role", "moderator"), ["susan"])
        self.assertEqual(self.run_well("user", "list", "nobody"), "")

    def test_a_table_fits_the_terminal(self):
        self.person("x" * 64)
        for columns in (60, 80, 200):
            with mock.patch.dict("os.environ", COLUMNS=str(columns)):
                lines = self.run_well("user", "list").splitlines()
            self.assertEqual(len(lines), 4)
            self.assertLessEqual(max(map(len, lines)), columns)
            self.assertEqual("…" in lines[-1], columns < 200)
            # Columns stand below each other.
            self.assertEqual(lines[0].index("role"), lines[1].index("member"))

    def test_a_user_is_shown_with_what_a_keeper_needs(self):
        self.susan.follow(self.john)
        self.browser(self.john)
        case = moderation.case_of_user("john")
        decide(Decision("suspend", case.thing, "spam", 3), None)
        told = self.json("user", "show", "JOHN")
        self.assertEqual(told["openids"], ["https://john.example.com/"])
        self.assertEqual((told["followers"], told["follows"], told["posts"]), (1, 0, 0))
        self.assertGreater(told["suspended"], now().isoformat())
        lines = self.run_well("user", "show", "john")
        self.assertRegex(lines, r"(?m)^openids +https://john\.example\.com/$")
        self.assertIsNone(self.json("user", "show", "susan")["suspended"])
        self.assertTrue(self.json("user", "list", "john")[0]["suspended"])
        self.assertEqual(self.run_command("user", "show", "nobody").exit_code, 1)

    def test_accounts_are_listed_with_their_user(self):
        self.join("miguel")
        Account.join("lonely", PASSWORD, None)
        rows = self.json("account", "list")
        self.assertEqual(
            [(row["username"], row["user"], row["browsers"]) for row in rows],
            [("miguel", "miguel", 1), ("lonely", None, 0)],
        )
        self.assertNotIn("scrypt", self.run_well("account", "list"))
        self.assertEqual(
            [row["username"] for row in self.json("account", "list", "LON")], ["lonely"]
        )

    def test_an_account_goes_unless_somebody_would_be_locked_out(self):
        self.join("miguel")
        result = self.run_command("account", "remove", "miguel")
        self.assertEqual(result.exit_code, 1)
        self.assertIn("flask user remove miguel", result.stderr)
        self.assertEqual(self.count(Identity), 3)
        self.run_well("user", "remove", "miguel")
        self.assertEqual(
            self.run_well("account", "remove", "MIGUEL"), "Removed the account MIGUEL.\n"
        )
        self.assertEqual(self.json("account", "list"), [])
        self.assertTrue(Account.is_taken("miguel"))
        self.assertEqual(self.run_command("account", "remove", "miguel").exit_code, 1)

    def test_numbers_are_counted(self):
        self.post(self.john, "one")
        told = self.json("stats")
        self.assertEqual((told["users"], told["posts"], told["posts_7d"]), (2, 1, 1))
        self.assertEqual((told["joined_1d"], told["moderators"]), (self.count(User), 0))
        self.assertRegex(self.run_well("stats"), r"(?m)^users +2$")
