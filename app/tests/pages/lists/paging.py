"""Pages of posts: Newer and Older by where they begin, and what each page asks the database."""

import re

from app import db
from app.models import Post, User
from app.queries.pagination import PAGE_SIZE
from app.tests.support.base import SITE, Browser, PeopleTestCase
from app.tests.support.clock import Clock
from app.tests.support.reading import asking, selects, shown

LISTS = ("/", "/explore", "/user/susan", "/tag/tea", "/search?q=tea")


class PagingTestCase(PeopleTestCase):
    def setUp(self):
        super().setUp()
        self.john.follow(self.susan)

    def write(self, count: int, start: int = 0) -> list[str]:
        """Let susan write so many posts; give their texts, newest first."""
        texts = [f"post {n} #tea" for n in range(start, start + count)]
        for text in texts:
            self.susan.write(text)
        return texts[::-1]

    def open(self, path: str) -> Browser:
        browser = self.browser(self.john)
        browser.get(path)
        self.assertEqual(browser.status, 200)
        return browser

    def turn(self, browser: Browser, label: str) -> list[str]:
        browser.get(browser.page.links[label])
        self.assertEqual(browser.status, 200)
        return shown(browser)


class PagingTests(PagingTestCase):
    def test_every_post_once_down_and_up_again(self):
        texts = self.write(2 * PAGE_SIZE + 3)
        for path in LISTS:
            with self.subTest(path):
                browser = self.open(path)
                self.assertNotIn("Newer", browser.page.links)
                pages = [shown(browser)]
                while "Older" in browser.page.links:
                    pages.append(self.turn(browser, "Older"))
                self.assertEqual([len(page) for page in pages], [PAGE_SIZE, PAGE_SIZE, 3])
                self.assertEqual(sum(pages, []), texts)
                self.assertEqual(self.turn(browser, "Newer"), pages[1])
                self.assertEqual(self.turn(browser, "Newer"), pages[0])
                self.assertNotIn("Newer", browser.page.links)
                self.assertEqual(self.turn(browser, "Older"), pages[1])

    def test_new_posts_neither_repeat_nor_lose_any(self):
        texts = self.write(3 * PAGE_SIZE)
        for path in LISTS:
            with self.subTest(path):
                start = len(texts)
                browser = self.open(path)
                seen = shown(browser)
                for step in range(2):
                    texts = self.write(2, start=len(texts)) + texts
                    seen += self.turn(browser, "Older")
                    self.assertEqual(len(seen), (step + 2) * PAGE_SIZE)
                self.assertEqual(seen, texts[4 : 4 + 3 * PAGE_SIZE])
                # On the way up again the new ones come after all that was seen.
                up = shown(browser)
                while "Newer" in browser.page.links:
                    up = self.turn(browser, "Newer") + up
                self.assertEqual(up, texts[: len(up)])
                self.assertGreaterEqual(len(up), 3 * PAGE_SIZE + 4)
                self.assertEqual(len(texts), start + 4)

    def test_deleted_posts_take_no_others_with_them(self):
        texts = self.write(2 * PAGE_SIZE)
        browser = self.open("/explore")
        seen = shown(browser)
        last = re.findall(r'u-url" href="/post/(\d+)"', browser.text)[-1]
        Post.delete(int(last), self.susan.id)
        self.assertEqual(seen + self.turn(browser, "Older"), texts)

    def test_an_exact_page_has_no_other(self):
        self.write(PAGE_SIZE)
        for path in LISTS:
            browser = self.open(path)
            self.assertEqual(len(shown(browser)), PAGE_SIZE)
            self.assertFalse({"Older", "Newer", "Newest"} & set(browser.page.links), path)

    def test_machines_see_the_order(self):
        self.write(3 * PAGE_SIZE)
        for path in LISTS:
            with self.subTest(path):
                browser = self.open(path)
                self.assertEqual(re.findall(r'rel="(next|prev)"', browser.text), ["next"])
                self.turn(browser, "Older")
                rels = dict(re.findall(r'rel="(next|prev)">(\w+)<', browser.text))
                self.assertEqual(rels, {"next": "Older", "prev": "Newer"})
                self.turn(browser, "Newest")
                self.assertEqual(browser.url, SITE + path)

    def test_nonsense_asks_for_the_newest_page(self):
        texts = self.write(2)
        for path in LISTS:
            for name in ("older", "newer"):
                for value in ("x", "-1", "0", "9" * 40, "%00", "1e3", "", "1.5", "%ED%A0%80", "[]"):
                    if path not in {"/", "/explore"} and value in {"-1", "0"}:
                        # There may be posts with such ids: those that were brought along.
                        continue
                    with self.subTest(f"{path} {name}={value}"):
                        browser = self.open(asking(path, f"{name}={value}"))
                        self.assertEqual(shown(browser), texts)

    def test_what_was_typed_into_the_address_stays_text(self):
        self.write(1)
        browser = self.open("/explore?older=\"><script>alert(1)</script>&newer='><b>")
        self.assertNotIn("<script", browser.text)
        browser = self.open("/search?q=%22%3E%3Cscript%3E&older=%22%3E%3Cscript%3E")
        self.assertNotIn("<script", browser.text)

    def test_beyond_either_end_there_is_a_way_back(self):
        texts = self.write(PAGE_SIZE + 1)
        newest = self.count_up()
        for path in LISTS:
            for at in ("older=1", f"newer={newest}", f"older={2**62}", f"newer={2**62}"):
                with self.subTest(f"{path} {at}"):
                    browser = self.open(asking(path, at))
                    self.assertEqual(self.turn(browser, "Newest"), texts[:PAGE_SIZE])

    def test_both_at_once_are_a_page_too(self):
        self.write(3)
        for path in LISTS:
            self.open(asking(path, "older=3&newer=1"))

    def count_up(self) -> int:
        db.session.rollback()
        return max(int(n) for n in re.findall(r'href="/post/(\d+)"', self.open("/explore").text))


class SelectsTests(PagingTestCase):
    """At most three SELECTs a page, for one row as for many by as many authors."""

    def setUp(self):
        super().setUp()
        # The first look after a minute writes down that somebody is here.
        Clock(self)

    def asked(self, path: str, reader: User | None) -> int:
        browser = self.browser(reader)
        count = selects(lambda: browser.get(path))
        self.assertEqual((browser.status, browser.url), (200, SITE + path))
        return count

    def test_no_page_takes_more_for_more_posts(self):
        first = self.susan.write("tea #tea @john https://example.com/")
        paths = (*LISTS, f"/post/{first.id}", "/explore.atom", "/user/susan.atom", "/tag/tea.atom")
        readers = [(path, reader) for path in paths for reader in (self.john, None) if path != "/"]
        readers.append(("/", self.john))
        # Susan follows nobody and is shown everybody.
        readers.append(("/", self.susan))
        few = [self.asked(*reading) for reading in readers]
        for n in range(PAGE_SIZE):
            other = self.person(f"person{n}", f"person{n}@example.com")
            self.john.follow(other)
            other.write(f"tea #tea @john @susan @person{n} #other{n}")
            self.susan.write(f"tea #tea @person{n}")
        many = [self.asked(*reading) for reading in readers]
        for (path, reader), before, after in zip(readers, few, many, strict=True):
            with self.subTest(path=path, reader=reader and reader.nickname):
                self.assertEqual(after, before)
                self.assertLessEqual(after, 2 if path in ("/", "/explore") else 3)
