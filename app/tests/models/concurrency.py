"""Many people at the same moment: on the real database, in threads and in processes."""

import sys
import threading
from unittest import mock

import portalocker
import sqlalchemy as sa

from app import db
from app.database import writing
from app.forms import TAKEN
from app.models import Identity, Post, SignIn, User, nicknames
from app.queries import timelines
from app.tests.support.base import PeopleTestCase, TestCase, database_url
from app.tests.support.concurrency import PATIENCE, ConcurrencyCase
from app.tests.support.programs.processes import START_SECONDS, Process, temporary_folder
from app.tests.support.reading import statements
from config import basedir

MANY = 40

# What becomes the processes of ManyProcessesTests, as a server's workers do: each says that
# it is ready, waits for the lock whose end starts them all, and writes.
WRITERS = """
import fcntl, os, sys
sys.path.insert(0, {basedir!r})
from app import cli, create_app, db, views
from app.models import Identity, Post, User
from app.queries import timelines

def write(name):
    app = create_app(SECRET_KEY="a key for tests, 0123456789", LOG_FILE="-", DATABASE_URL={url!r})
    with app.app_context():
        author = db.session.get(User, {author})
        db.session.rollback()
        print("ready", name, flush=True)
        with open({start!r}) as start:
            fcntl.flock(start, fcntl.LOCK_SH)
        for number in range({posts}):
            timelines.public(0)
            author.write("%s %d" % (name, number))
        User.sign_up("https://%s.example.net/" % name, "processor", None)
    print("done", name, flush=True)

names = {names!r}
for name in names:
    if os.fork() == 0:
        write(name)
        sys.exit()
sys.exit(any([os.wait()[1] for _ in names]))
"""


class SigningUpTests(ConcurrencyCase):
    def test_forty_people_called_miguel_become_forty_users(self):
        def sign_up(number: int):
            return lambda: User.sign_up(f"https://{number}.example.com/", "miguel", None).id

        ids = self.at_once(sign_up(number) for number in range(MANY))
        self.assertEqual(len(set(ids)), MANY)
        db.session.rollback()
        self.assertEqual(
            set(db.session.scalars(sa.select(User.nickname))),
            {"miguel", *(f"miguel{number}" for number in range(2, MANY + 1))},
        )
        for number, user_id in enumerate(ids):
            self.assertEqual(User.of_identifier(f"https://{number}.example.com/").id, user_id)

    def test_the_same_identifier_eight_times_becomes_one_user(self):
        def sign_up():
            return User.sign_up("https://miguel.example.com/", "miguel", None).id

        ids = self.at_once([sign_up] * 8)
        self.assertEqual(len(set(ids)), 1)
        self.assertEqual((self.count(User), self.count(Identity)), (1, 1))

    def test_nothing_of_a_sign_up_that_lost_is_left(self):
        User.sign_up("https://first.example.com/", "miguel", None)
        # Whoever asks finds the nickname free; the unique index knows better.
        with mock.patch.object(User, "make_unique_nickname", side_effect=["Miguel", "miguel2"]):
            user = User.sign_up("https://second.example.com/", "miguel", None)
        self.assertEqual(user.nickname, "miguel2")
        self.assertEqual((self.count(User), self.count(Identity)), (2, 2))


class RenamingTests(ConcurrencyCase, PeopleTestCase):
    def test_of_two_who_want_one_nickname_one_gets_it_and_the_other_a_sentence(self):
        both_have_been_told_it_is_free = threading.Barrier(2)
        update_profile = User.update_profile

        def rename_together(user, *values):
            both_have_been_told_it_is_free.wait(PATIENCE)
            return update_profile(user, *values)

        browsers = [self.browser(self.john), self.browser(self.susan)]
        for browser in browsers:
            browser.get("/edit")
        about = ["I am John.", "I am Susan."]
        with mock.patch.object(User, "update_profile", rename_together):
            self.at_once(
                lambda browser=browser, text=text: browser.submit(nickname="Miguel", about_me=text)
                for browser, text in zip(browsers, about, strict=True)
            )
        self.assertEqual(sorted(browser.status for browser in browsers), [200, 400])
        loser = next(browser for browser in browsers if browser.status == 400)
        winner = next(browser for browser in browsers if browser.status == 200)
        self.assertIn("Your changes have been saved.", winner.page.words)
        self.assertIn(TAKEN, loser.page.words)
        form = next(form for form in loser.page.forms if "nickname" in form.fields)
        self.assertEqual(form.fields["nickname"], "Miguel")
        self.assertEqual(form.fields["about_me"].strip(), about[browsers.index(loser)])
        db.session.rollback()
        stored = {user.nickname: user.about_me for user in db.session.scalars(sa.select(User))}
        self.assertEqual(stored.pop("Miguel"), about[browsers.index(winner)])
        # The one who lost is as before: half a form is not saved either.
        self.assertEqual(list(stored.values()), [""])
        self.assertIn(next(iter(stored)), {"john", "susan"})


