"""What the keeper of a site takes away: users, posts, forgotten passwords."""

from app.models import Identity, Post, ReservedName, SignIn, User
from app.tests.support.base import PASSWORD, JoinMixin, PeopleTestCase


class BroomTests(JoinMixin, PeopleTestCase):
    def test_a_user_is_removed_with_all_that_is_theirs(self):
        self.post(self.john, "of john")
        self.browser(self.john)
        result = self.run_command("user", "remove", "JOHN")
        self.assertEqual((result.exit_code, result.stdout), (0, "Removed JOHN.\n"))
        for model, left in ((User, 1), (Post, 0), (Identity, 1), (SignIn, 0)):
            self.assertEqual(self.count(model), left, model)

    def test_a_name_is_released_for_whoever_comes_back(self):
        url = self.john.identifiers()[0]
        self.run_command("user", "remove", "john")
        self.assertEqual(User.sign_up(url, "john", None).nickname, "john2")
        result = self.run_command("user", "release", "JOHN")
        self.assertEqual((result.exit_code, result.stdout), (0, "Anybody can be JOHN now.\n"))
        self.owner_of(url).update_profile("john", "Back again")
        self.assertEqual(User.make_unique_nickname("john"), "john3")
        # Nor does it give away what is in use, or leads to somebody.
        for name in ("john", "john2", "susan"):
            with self.subTest(name):
                result = self.run_command("user", "release", name)
                self.assertEqual(result.exit_code, 1)
                self.assertIn(f"Error: No name {name} is kept", result.output)
        self.assertTrue(ReservedName.is_kept_from(None, "john2"))

    def test_a_post_is_removed(self):
        post, other = self.post(self.john, "one"), self.post(self.john, "two")
        post_id = post.id
        result = self.run_command("post", "remove", str(post_id))
        self.assertEqual(result.stdout, f"Removed post {post_id}.\n")
        self.assertEqual(self.count(Post), 1)
        self.assertEqual(other.body, "two")

    def test_what_is_not_there_is_said(self):
        for arguments in (
            ("user", "remove", "nobody"),
            ("user", "remove", "a\x00b"),
            ("post", "remove", "12345"),
            ("account", "reset", "nobody"),
        ):
            with self.subTest(arguments):
                result = self.run_command(*arguments)
                self.assertEqual(result.exit_code, 1)
                self.assertIn("Error: There is no ", result.output)

    def test_an_account_gets_a_new_password_and_is_signed_out(self):
        browser = self.join("miguel")
        result = self.run_command("account", "reset", "miguel")
        password = result.stdout.split(" is ")[1].split("\n")[0]
        browser.get("/openid")
        self.assertIn("Sign in to your account", browser.page.links)
        for given, status in ((PASSWORD, 400), (password, 200)):
            stranger = self.browser()
            stranger.get("/openid/sign-in")
            stranger.submit(username="miguel", password=given)
            self.assertEqual(stranger.status, status)
