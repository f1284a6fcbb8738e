"""Search: what finds what, and an index that follows the posts."""

import re
from urllib.parse import quote

import sqlalchemy as sa

from app import db
from app.models import Post
from app.queries.pagination import PAGE_SIZE
from app.queries.search import results as search
from app.queries.search import statements as search_statements
from app.queries.search.terms import Phrase
from app.tests.support.reading import SearchPageTestCase, selects, shown


class SearchTests(SearchPageTestCase):
    def setUp(self):
        super().setUp()
        self.john.write("Flask is fun, and good for a good morning")
        self.susan.write("good coffee this morning #Coffee")
        self.john.write("flasks of tea; see https://example.com/tea-pots")
        self.susan.write("Ein Café in Zürich @john")
        self.susan.write("snow #coffee #winter")

    def test_each_kind_of_query(self):
        fun, morning, tea, zurich, snow = (
            db.session.scalars(sa.select(Post.body).order_by(Post.id)).all()
        )  # fmt: skip
        for text, expected in {
            "flask": [fun],
            "FLASK": [fun],
            "flas*": [tea, fun],
            "flas": [],
            "good morning": [morning, fun],
            "morning good": [morning, fun],
            '"good morning"': [fun],
            '"good mor*"': [fun],
            '"good coffee" morning': [morning],
            '"morning good"': [],
            "cafe": [zurich],
            "café": [zurich],
            "CAFE\u0301": [zurich],
            "zurich": [zurich],
            "Zür*": [zurich],
            "from:susan": [snow, zurich, morning],
            "FROM:Susan": [snow, zurich, morning],
            "from:susan good": [morning],
            "from:john good": [fun],
            "from:john from:susan": [],
            "from:nobody": [],
            "#coffee": [snow, morning],
            "#Coffee": [snow, morning],
            "#coffee #winter": [snow],
            "#coffee from:susan good": [morning],
            "#coffee from:john": [],
            "coffee": [snow, morning],
            "#nothing": [],
            "example.com": [tea],
            "https://example.com/tea-pots": [tea],
            "tea-pots": [tea],
            "pots-tea": [],
            "@john": [zurich],
            'unclosed "good morning': [],
            '"good morning': [morning, fun],
            "fun,": [fun],
        }.items():
            with self.subTest(text):
                self.assertEqual(self.found(text), expected)

    def test_matches_are_marked_and_nothing_else_is(self):
        for text, marked in {
            "flas*": ["flasks", "Flask"],
            "good": ["good", "good", "good"],
            "cafe": ["Café"],
            "ZÜRICH": ["Zürich"],
            '"coffee this"': ["coffee", "this", "Coffee"],
            "#winter": ["winter"],
            "fun": ["fun"],
        }.items():
            with self.subTest(text):
                found = re.findall("<mark>(.*?)</mark>", self.search(text).text)
                self.assertEqual(found, marked)

    def test_what_is_marked_stays_escaped(self):
        self.john.write("<b>bold</b> & <mark>pencil</mark>")
        text = self.search("bold").text
        self.assertIn("&lt;b&gt;<mark>bold</mark>&lt;/b&gt; &amp; &lt;mark&gt;pencil", text)

    def test_letters_of_every_language_are_found_as_they_are_written(self):
        for body, query in {
            "чай с молоком": "чай",
            "ЧАЙ ИЗ ЁЛКИ": "ёлки",
            "Το πρωί πίνω τσάι": "τσάι",
            "한국어 게시물": "한국어",
            "がんばって ください": "がんばって",
            "ｗｉｄｅ letters": "ｗｉｄｅ",
            "שָׁלוֹם לכולם": "שָׁלוֹם",
            "naïve decompose\u0301d": "decomposéd",
            "the ﬁne print": "ﬁne",
            "Cần Thơ": "cần thơ",
            "İstanbul": "İstanbul",
        }.items():
            with self.subTest(query):
                self.john.write(body)
                self.assertEqual(self.found(query), [body])

    def test_signs_between_words_are_ignored(self):
        snow = self.found("snow")
        for text in ("snow 😀", "snow …", "snow – !", "😀 snow", "snow & |", "snow “”", '"snow…"'):
            with self.subTest(text):
                self.assertEqual(self.found(text), snow)

    def people(self, text: str) -> list[str]:
        """Return the nicknames that a page lists, with their marks."""
        return re.findall(r'<p class="person">.*?<a href="/user/[^"]*">(.*?)</a>', text)

    def test_users_are_found_too_newest_first_with_their_beginning_marked(self):
        for nickname in ("anna-maria", "under_score", "dr.who", "Annabel"):
            self.person(nickname)
        for text, expected in {
            "susan": ["<mark>susan</mark>"],
            "SUS": ["<mark>sus</mark>an"],
            "anna": ["<mark>Anna</mark>bel", "<mark>anna</mark>-maria"],
            "anna*": ["<mark>Anna</mark>bel", "<mark>anna</mark>-maria"],
            "anna-maria": ["<mark>anna-maria</mark>"],
            "an anna": ["<mark>Anna</mark>bel", "<mark>anna</mark>-maria"],
            "under_score": ["<mark>under_score</mark>"],
            "dr.who": ["<mark>dr.who</mark>"],
            "@susan": ["<mark>susan</mark>"],
            "from:john": ["<mark>john</mark>"],
            "john sus": ["<mark>john</mark>", "<mark>sus</mark>an"],
            "snow": [],
            "%": [],
            "_": [],
        }.items():
            with self.subTest(text):
                found = self.search(text)
                self.assertEqual(self.people(found.text), expected)
                found.get(f"/search/people?q={quote(text)}")
                self.assertEqual(self.people(found.text), expected)
                self.assertEqual(shown(found), [])

    def test_more_people_than_a_few_have_pages_of_their_own(self):
        for number in range(PAGE_SIZE + 2):
            self.person(f"r-b{number}")
        few = self.search("r-b")
        newest = [f"<mark>r-b</mark>{number}" for number in reversed(range(PAGE_SIZE + 2))]
        self.assertEqual(self.people(few.text), newest[:5])
        few.get(few.page.links["More people"])
        self.assertEqual(few.page.heading, "Search")
        self.assertEqual(self.people(few.text), newest[:PAGE_SIZE])
        few.get(few.page.links["Older"])
        self.assertEqual(self.people(few.text), newest[PAGE_SIZE:])
        few.get(few.page.links["Back to the posts"])
        self.assertEqual(self.people(few.text), newest[:5])

    def test_a_few_people_are_all_there_are(self):
        for number in range(5):
            self.person(f"few{number}")
        self.assertNotIn("More people", self.search("few").page.links)
        self.person("few5")
        self.assertIn("More people", self.search("few").page.links)

    def test_nobody_fits(self):
        visitor = self.browser()
        for text, words in {
            "nobody": "Nobody has a name that begins like that.",
            "#coffee": "Nobody has a name that begins like that.",
            "?!": "There is no word in that to look for.",
        }.items():
            with self.subTest(text):
                visitor.get(f"/search/people?q={quote(text)}")
                self.assertIn(words, visitor.page.words)
                self.assertEqual(visitor.text.count('class="empty"'), 1)

    def test_there_is_nothing_to_look_for(self):
        for text in ("", "   ", "\t\n"):
            visitor = self.search(text)
            self.assertNotIn('class="empty"', visitor.text)
            visitor.get(f"/search/people?q={quote(text)}")
            self.assertNotIn('class="empty"', visitor.text)
        self.assertIn("There is no word in that", self.search("?!").page.words)
        self.assertIn("No post fits that", self.search("absent").page.words)

    def test_what_was_typed_stays_in_the_box(self):
        for text in ('"good morning"', "<b>&amp;", "from:susan #coffee", "'\"><script>"):
            with self.subTest(text):
                box = next(f for f in self.search(text).page.forms if "q" in f.names)
                self.assertEqual(box.fields["q"], text)

    def test_results_have_pages_that_keep_the_query(self):
        for n in range(PAGE_SIZE + 5):
            self.john.write(f"many & more, {n}")
        visitor = self.search('"many & more" from:john')
        first = shown(visitor)
        visitor.get(visitor.page.links["Older"])
        second = shown(visitor)
        self.assertEqual((len(first), len(second)), (PAGE_SIZE, 5))
        self.assertEqual(second[-1], "many & more, 0")
        visitor.get(visitor.page.links["Newer"])
        self.assertEqual(shown(visitor), first)

    def test_it_takes_three_selects_however_much_is_found(self):
        def asked() -> int:
            browser = self.browser(self.john)
            return selects(lambda: browser.get("/search?q=good"))

        few = asked()
        for n in range(PAGE_SIZE):
            self.person(f"good{n}").write("good @john")
        self.assertEqual(asked(), few)
        self.assertLessEqual(few, 3)


