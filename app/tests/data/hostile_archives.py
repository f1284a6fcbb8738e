"""Files that no site of ours has written: each gets a sentence and changes nothing."""

import io
import struct
from datetime import timedelta
from unittest import mock

from app.database import now
from app.forms import archive
from app.models import BroughtPost, Post
from app.tests.support.data.archives import ArchiveTestCase, archived, line, zipped


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
