"""Taking one's posts along, and bringing them to another site."""

import csv
import io
import json
from unittest import mock

import feedparser
import sqlalchemy as sa

from app import db
from app.models import Block, BroughtPost, Notification, Post
from app.models.posts import brought
from app.tests.support.base import SITE
from app.tests.support.data.archives import ArchiveTestCase, archived, line
from app.tests.support.reading import shown


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

    def test_the_profile_has_what_stands_on_it(self):
        link = '<a href="https://john.example/?a&amp;b">'
        for address, links in (("https://john.example/?a&b", 1), ("", 0)):
            with self.subTest(address):
                self.john.update_profile("john", "Tea & trains", address)
                taken = self.take()
                profile = json.loads(taken.read("profile.json"))
                self.assertEqual(
                    (profile["about_me"], profile["web_address"]), ("Tea & trains", address)
                )
                page = taken.read("index.html").decode()
                self.assertIn("<p>Tea &amp; trains</p>", page)
                # And to the site, as there are no posts.
                self.assertEqual((page.count(link), page.count("<a ")), (links, links + 1))

    def test_a_reply_keeps_the_address_of_what_it_answers(self):
        answered = self.susan.write("a question").id
        self.john.write("a reply", answered)
        self.john.write("no reply")
        Post.delete(answered, self.susan.id)
        taken = self.take()
        posts = json.loads(taken.read("posts.json"))
        address = f"{SITE}/post/{answered}"
        self.assertEqual([post["in_reply_to"] for post in posts], [None, address])
        table = list(csv.DictReader(io.StringIO(taken.read("posts.csv").decode())))
        self.assertEqual([row["in_reply_to"] for row in table], ["", address])
        self.assertIn(f'<a href="{address}">', taken.read("index.html").decode())
        # Elsewhere it is a post as any other: what it answers is not there.
        susan = self.browser(self.susan)
        self.bring(taken.fp.getvalue(), susan)
        self.assertEqual(susan.page.statuses, ["You brought 2 posts along."])
        self.assertEqual(shown(susan), ["no reply", "a reply"])

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
        for path in ("/", "/explore", "/explore?older=5", "/?newer=-5"):
            with self.subTest(path):
                self.assertEqual(shown(susan.get(path) and susan), [])
        for path in ("/explore.atom", "/user/john.atom", "/tag/tea.atom"):
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

    def test_names_and_tags_in_them_are_links_as_in_others(self):
        browser = self.bring(archived(line(1, text="@susan, @absent and #tea")))
        self.assertEqual(browser.page.links["@susan"], "/user/susan")
        self.assertEqual(browser.page.links["#tea"], "/tag/tea")
        self.assertNotIn("@absent", browser.page.links)
        self.assertEqual(self.count(Notification), 0)

    def test_they_are_found_by_words_and_tags_once_until_they_go(self):
        file = archived(line(1, text="an old #tea"), line(2, text="an older #tea"))
        for _ in range(2):
            self.bring(file)
        self.john.write("a new #tea")
        susan = self.browser(self.susan)
        paths = ("/tag/tea", *(f"/search?q={q}" for q in ("tea", "te*", "%23tea", "from:john")))
        paths += ("/search?q=from:john+tea", "/search?q=from:john+%23tea+te*")
        for path in paths:
            with self.subTest(path):
                susan.get(path)
                self.assertEqual(shown(susan), ["a new #tea", "an old #tea", "an older #tea"])
        newest = db.session.scalar(sa.select(sa.func.max(Post.id)).where(Post.id < 0))
        self.assertTrue(Post.edit(newest, self.john.id, "an old coffee"))
        susan.get("/search?q=tea")
        self.assertEqual(shown(susan), ["a new #tea", "an older #tea"])
        self.john.delete()
        for path in (*paths, "/search?q=coffee"):
            with self.subTest(path):
                susan.get(path)
                self.assertEqual(shown(susan), [])
        for table in ("post_search", "tag", "mention", "brought_post"):
            with self.subTest(table):
                rows = db.session.execute(sa.text(f"SELECT 1 FROM {table}")).all()
                self.assertEqual(rows, [])

    def test_pages_of_a_tag_and_of_a_search_lead_through_all_of_them(self):
        self.bring(archived(*(line(number, text=f"№ {number} #tea") for number in range(60))))
        for path in ("/tag/tea", "/search?q=tea", "/search?q=%23tea+from:john"):
            browser, seen = self.browser(), []
            browser.get(path)
            while True:
                seen += shown(browser)
                if "Older" not in browser.page.links:
                    break
                browser.get(browser.page.links["Older"])
            with self.subTest(path):
                self.assertEqual(seen, [f"№ {number} #tea" for number in range(60)])
            while "Newer" in browser.page.links:
                browser.get(browser.page.links["Newer"])
            self.assertEqual(shown(browser), seen[:25])

    def test_there_is_a_bound(self):
        with mock.patch.object(brought, "MAX_BROUGHT", 2):
            browser = self.bring(archived(*(line(number) for number in range(3))))
        self.assertEqual(browser.status, 400)
        self.assertEqual(self.count(BroughtPost), 0)
