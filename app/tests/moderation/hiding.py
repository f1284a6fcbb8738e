"""What is hidden, and who is suspended, disappear from every list at once, and come back."""

from app import db
from app.models import Post, Thing, User
from app.models.moderation.decisions import Decision, decide
from app.tests.support.clock import Clock
from app.tests.support.people.moderation import ModerationCase

LISTS = (
    "/",
    "/explore",
    "/explore.atom",
    "/user/susan",
    "/user/susan.atom",
    "/tag/tea",
    "/tag/tea.atom",
    "/search?q=fools",
    "/search?q=from:susan",
)


class HidingTests(ModerationCase):
    def setUp(self):
        super().setUp()
        self.clock = Clock(self)
        self.rude = self.susan.write("You all are fools #tea")
        for follower in (self.john, self.mary):
            follower.follow(self.susan)
        # Everybody is followed by somebody, so that no home page is everybody's.
        self.susan.follow(self.john)

    def seen_by(self, reader: User | None) -> dict[str, bool]:
        """Return whether the reader sees the post, in each list and at its own address."""
        browser = self.browser(reader)
        seen = {}
        for path in (*LISTS, f"/post/{self.rude.id}"):
            if path == "/" and reader is None:
                continue
            browser.get(path)
            words = " ".join(browser.page.words.split())
            seen[path] = browser.status == 200 and "You all are fools" in words
        return seen

    def assert_seen(self, by_others: bool, by_author: bool | None = True) -> None:
        for name, reader in (("nobody", None), ("john", self.john), ("mary", self.mary)):
            with self.subTest(reader=name):
                self.assertEqual(set(self.seen_by(reader).values()), {by_others})
        if by_author is not None:
            with self.subTest("the author"):
                self.assertEqual(set(self.seen_by(self.susan).values()), {by_author})

    def test_a_hidden_post_is_its_authors_alone_until_it_is_shown_again(self):
        self.assert_seen(True)
        thing = Thing(self.susan.id, self.rude.id)
        decide(Decision("hide", thing, "Rude."), self.mary)
        self.assert_seen(False)
        Post.edit(self.rude.id, self.susan.id, "You all are fools, I say #tea")
        self.assert_seen(False)
        decide(Decision("lift", thing, "Sorry."), self.mary)
        self.assert_seen(True)

    def test_posts_of_the_suspended_are_gone_at_once_and_come_back_by_themselves(self):
        self.suspend(self.susan, 3)
        self.assert_seen(False, None)
        self.clock.move(days=3, seconds=-1)
        self.assert_seen(False, None)
        self.clock.move(seconds=1)
        self.assert_seen(True)

    def test_or_when_it_is_lifted(self):
        self.suspend(self.susan)
        self.assert_seen(False, None)
        decide(Decision("lift", Thing(self.susan.id), "Sorry."), self.mary)
        self.assert_seen(True)

    def test_what_is_hidden_cannot_be_reported(self):
        decide(Decision("hide", Thing(self.susan.id, self.rude.id), "Rude."), self.mary)
        john = self.browser(self.john)
        john.get(f"/post/{self.rude.id}/report")
        self.assertEqual(john.status, 404)
        db.session.rollback()
