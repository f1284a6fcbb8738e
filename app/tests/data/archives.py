"""Taking one's posts along, and bringing them to another site."""

import csv
import io
import json
import struct
import zipfile
from datetime import timedelta
from unittest import mock

import feedparser
import sqlalchemy as sa

from app import db
from app.database import now
from app.forms import archive
from app.models import Block, BroughtPost, Post, Tag
from app.models.posts import brought
from app.tests.support.base import SITE, PeopleTestCase
from app.tests.support.browser import Browser
from app.tests.support.reading import shown

ELSEWHERE = "https://elsewhere.example/post/"


def line(number: int, **changes) -> dict:
    """Return a post as another site's archive tells it."""
    time = (now() - timedelta(days=number + 1)).isoformat()
    post = {
        "url": f"{ELSEWHERE}{9000 - number}",
        "time": time,
        "edited": None,
        "text": f"№ {number}",
    }
    return post | changes


def archived(*posts, name: str = "posts.json") -> bytes:
    """Return a zip with these posts, each a dictionary or a line as it is."""
    lines = [post if isinstance(post, str) else json.dumps(post) for post in posts]
    return zipped({name: "[\n" + ",\n".join(lines) + "\n]\n"})


def zipped(files: dict[str, str], **options) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED, **options) as file:
        for name, text in files.items():
            file.writestr(name, text)
    return made.getvalue()


class ArchiveTestCase(PeopleTestCase):
    def setUp(self):
        super().setUp()
        self.browser_of_john = self.browser(self.john)

    def take(self, browser: Browser | None = None) -> zipfile.ZipFile:
        browser = browser or self.browser_of_john
        browser.get("/settings/data")
        browser.submit(button="Make the file")
        self.assertEqual(browser.response.mimetype, "application/zip")
        return zipfile.ZipFile(io.BytesIO(browser.response.data))

    def bring(self, file: bytes, browser: Browser | None = None) -> Browser:
        browser = browser or self.browser_of_john
        browser.get("/settings/data")
        form = {"csrf_token": browser.token(), "archive": (io.BytesIO(file), "mine.zip")}
        browser.post("/settings/data/import", form)
        return browser

    def rows(self) -> list[tuple]:
        posts = sa.select(Post.body, Post.timestamp, Post.edited).order_by(Post.id.desc())
        return [tuple(row) for row in db.session.execute(posts)]


class TakingTests(ArchiveTestCase):
    def test_there_are_pages_json_and_csv_with_all_that_is_theirs(self):
        for number in range(3):
            self.john.write(f"post <{number}> of #tea")
        self.susan.write("not mine")
        self.john.follow(self.susan)
        db.session.add(Block(blocker_id=self.john.id, blocked_id=self.susan.id))
        db.session.commit()
        taken = self.take()
        self.assertEqual(
            taken.namelist(), ["profile.json", "posts.json", "posts.csv", "index.html"]
        )
        profile = json.loads(taken.read("profile.json"))
        self.assertEqual(
            (profile["nickname"], profile["following"], profile["blocked"], profile["site"]),
            ("john", ["susan"], ["susan"], SITE + "/"),
        )
        posts = json.loads(taken.read("posts.json"))
        bodies = [f"post <{number}> of #tea" for number in (2, 1, 0)]
        self.assertEqual([post["text"] for post in posts], bodies)
        self.assertTrue(all(post["url"].startswith(SITE + "/post/") for post in posts))
        table = list(csv.DictReader(io.StringIO(taken.read("posts.csv").decode())))
        self.assertEqual([row["text"] for row in table], bodies)
        page = taken.read("index.html").decode()
        self.assertIn("post &lt;1&gt; of <a", page)
        self.assertNotIn("not mine", page)

    def test_many_posts_are_several_pages_that_lead_to_each_other(self):
        for size, names in ((1, 2), (2, 1)):
            with self.subTest(size), mock.patch("app.rendering.archive.POSTS_A_PAGE", size):
                if size == 1:
                    self.john.write("one")
                    self.john.write("two")
                pages = [name for name in self.take().namelist() if name.endswith(".html")]
                self.assertEqual(len(pages), names)

    def test_it_is_made_in_pieces_and_holds_no_transaction_meanwhile(self):
        for number in range(5):
            self.john.write(f"№ {number}")
        with (
            mock.patch("app.queries.export.CHUNK", 2),
            mock.patch("app.rendering.archive.PIECE", 1),
        ):
            self.browser_of_john.get("/settings/data")
            form = {"csrf_token": self.browser_of_john.token()}
            response = self.browser_of_john.client.post(
                "/settings/data/export", data=form, base_url=SITE, headers={"Origin": SITE}
            )
            pieces = list(response.iter_encoded())
        self.assertGreater(len(pieces), 3)

    def test_visitors_take_nothing(self):
        visitor = self.browser()
        self.assertEqual(visitor.get("/settings/data").status_code, 200)
        self.assertEqual(visitor.path, "/login")