class ManyThreadsTests(ConcurrencyCase, PeopleTestCase):
    def test_no_post_is_lost_and_no_reader_is_turned_away(self):
        john, susan = self.john.id, self.susan.id

        def write(user_id: int, name: str):
            author = db.session.get(User, user_id)
            for number in range(10):
                author.write(f"{name} {number}")

        def read() -> int:
            for _ in range(20):
                seen = len(timelines.public(0).rows)
                db.session.rollback()
            return seen

        writers = [
            lambda name=name: write(susan if name % 2 else john, f"writer {name}")
            for name in range(8)
        ]
        self.at_once([*writers, read, read, read, read])
        db.session.rollback()
        self.assertEqual(
            sorted(db.session.scalars(sa.select(Post.body))),
            sorted(f"writer {name} {number}" for name in range(8) for number in range(10)),
        )

    def test_what_is_read_before_a_write_is_never_out_of_date(self):
        # Each reads in the same transaction as it writes: a lost update would show.
        user_id = self.john.id

        def add_one():
            for _ in range(5):
                db.session.get(User, user_id)
                with writing() as session:
                    user = session.get(User, user_id, with_for_update=True)
                    user.about_me = str(int(user.about_me or 0) + 1)

        self.at_once([add_one] * 8)
        db.session.rollback()
        self.assertEqual(db.session.get(User, user_id).about_me, "40")

    def test_visitors_write_and_read_at_once(self):
        browsers = [self.browser(self.john if n % 2 else self.susan) for n in range(8)]
        for browser in browsers:
            browser.get("/")

        def visit(browser, number: int):
            browser.submit(post=f"visitor {number}")
            return browser.status, browser.get("/user/john").status_code

        answers = self.at_once(
            lambda browser=browser, number=number: visit(browser, number)
            for number, browser in enumerate(browsers)
        )
        self.assertEqual(answers, [(200, 200)] * 8)
        self.assertEqual(self.count(Post), 8)
        self.assertEqual(self.count(SignIn), 8)


class ManyProcessesTests(ConcurrencyCase, PeopleTestCase):
    slow = True

    def test_nothing_that_they_write_is_lost(self):
        posts, names = 20, ["one", "two", "three"]
        folder = temporary_folder(self)
        code = WRITERS.format(
            basedir=str(basedir),
            url=database_url(),
            author=self.john.id,
            start=str(folder / "start"),
            posts=posts,
            names=names,
        )
        (folder / "start").touch()
        writers = Process(self, sys.executable, "-c", code)
        db.session.rollback()
        with portalocker.Lock(folder / "start"):
            for name in names:
                writers.wait_for_output(f"ready {name}")
        self.assertEqual(writers.process.wait(START_SECONDS), 0, writers.output)
        for name in names:
            self.assertIn(f"done {name}", writers.output)
        self.assertEqual(
            sorted(db.session.scalars(sa.select(Post.body))),
            sorted(f"{name} {number}" for name in names for number in range(posts)),
        )
        found = sa.select(User.nickname).where(User.nickname.startswith("processor"))
        self.assertEqual(set(db.session.scalars(found)), {"processor", "processor2", "processor3"})


class UniqueNicknameTests(TestCase):
    """User.make_unique_nickname, which a crowd of namesakes must not slow down."""

    def take(self, *taken: str) -> None:
        with writing() as session:
            session.add_all(User(nickname=nickname) for nickname in taken)

    def test_it_asks_the_database_once_however_many_are_taken(self):
        for taken in (0, 1, 300):
            with self.subTest(taken=taken):
                self.empty_database()
                names = ["miguel", *(f"miguel{number}" for number in range(2, taken + 1))][:taken]
                self.take(*names)
                free = "miguel" if not taken else f"miguel{taken + 1}"
                self.assertEqual(User.make_unique_nickname("miguel"), free)
                sent = statements(lambda: User.make_unique_nickname("miguel"))
                self.assertEqual(len(sent), 1, sent)

    def test_it_takes_the_smallest_number_that_is_free(self):
        self.take("miguel", "miguel2", "miguel4")
        self.assertEqual(User.make_unique_nickname("miguel"), "miguel3")

    def test_it_does_not_look_at_case(self):
        self.take("Miguel", "MIGUEL2")
        self.assertEqual(User.make_unique_nickname("miguel"), "miguel3")
        self.assertEqual(User.make_unique_nickname("mIGUEL"), "mIGUEL3")

    def test_it_leaves_words_of_the_site_alone(self):
        for word in ("admin", "Login", "OPENID"):
            self.assertEqual(User.make_unique_nickname(word), f"{word}2")
            self.assertNotIn(f"{word}2".lower(), nicknames.RESERVED)
        for word in ("ad.min", "log-in", "open_id", "favicon-ico"):
            self.assertEqual(User.make_unique_nickname(word), f"{word}2")

    def test_it_gives_what_anybody_might_choose(self):
        self.take("miguel", "susan")
        for given, free in {"miguel.": "miguel2", "-susan": "susan2", ".-ana-.": "ana"}.items():
            self.assertEqual(User.make_unique_nickname(given), free)
            self.assertIsNone(nicknames.problem(free))

    def test_its_wildcards_are_characters_like_any_other(self):
        self.take("mXguel", "m_guel2")
        self.assertEqual(User.make_unique_nickname("m_guel"), "m_guel")

    def test_a_long_one_makes_room_for_the_number(self):
        longest = "m" * nicknames.MAX_NICKNAME
        self.take(longest)
        second = User.make_unique_nickname(longest)
        self.assertEqual(second, "m" * (nicknames.MAX_NICKNAME - 1) + "2")
        self.take(second, *("m" * (nicknames.MAX_NICKNAME - 1) + str(n) for n in range(3, 10)))
        tenth = User.make_unique_nickname(longest)
        self.assertEqual(tenth, "m" * (nicknames.MAX_NICKNAME - 2) + "10")
        self.assertIsNone(nicknames.problem(tenth))
