"""Refused forms: what is wrong stands first, has the focus, and leads to its field."""

import html5lib

from app.tests.support.base import PASSWORD, JoinMixin, PeopleTestCase, TestCase


class RefusedFormTests(JoinMixin, PeopleTestCase):
    def refused(self):
        """Yield every form of the site on a browser that has just been refused."""
        visitor = self.browser()
        visitor.get("/login")
        visitor.submit(button="Sign in with OpenID", openid="")
        yield "no OpenID", visitor
        visitor.get("/login")
        visitor.submit(button="openSUSE", username_there="two words")
        yield "a username of another site", visitor
        visitor.get("/login")
        visitor.post("/login", {"provider": "nobody", "csrf_token": visitor.token()})
        yield "an unknown provider", visitor
        visitor.get("/openid/join")
        visitor.submit(username="in grid", password="short", email="ingrid")
        yield "joining", visitor
        visitor.get("/openid/sign-in")
        visitor.submit(username="nobody", password=PASSWORD)
        yield "an account's sign-in", visitor
        member = self.join("miguel")
        member.get("/")
        member.submit(post="x" * 153)
        yield "a long post", member
        miguel = self.owner_of("http://127.0.0.1:5000/id/miguel")
        miguel.add_identity("https://miguel.example.com/")
        own = self.post(miguel, "tea")
        member.get(f"/post/{own.id}/edit")
        member.submit(post=" ")
        yield "an empty post", member
        member.get("/edit")
        member.submit(nickname="susan", about_me="x" * 141)
        yield "a profile", member
        member.get("/settings/data/leave")
        member.submit(nickname="susan")
        yield "leaving", member
        member.get("/openid/password")
        member.submit(old_password="wrong", password="short")
        yield "a password", member
        member.get("/openid/delete")
        member.submit(password="wrong")
        yield "deleting an account", member

    def test_each_says_first_what_to_put_right_and_where(self):
        for name, browser in self.refused():
            with self.subTest(name):
                self.assertEqual(browser.status, 400)
                tree = html5lib.parse(browser.text, namespaceHTMLElements=False)
                ids = {element.get("id"): element for element in tree.iter()}
                focused = [e for e in tree.iter() if e.get("autofocus") is not None]
                if len(browser.page.alerts) == 1 and name != "an unknown provider":
                    # One reason stands beside its field alone, if it has one.
                    self.assertEqual(focused[0].get("aria-invalid"), "true")
                    self.assertNotIn("problems", ids)
                    continue
                self.assertEqual(focused[0].get("aria-labelledby"), "problems")
                self.assertEqual(focused[0].get("tabindex"), "-1")
                links = [link.get("href") for link in focused[0].iter("a")]
                self.assertEqual(len(links), len(browser.page.alerts))
                self.assertGreater(len(links), 0)
                for link in links:
                    self.assertIn(link.removeprefix("#"), ids)
                for field in [e for e in tree.iter() if e.get("aria-invalid")]:
                    self.assertIn("#" + field.get("id"), links)
                    told = field.get("aria-describedby").split()
                    self.assertIn(field.get("id") + "-error", told)
                    for each in told:
                        self.assertIn(each, ids)

    def test_each_field_has_a_label_and_only_what_is_there_describes_it(self):
        for path in ("/login", "/openid/join", "/openid/sign-in", "/search"):
            browser = self.browser()
            browser.get(path)
            tree = html5lib.parse(browser.text, namespaceHTMLElements=False)
            ids = {element.get("id") for element in tree.iter()}
            labelled = {label.get("for") for label in tree.iter("label")}
            fields = [e for e in tree.iter("input") if e.get("type") not in {"hidden", "submit"}]
            self.assertGreater(len(fields), 0)
            for field in fields:
                with self.subTest(path, field=field.get("name")):
                    self.assertIn(field.get("id"), labelled)
                    self.assertIsNone(field.get("aria-invalid"))
                    self.assertLessEqual(set((field.get("aria-describedby") or "").split()), ids)

    def test_how_much_is_left_is_told_in_words(self):
        browser = self.browser(self.john)
        browser.get("/")
        self.assertNotIn("characters left", browser.page.words)
        for text, words in {
            "x" * 153: "13 characters too many",
            "x" * 141: "1 character too many",
        }.items():
            browser.submit(post=text)
            self.assertIn(words, browser.page.words)
        self.john.update_profile("john", "x" * 139)
        browser.get("/edit")
        self.assertIn("1 character left", browser.page.words)


class ShownPasswordTests(TestCase):
    settings = {"RATELIMIT_ENABLED": "on"}

    def test_a_password_can_be_seen_while_it_is_typed_without_script(self):
        browser = self.browser()
        browser.get("/openid/join")
        # More often than accounts may be made: nothing is made, so nothing is counted.
        for _ in range(12):
            browser.submit(
                button="Show password", username="ingrid", email="i@example.com", password=PASSWORD
            )
            self.assertEqual(browser.status, 200)
        (form,) = [form for form in browser.page.forms if "username" in form.names]
        self.assertEqual(
            (form.fields["username"], form.fields["email"]), ("ingrid", "i@example.com")
        )
        # No page ever holds a password.
        self.assertEqual(form.fields["password"], "")
        self.assertNotIn(PASSWORD, browser.text)
        tree = html5lib.parse(browser.text, namespaceHTMLElements=False)
        (field,) = [e for e in tree.iter("input") if e.get("name") == "password"]
        self.assertEqual((field.get("type"), field.get("spellcheck")), ("text", "false"))
        self.assertIsNotNone(field.get("autofocus"))
        browser.submit(username="ingrid", password=PASSWORD)
        self.assertEqual(browser.path, "/openid")
        self.assertIn("ingrid", browser.page.words)
