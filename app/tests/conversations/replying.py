"""Replying: who may, to what, and what is kept of it."""

import sqlalchemy as sa

from app import db
from app.database import writing
from app.models import Block, DeletedPost, KeptApart, Post, Thing, User
from app.models.moderation.decisions import Decision, decide
from app.models.posts.post import NothingToAnswer
from app.tests.support.base import PASSWORD, Browser, JoinMixin
from app.tests.support.concurrency import ConcurrencyCase
from app.tests.support.people.moderation import ModerationCase
from app.tests.support.reading import shown

NOTHING = "Nothing to reply to"


class ReplyCase(ModerationCase):
    def setUp(self):
        super().setUp()
        self.root = self.john.write("the root").id

    def row(self, post_id: int) -> tuple[int | None, int]:
        """Return what a post answers, and its conversation."""
        db.session.rollback()
        columns = sa.select(Post.reply_to_id, Post.thread_id)
        return tuple(db.session.execute(columns.where(Post.id == post_id)).one())

    def reply(self, browser: Browser, post_id: int, text: str = "a reply", **more) -> Browser:
        """Send a reply as a form would that stood there earlier."""
        browser.get("/logout")
        browser.post(
            f"/post/{post_id}/reply", {"csrf_token": browser.token(), "post": text, **more}
        )
        return browser

    def replies(self) -> int:
        db.session.rollback()
        found = sa.select(sa.func.count()).where(Post.reply_to_id.is_not(None))
        return db.session.scalar(found)


class ReplyTests(ReplyCase):
    def test_a_reply_belongs_to_the_conversation_of_what_it_answers(self):
        first = self.susan.write("one", self.root).id
        second = self.john.write("two", first).id
        self.assertEqual(self.row(self.root), (None, self.root))
        self.assertEqual(self.row(first), (self.root, self.root))
        self.assertEqual(self.row(second), (first, self.root))

    def test_a_member_replies_on_the_page(self):
        susan = self.browser(self.susan)
        susan.get(f"/post/{self.root}")
        susan.submit(post="hello @john #tea")
        self.assertEqual(shown(susan), ["the root", "hello @john #tea"])
        self.assertIn("Your reply is live.", susan.page.statuses)
        newest = int(susan.path.rpartition("/")[2])
        self.assertIn(f'id="post-{newest}" aria-current="true"', susan.text)
        self.assertEqual(self.row(newest), (self.root, self.root))
        # Nothing is put into the form.
        self.assertEqual(
            [form.fields["post"] for form in susan.page.forms if "post" in form.names], [""]
        )

    def test_to_oneself_and_to_what_was_brought_along(self):
        with writing() as session:
            session.add(Post(id=-7, user_id=self.john.id, body="long ago"))
        for post_id in (self.root, -7):
            john = self.browser(self.john)
            john.get(f"/post/{post_id}")
            john.submit(post="and another thing")
            self.assertEqual(shown(john)[1:], ["and another thing"])
            self.assertEqual(self.row(int(john.path.rpartition("/")[2])), (post_id, post_id))

    def test_bad_text_comes_back_beside_its_field(self):
        susan = self.browser(self.susan)
        for text in ("", " \u200d", "x" * 141):
            with self.subTest(text[:5]):
                susan.get(f"/post/{self.root}")
                susan.submit(post=text)
                self.assertEqual(susan.status, 400)
                self.assertIn('aria-invalid="true"', susan.text)
                self.assertEqual(shown(susan), ["the root"])
                self.assertIn(text.strip()[:20], susan.text)
        self.assertEqual(self.replies(), 0)

    def test_nobody_replies_to_what_they_do_not_see(self):
        gone, hidden, hushed = (self.person(n) for n in ("gone", "concealed", "hushed"))
        by_blocker, by_blocked = (self.person(n) for n in ("noisy", "noisier"))
        posts = {
            user.nickname: user.write("text").id for user in db.session.scalars(sa.select(User))
        }
        Post.delete(posts["gone"], gone.id)
        decide(Decision("hide", Thing(hidden.id, posts["concealed"]), "Bad."), None)
        decide(Decision("hide", Thing(self.susan.id, posts["susan"]), "Bad."), None)
        self.suspend(hushed)
        Block.begin(by_blocker.id, self.susan.id)
        Block.begin(self.susan.id, by_blocked.id)
        susan = self.browser(self.susan)
        forms = ("gone", "concealed", "susan", "hushed", "noisy", "noisier")
        for post_id in (*(posts[name] for name in forms), 0, -1, 10**6, 2**63 - 1):
            with self.subTest(post_id):
                self.reply(susan, post_id, "a long thought")
                self.assertEqual(susan.status, 404)
                self.assertEqual(susan.page.heading, NOTHING)
                # What was typed is not lost.
                self.assertIn("a long thought", susan.text)
        for odd in ("x", "1.5", 2**63, -(2**64), "9" * 40, "%00"):
            self.assertEqual(self.reply(susan, odd).status, 404)
        self.assertEqual(self.replies(), 0)

    def test_forms_of_strangers_and_forged_fields_change_nothing(self):
        susan = self.browser(self.susan)
        susan.get(f"/post/{self.root}")
        susan.client.post(f"/post/{self.root}/reply", data={"post": "x"}, base_url=susan.origin)
        self.assertEqual(self.replies(), 0)
        other = self.mary.write("another conversation").id
        fields = {"thread_id": other, "reply_to_id": other, "user_id": self.mary.id, "id": 77}
        self.reply(susan, self.root, "forged", **fields)
        self.assertEqual(susan.status, 200)
        newest = int(susan.path.rpartition("/")[2])
        self.assertEqual(self.row(newest), (self.root, self.root))
        self.assertEqual(db.session.get(Post, newest).user_id, self.susan.id)

    def test_the_verb_itself_refuses(self):
        Block.begin(self.john.id, self.susan.id)
        with self.assertRaises(KeptApart):
            self.susan.write("x", self.root)
        for post_id in (0, 12345):
            with self.assertRaises(NothingToAnswer):
                self.susan.write("x", post_id)

    def test_replies_are_limited_as_posts_are(self):
        app = self.make_app(RATELIMIT_ENABLED="on")
        self.addCleanup(self.make_app)
        browser = Browser(app)
        browser.sign_in(self.susan)
        statuses = {self.reply(browser, self.root).status for _ in range(32)}
        self.assertEqual(statuses, {200, 429})
        self.assertEqual(self.replies(), 30)


