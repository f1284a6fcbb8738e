"""Replies, and conversations that somebody stops to hear of or follows."""

from unittest import mock

from app import db
from app.database import writing
from app.models import Block, ConversationChoice, Post, User
from app.models.notifications import conversations, telling
from app.models.notifications.conversations import MAX_LISTENERS
from app.tests.support.people.notifications import NotificationCase


class ConversationCase(NotificationCase):
    def setUp(self):
        super().setUp()
        self.root = self.john.write("Who has tea?")

    def reply(self, author: User, body: str, to: Post) -> Post:
        return author.write(body, to.id)


class ReplyTellingTests(ConversationCase):
    def test_whom_it_replies_to_hears_of_it_and_of_nothing_else(self):
        reply = self.reply(self.susan, "I have, @john and @mary", self.root)
        self.assertEqual(self.heard(self.john), ["susan replied to you: I have, @john and @mary"])
        self.assertEqual(self.heard(self.mary), ["susan mentioned you: I have, @john and @mary"])
        self.reply(self.mary, "So have I", reply)
        self.assertEqual(len(self.heard(self.john)), 1)
        self.assertEqual(self.heard(self.susan), ["mary replied to you: So have I"])

    def test_a_reply_to_oneself_is_told_to_nobody(self):
        self.reply(self.john, "Nobody? @john", self.root)
        self.assertEqual(self.heard(self.john), [])

    def test_who_is_told_of_a_reply_is_not_told_of_an_edit_that_mentions_them(self):
        reply = self.reply(self.susan, "I have", self.root)
        self.read_all(self.john)
        Post.edit(reply.id, self.susan.id, "I have, @john")
        Post.edit(reply.id, self.susan.id, "I have not")
        self.assertEqual(self.heard(self.john), ["susan replied to you: I have not"])
        self.assertEqual(self.unread(self.john), 0)


class StoppedConversationTests(ConversationCase):
    def press(self, user: User, post: Post, choice: str):
        browser = self.browser(user)
        browser.get("/notifications")
        browser.post(f"/post/{post.id}/hear", {"choice": choice, "csrf_token": browser.token()})
        return browser

    def test_nothing_of_one_that_was_stopped_is_told(self):
        reply = self.reply(self.susan, "I have", self.root)
        john = self.browser(self.john)
        john.get("/notifications")
        john.submit(button="Stop notifications of this conversation")
        self.assertEqual(john.page.statuses, ["You hear no more of this conversation."])
        self.assertEqual(john.path, "/notifications")
        again = self.reply(self.mary, "I too, @john", self.root)
        self.reply(self.susan, "@john", again)
        Post.edit(again.id, self.mary.id, "@john @max")
        self.assertEqual(self.heard(self.john), ["susan replied to you: I have"])
        # It is not another's, nor another conversation.
        self.assertEqual(len(self.heard(self.max)), 1)
        self.susan.write("@john elsewhere")
        self.assertEqual(len(self.heard(self.john)), 2)
        john.get("/notifications")
        john.submit(button="Hear of this conversation again")
        self.reply(self.susan, "And now?", self.root)
        self.assertEqual(len(self.heard(self.john)), 3)
        self.assertEqual(reply.thread_id, self.root.id)

    def test_who_follows_one_hears_of_each_reply_until_they_do_not(self):
        self.press(self.mary, self.root, "follow")
        reply = self.reply(self.susan, "I have", self.root)
        self.reply(self.john, "@mary look", reply)
        told = [
            "susan replied in a conversation that you follow: I have",
            "john mentioned you: @mary look",
        ]
        self.assertEqual(self.heard(self.mary), told)
        self.reply(self.mary, "I see", reply)
        Block.begin(self.mary.id, self.susan.id)
        self.reply(self.susan, "And I", reply)
        self.press(self.mary, self.root, "usual")
        self.reply(self.john, "Hm", self.root)
        self.assertEqual(self.heard(self.mary), told[1:])

    def test_nonsense_and_posts_that_one_does_not_see_are_refused(self):
        Block.begin(self.susan.id, self.john.id)
        for user, post_id, choice, status in (
            (self.mary, self.root.id, "x", 400),
            (self.mary, self.root.id, "", 400),
            (self.mary, self.root.id + 100, "stop", 404),
            (self.susan, self.root.id, "follow", 404),
        ):
            browser = self.browser(user)
            browser.get("/notifications")
            sent = {"choice": choice, "csrf_token": browser.token()}
            answer = browser.post(f"/post/{post_id}/hear", sent)
            self.assertEqual(answer.status_code, status)
        self.assertEqual(self.count(ConversationChoice), 0)

    def test_there_are_only_so_many_of_a_user_and_of_a_conversation(self):
        with mock.patch.object(conversations, "MAX_CHOICES", 3):
            for number in range(5):
                ConversationChoice.choose(self.mary.id, number, False)
        self.assertEqual(self.count(ConversationChoice), 3)
        with mock.patch.object(conversations, "MAX_LISTENERS", 1):
            self.press(self.mary, self.root, "follow")
            browser = self.press(self.susan, self.root, "follow")
        self.assertIn("Very many people follow this conversation", browser.page.alerts[0])

    def test_a_reply_writes_no_more_rows_than_may_follow(self):
        with writing() as session:
            for number in range(MAX_LISTENERS + 10):
                user = User(nickname=f"n{number}")
                session.add(user)
                session.flush()
                choice = {"user_id": user.id, "thread_id": self.root.id, "hears": True}
                session.add(ConversationChoice(**choice))
        with writing() as session:
            kinds = telling.hearers(session, self.susan.id, "hello", self.root.id)
        self.assertEqual(len(kinds), MAX_LISTENERS + 1)
        db.session.rollback()