class BringingTests(ArchiveTestCase):
    def test_they_stand_on_the_profile_with_their_time_behind_what_is_new(self):
        self.john.write("written here")
        posts = [line(1, text="newer, #tea"), line(2, edited=line(1)["time"]), line(3)]
        browser = self.bring(archived(*posts))
        self.assertEqual(browser.page.statuses, ["You brought 3 posts along."])
        self.assertEqual(browser.path, "/user/john")
        self.assertEqual(shown(browser), ["written here", "newer, #tea", "№ 2", "№ 3"])
        self.assertEqual(browser.page.words.count("brought along"), 3)
        times = [row[1].isoformat() for row in self.rows()][1:]
        self.assertEqual(times, [post["time"] for post in posts])
        self.assertEqual(self.rows()[2][2].isoformat(), posts[1]["edited"])

    def test_what_is_new_never_meets_them(self):
        self.susan.follow(self.john)
        self.bring(archived(line(1, text="old #tea")))
        susan = self.browser(self.susan)
        for path in ("/", "/explore", "/tag/tea", "/explore?older=5", "/?newer=-5"):
            with self.subTest(path):
                self.assertEqual(shown(susan.get(path) and susan), [])
        for path in ("/explore.atom", "/user/john.atom"):
            susan.get(path)
            self.assertEqual(feedparser.parse(susan.response.data).entries, [])

    def test_pages_of_many_lead_through_all_of_them(self):
        self.bring(archived(*(line(number) for number in range(60))))
        browser, seen = self.browser(), []
        browser.get("/user/john")
        while True:
            seen += shown(browser)
            if "Older" not in browser.page.links:
                break
            browser.get(browser.page.links["Older"])
        self.assertEqual(seen, [f"№ {number}" for number in range(60)])
        while "Newer" in browser.page.links:
            browser.get(browser.page.links["Newer"])
        self.assertEqual(shown(browser), seen[:25])

    def test_each_has_a_page_and_can_be_changed_and_deleted(self):
        browser = self.bring(archived(line(1)))
        post_id = db.session.scalar(sa.select(Post.id))
        self.assertLess(post_id, 0)
        browser.get(f"/post/{post_id}/edit")
        browser.submit(post="changed")
        self.assertEqual((browser.path, shown(browser)), (f"/post/{post_id}", ["changed"]))
        browser.get(f"/post/{post_id}/delete")
        browser.submit(button="Delete it for good")
        self.assertEqual(self.count(Post), 0)

    def test_twice_doubles_nothing_and_what_was_deleted_does_not_come_back(self):
        file = archived(line(1), line(2), line(2))
        self.bring(file)
        browser = self.bring(file)
        self.assertEqual(
            browser.page.statuses,
            ["You brought 0 posts along. The other 3 were here already."],
        )
        self.assertEqual(self.count(Post), 2)
        db.session.execute(sa.delete(Post))
        db.session.commit()
        self.bring(file)
        self.assertEqual(self.count(Post), 0)

    def test_what_was_taken_from_here_is_still_here(self):
        self.john.write("mine")
        taken = self.take()
        raw = archived(*json.loads(taken.read("posts.json")))
        self.bring(raw)
        self.assertEqual(self.count(Post), 1)
        # To somebody else here it is new.
        susan = self.bring(raw, self.browser(self.susan))
        self.assertEqual(shown(susan), ["mine"])

    def test_what_was_brought_here_goes_on_under_its_first_address(self):
        self.bring(archived(line(1)))
        (post,) = json.loads(self.take().read("posts.json"))
        self.assertEqual(post["url"], line(1)["url"])

    def test_names_in_them_are_nobody_here(self):
        self.bring(archived(line(1, text="@susan and #tea")))
        self.assertEqual(list(db.session.scalars(sa.select(Tag.name))), ["tea"])
        self.browser_of_john.get("/user/john")
        self.assertNotIn("@susan", self.browser_of_john.page.links)

    def test_there_is_a_bound(self):
        with mock.patch.object(brought, "MAX_BROUGHT", 2):
            browser = self.bring(archived(*(line(number) for number in range(3))))
        self.assertEqual(browser.status, 400)
        self.assertEqual(self.count(BroughtPost), 0)