class SignedOutReplyTests(JoinMixin, ReplyCase):
    """What a visitor types is there again once they have signed in."""

    def typed(self, browser: Browser) -> str:
        return next(form.fields["post"] for form in browser.page.forms if "post" in form.names)

    def test_a_visitor_is_led_to_the_door_and_back(self):
        visitor = self.browser()
        visitor.get(f"/post/{self.root}")
        self.assertFalse(any("post" in form.names for form in visitor.page.forms))
        self.assertEqual(
            visitor.page.links["Sign in to reply"], f"/login?next=/post/{self.root}%23reply"
        )

    def test_what_was_typed_comes_along(self):
        text = "a long thought, 日本語 😀\nand more"
        for way in ("a new account", "an account"):
            browser = self.browser()
            self.reply(browser, self.root, text)
            self.assertEqual(browser.path, "/login")
            self.assertIn("Please sign in. Your reply is kept", browser.page.words)
            if way == "a new account":
                browser.get(browser.page.links["Make an account"])
                browser.submit(username="miguel", password=PASSWORD, email="")
            else:
                browser.submit(username="miguel", password=PASSWORD)
            self.assertEqual(browser.path, f"/post/{self.root}", way)
            self.assertEqual(self.typed(browser).replace("\r\n", "\n"), text)
            browser.get(f"/post/{self.root}")
            self.assertEqual(self.typed(browser), "")
        self.assertEqual(self.replies(), 0)

    def test_it_stands_once_and_under_that_post_alone(self):
        other = self.susan.write("another").id
        browser = self.browser()
        self.reply(browser, self.root)
        browser.submit(username="", password="")
        with browser.client.session_transaction(base_url=browser.origin) as session:
            self.assertEqual(session["reply"], [self.root, "a reply"])
        browser.sign_in(self.susan)
        for post_id, typed in ((other, ""), (self.root, "a reply"), (self.root, "")):
            browser.get(f"/post/{post_id}")
            self.assertEqual(self.typed(browser), typed)

    def test_who_signs_out_leaves_none(self):
        browser = self.browser(self.susan)
        browser.get("/logout")
        with browser.client.session_transaction(base_url=browser.origin) as session:
            session["reply"] = [self.root, "a secret"]
        browser.post("/logout", {"csrf_token": browser.token()})
        browser.sign_in(self.susan)
        browser.get(f"/post/{self.root}")
        self.assertEqual(self.typed(browser), "")

    def test_what_is_too_long_is_shown_at_once(self):
        browser = self.browser()
        self.reply(browser, self.root, "x" * 1000)
        self.assertEqual(browser.status, 401)
        self.assertIn("x" * 1000, browser.text)


class AtOnceTests(ConcurrencyCase, ReplyCase):
    def test_forty_replies_at_once(self):
        people = [self.person(f"p{n}").id for n in range(40)]

        def answer(user_id: int):
            return lambda: db.session.get(User, user_id).write("me too", self.root).id

        root = self.root
        ids = self.at_once([answer(user_id) for user_id in people])
        self.assertEqual(len(set(ids)), 40)
        self.assertEqual({self.row(post_id) for post_id in ids}, {(root, root)})
        visitor = self.browser()
        visitor.get(f"/post/{root}")
        self.assertIn("40 replies", visitor.page.links)
        found = len(shown(visitor))
        visitor.get(visitor.page.links["Newer"])
        self.assertEqual(found + len(shown(visitor)), 41)

    def test_who_deletes_while_others_reply_leaves_its_place_or_nothing(self):
        for n in range(12):
            post_id = self.john.write(f"post {n}").id

            def delete(post_id=post_id, author=self.john.id):
                Post.delete(post_id, author)

            def answer(post_id=post_id, author=self.susan.id):
                try:
                    db.session.get(User, author).write("too late?", post_id)
                except NothingToAnswer:
                    return False
                return True

            done = self.at_once([answer, delete, answer, answer])
            db.session.rollback()
            place = db.session.get(DeletedPost, post_id)
            self.assertEqual(place is not None, any(done[:1] + done[2:]))

    def test_who_leaves_while_others_reply(self):
        for n in range(8):
            leaving = self.person(f"leaving{n}")
            post_id = leaving.write("bye").id
            users = leaving.id, self.susan.id

            def leave(users=users):
                db.session.get(User, users[0]).delete()

            def answer(post_id=post_id, users=users):
                try:
                    return db.session.get(User, users[1]).write("no, stay", post_id).id
                except NothingToAnswer:
                    return None

            done = self.at_once([answer, leave, answer])
            db.session.rollback()
            place = db.session.get(DeletedPost, post_id)
            self.assertEqual(place is not None, bool(done[0] or done[2]))