class SearchIndexTests(SearchPageTestCase):
    """The index follows whoever writes to the table, and by whatever way."""

    def test_editing_and_deleting(self):
        post = self.john.write("before")
        Post.edit(post.id, self.john.id, "after")
        self.assertEqual((self.found("before"), self.found("after")), ([], ["after"]))
        Post.delete(post.id, self.john.id)
        self.assertEqual(self.found("after"), [])

    def test_removing_the_author(self):
        self.john.write("something")
        self.john.delete()
        self.assertEqual(self.found("something"), [])
        # Had its words stayed behind, the next post of that number would be found by them.
        self.assertEqual(self.indexed("something"), 0)

    def test_statements_written_by_hand(self):
        def run(statement: str):
            db.session.execute(sa.text(statement), {"me": self.john.id})
            db.session.commit()

        run(
            "INSERT INTO post (body, timestamp, user_id)"
            " VALUES ('by hand', '2026-01-01 00:00:00', :me)"
        )
        self.assertEqual(self.found("hand"), ["by hand"])
        run("UPDATE post SET body = 'by foot' WHERE user_id = :me")
        self.assertEqual((self.found("hand"), self.found("foot")), ([], ["by foot"]))
        run("UPDATE post SET timestamp = '2026-01-02 00:00:00' WHERE user_id = :me")
        self.assertEqual(self.found("foot"), ["by foot"])
        run("DELETE FROM post WHERE user_id = :me")
        self.assertEqual(self.indexed("foot"), 0)

    def test_a_failed_write_leaves_no_words(self):
        with self.assertRaises(sa.exc.IntegrityError):
            db.session.execute(
                sa.insert(Post), [{"body": "kept", "user_id": self.john.id}, {"body": "lost"}]
            )
            db.session.commit()
        db.session.rollback()
        self.assertEqual((self.indexed("kept"), self.indexed("lost")), (0, 0))

    def test_the_index_holds_what_the_posts_hold(self):
        for n in range(30):
            post = self.john.write(f"word{n} é\u0301\u202e😀 <b>")
            if n % 3 == 0:
                Post.edit(post.id, self.john.id, f"changed{n}")
            if n % 5 == 0:
                Post.delete(post.id, self.john.id)
        if db.engine.dialect.name == "sqlite":
            # Raises when the index and the table disagree.
            check = "INSERT INTO post_search (post_search, rank) VALUES ('integrity-check', 1)"
            db.session.execute(sa.text(check))
        count = sa.text("SELECT count(*) FROM post_search")
        self.assertEqual(db.session.scalar(count), self.count(Post))

    def indexed(self, word: str) -> int:
        """Count the entries of a word, whether or not their posts are there."""
        db.session.rollback()
        dialect = db.engine.dialect.name
        match = search.MATCH[dialect]([Phrase(word, is_prefix=False)])
        return len(db.session.execute(search_statements.FOUND[dialect], {"match": match}).all())