class HostileArchiveTests(ArchiveTestCase):
    def refused(self, file: bytes, sentence: str) -> None:
        browser = self.bring(file)
        self.assertEqual((browser.path, browser.status), ("/settings/data/import", 400))
        self.assertIn(sentence, browser.page.words)
        self.assertEqual((self.count(Post), self.count(BroughtPost)), (0, 0))

    def test_a_post_that_no_site_writes_is_told_with_its_place(self):
        hostile = [
            line(1, text=""),
            line(1, text=" \n "),
            line(1, text="x" * 141),
            line(1, text=["a"]),
            line(1, text=5),
            line(1, text="\ud800"),
            line(1, url="javascript:alert(1)"),
            line(1, url=None),
            line(1, url="https://" + "x" * 300),
            line(1, url="https://[/"),
            line(1, url="https://a.example/\n"),
            line(1, time="yesterday"),
            line(1, time=2_000_000_000),
            line(1, time="1999-12-31T00:00:00+00:00"),
            line(1, time=(now() + timedelta(days=1)).isoformat()),
            line(1, time="0001-01-01T00:00:00+23:59"),
            line(1, edited="never"),
            line(1, edited={"a": 1}),
            {},
            "null",
            "7",
            '"a"',
            "[1]",
            "{",
            "[" * 5000,
            "9" * 5000,
        ]
        for post in hostile:
            with self.subTest(str(post)[:60]):
                self.refused(archived(line(0), post), "Post 2 in this file is not as this site")

    def test_what_is_no_archive_is_told(self):
        good = archived(line(1))
        for name, file in {
            "empty": b"",
            "text": b"hello",
            "cut": good[:-30],
            "half": good[: len(good) // 2],
            "spoilt": good.replace(b"\x78", b"\x79").replace(b"posts", b"posts\x00", 1),
            "only an end": b"PK\x05\x06" + b"\xff" * 18,
            "a lying directory": b"x" * 100
            + struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 1, 1, 50, 900, 0),
        }.items():
            with self.subTest(name):
                self.refused(file, "This file is" if name not in {"only an end"} else "file")

    def test_a_zip_without_posts_is_told(self):
        self.refused(zipped({"readme.txt": "hello", "../posts.json": "[]"}), "no posts.json")

    def test_too_many_files_fill_no_memory(self):
        self.refused(zipped({f"{number:040}": "" for number in range(9000)}), "too many files")

    def test_a_bomb_is_read_no_further_than_it_may(self):
        with mock.patch.object(archive, "MAX_POSTS_FILE", 64 * 1024):
            self.refused(zipped({"posts.json": " \n" * 1_000_000}), "more than this site can take")

    def test_too_long_a_file_is_told_on_the_page(self):
        with mock.patch("app.views.data.MAX_ARCHIVE", 1000):
            self.refused(b"x" * 5000, "larger than this site can take")

    def test_no_file_and_no_token_change_nothing(self):
        browser = self.browser_of_john
        browser.get("/settings/data")
        browser.post("/settings/data/import", {"csrf_token": browser.token()})
        self.assertEqual(browser.status, 400)
        self.assertIn("Please choose", browser.page.words)
        form = {"archive": (io.BytesIO(archived(line(1))), "mine.zip")}
        browser.post("/settings/data/import", form)
        self.assertEqual((browser.status, self.count(Post)), (400, 0))

    def test_other_forms_still_have_their_own_bound(self):
        browser = self.browser_of_john
        browser.get("/")
        browser.post("/", {"csrf_token": browser.token(), "post": "x" * 70_000})
        self.assertEqual(browser.status, 413)
