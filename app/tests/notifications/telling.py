"""Who hears of what: once, not of one's own deeds, and no longer than it is so."""

from app import db
from app.database import writing
from app.models import Block, Invitation, Notification, Post, Thing, User
from app.models.joining import admission
from app.models.moderation.decisions import Decision, decide
from app.models.notifications.notification import (
    MAX_NOTIFICATIONS,
    MAX_OF_ACTOR,
    MAX_OF_PEOPLE,
)
from app.rendering.notifications import OPENID
from app.tests.support.people.joining import JoiningCase
from app.tests.support.people.notifications import NotificationCase


class MentionTellingTests(NotificationCase):
    def test_whom_a_post_mentions_hears_of_it_once(self):
        self.susan.write("@john, @John and @john. Also @nobody and @susan")
        self.assertEqual(
            self.heard(self.john),
            ["susan mentioned you: @john, @John and @john. Also @nobody and @susan"],
        )
        self.assertEqual(self.heard(self.susan), [])
        self.assertEqual(self.count(Notification), 1)

    def test_who_is_meant_hears_of_it_and_not_who_has_the_longer_name(self):
        longer = self.person("longer")
        with writing():
            longer.nickname = "john."
        self.susan.write("That was @john.")
        self.assertEqual((len(self.heard(self.john)), self.heard(longer)), (1, []))

    def test_an_edit_tells_those_alone_whom_it_adds(self):
        post = self.susan.write("@john look")
        self.read_all(self.john)
        Post.edit(post.id, self.susan.id, "@john and @mary look")
        self.assertEqual((self.unread(self.john), self.unread(self.mary)), (0, 1))
        self.assertEqual(self.heard(self.john), ["susan mentioned you: @john and @mary look"])

    def test_a_mention_that_is_edited_away_and_back_tells_nobody_again(self):
        post = self.susan.write("@john look")
        self.read_all(self.john)
        Post.edit(post.id, self.susan.id, "look")
        self.assertEqual((self.heard(self.john), self.unread(self.john)), ([], 0))
        Post.edit(post.id, self.susan.id, "@john look again")
        self.assertEqual(self.heard(self.john), ["susan mentioned you: @john look again"])
        self.assertEqual(self.unread(self.john), 0)

    def test_one_that_is_taken_away_unread_counts_no_more(self):
        post = self.susan.write("@john look")
        Post.edit(post.id, self.susan.id, "look")
        self.assertEqual(self.unread(self.john), 0)

    def test_what_made_room_for_others_is_not_told_again_by_an_edit(self):
        post = self.susan.write("@john look")
        with writing() as session:
            Notification.take_back(session, Notification.post_id == post.id)
        Post.edit(post.id, self.susan.id, "@john look here")
        self.assertEqual(self.heard(self.john), [])

    def test_blocked_people_are_not_heard_of_whoever_blocks(self):
        for blocker, blocked in ((self.john, self.susan), (self.susan, self.john)):
            with self.subTest(blocker=blocker.nickname):
                self.susan.write("@john before")
                Block.begin(blocker.id, blocked.id)
                self.assertEqual(self.heard(self.john), [])
                post = self.susan.write("look")
                Post.edit(post.id, self.susan.id, "@john look")
                self.susan.write("@john after")
                self.assertEqual(self.heard(self.john), [])
                Block.end(blocker.id, blocked.id)
                self.assertEqual(self.heard(self.john), [])

    def test_it_goes_with_the_post_and_with_its_author(self):
        ends = (
            lambda post: Post.delete(post.id, post.user_id),
            lambda post: decide(Decision("delete", Thing(post.user_id, post.id), "No."), None),
            lambda post: decide(Decision("hide", Thing(post.user_id, post.id), "No."), None),
            lambda post: decide(Decision("suspend", Thing(post.user_id), "No.", 3), None),
            lambda post: db.session.get(User, post.user_id).delete_posts(),
            lambda post: db.session.get(User, post.user_id).delete(),
        )
        for number, goes in enumerate(ends):
            post = self.person(f"ada{number}").write("@john hello")
            with self.subTest(number):
                self.assertEqual(self.unread(self.john), 1)
                goes(post)
                self.assertEqual((self.heard(self.john), self.unread(self.john)), ([], 0))

    def test_of_a_hidden_post_nobody_hears_after_an_edit(self):
        post = self.susan.write("look")
        decide(Decision("hide", Thing(self.susan.id, post.id), "No."), None)
        Post.edit(post.id, self.susan.id, "@john look")
        self.assertEqual(self.heard(self.john), [])


class WhatPeopleDoTests(NotificationCase):
    def test_who_is_followed_hears_of_it_until_that_ends(self):
        self.susan.follow(self.john)
        self.susan.follow(self.john)
        self.assertEqual(self.heard(self.john), ["susan follows you"])
        self.susan.unfollow(self.john)
        self.assertEqual((self.heard(self.john), self.unread(self.john)), ([], 0))
        self.susan.follow(self.john)
        Block.begin(self.john.id, self.susan.id)
        self.assertEqual(self.heard(self.john), [])

    def test_unfollowing_leaves_what_others_did(self):
        self.susan.follow(self.john)
        self.mary.follow(self.john)
        self.susan.write("@john hello")
        self.susan.unfollow(self.john)
        self.assertEqual(
            self.heard(self.john), ["mary follows you", "susan mentioned you: @john hello"]
        )

    def test_another_openid_is_told_of(self):
        self.john.add_identity("https://another.example.com/")
        self.assertEqual(self.heard(self.john), [OPENID])

    def test_a_post_tells_no_follower(self):
        for name in ("ada", "bob", "eve"):
            self.person(name).follow(self.susan)
        before = self.count(Notification)
        self.susan.write("Good morning, everybody")
        self.assertEqual(self.count(Notification), before)

    def test_one_who_is_loud_pushes_out_neither_others_nor_the_site(self):
        decide(Decision("warn", Thing(self.john.id), "Hm."), self.mary)
        self.mary.follow(self.john)
        for number in range(MAX_OF_ACTOR + 5):
            self.susan.write(f"@john {number}")
        heard = self.heard(self.john)
        self.assertEqual(len(heard), MAX_OF_ACTOR + 2)
        self.assertEqual(heard[1:3], ["mary follows you", "susan mentioned you: @john 5"])
        # Nor do many who are loud together push out what the site tells.
        for loud in range(MAX_NOTIFICATIONS // MAX_OF_ACTOR):
            author = self.person(f"loud{loud}")
            for number in range(MAX_OF_ACTOR):
                author.write(f"@john {number}")
        self.assertEqual(self.count(Notification), MAX_OF_PEOPLE + 1)
        self.assertEqual(self.unread(self.john), MAX_OF_PEOPLE + 1)


class NewcomerTellingTests(JoiningCase, NotificationCase):
    def test_who_invited_and_who_was_let_in_hear_of_it(self):
        token = Invitation.make(self.john.id, "member")
        admission.admit("https://zoe.example.com/", "zoe", None, token)
        self.assertEqual(self.heard(self.john), ["zoe joined by your invitation"])
        User.find("zoe").delete()
        self.assertEqual(self.heard(self.john), [])

    def test_the_keepers_invitation_tells_nobody(self):
        token = Invitation.make(None, "member")
        admission.admit("https://zoe.example.com/", "zoe", None, token)
        self.assertEqual(self.count(Notification), 0)
