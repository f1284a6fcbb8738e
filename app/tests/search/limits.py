"""Searching without end: how often, and how long one search may take."""

from unittest import mock
from urllib.parse import quote

import sqlalchemy as sa

from app import db
from app.database.durations.bounded import TookTooLong, bounded
from app.queries.search import people
from app.queries.search import results as search
from app.queries.search.terms import MAX_WORDS, parse, words
from app.tests.support.base import Browser, PeopleTestCase
from app.tests.support.clock import Clock
from app.tests.support.reading import SearchPageTestCase
from app.views import explore
from config import read_settings

# Of a site's searches, which are given more time in tests.
MAX_SECONDS = read_settings({})["SEARCH_SECONDS"]
PAGES = ("/search?q=tea", "/search/people?q=tea", "/search?q=tea&older=9")
# Statements that would go on for much longer than anybody waits.
ENDLESS = {
    "sqlite": "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) "
    "SELECT i FROM n WHERE i < 0",
    "postgresql": "SELECT length(text)::bigint FROM CAST(pg_sleep(600) AS text) AS text",
}


class SearchLimitTests(PeopleTestCase):
    settings = {"RATELIMIT_ENABLED": "on"}

    def setUp(self):
        super().setUp()
        Clock(self)

    def use_up(self, browser: Browser) -> None:
        for number in range(30):
            self.assertEqual(browser.get(PAGES[number % 3]).status_code, 200)

    def test_30_times_a_minute_for_visitors_and_for_members(self):
        for browser in (self.browser(), self.browser(self.john)):
            self.use_up(browser)
            for path in PAGES:
                browser.get(path)
                self.assertEqual((browser.status, browser.page.heading), (429, "Not so fast"))
                self.assertGreater(int(browser.response.headers["Retry-After"]), 0)
            self.assertEqual(browser.get("/explore").status_code, 200)
        # A member counts apart from who shares the address.
        self.assertEqual(self.browser(self.susan).get(PAGES[0]).status_code, 200)


class SearchCostTests(SearchPageTestCase):
    def setUp(self):
        super().setUp()
        self.john.write("a cup of tea")
        statement = sa.text(ENDLESS[db.engine.dialect.name])
        self.endless = mock.patch.object(
            search, "statements_of", lambda *_: dict.fromkeys((True, False), statement)
        )
        self.given_up_soon = mock.patch.dict(self.app.config, SEARCH_SECONDS=0.05)

    def test_one_that_takes_too_long_is_given_up_with_a_sentence(self):
        for browser in (self.browser(), self.browser(self.john)):
            for path in ("/search?q=tea+please", "/search?q=tea+please&older=99999999"):
                with self.endless, self.given_up_soon:
                    browser.get(path)
                self.assertEqual((browser.status, browser.page.heading), (503, "Search"))
                self.assertEqual(len(browser.page.alerts), 1)
                self.assertIn("Please look for fewer or rarer words.", browser.page.alerts[0])
                self.assertNotIn("No post fits that", browser.page.words)
                box = next(f for f in browser.page.forms if "q" in f.names)
                self.assertEqual(box.fields["q"], "tea please")
        self.assertEqual(self.found("tea"), ["a cup of tea"])

    def test_so_is_a_search_for_people(self):
        statement = sa.text(ENDLESS[db.engine.dialect.name])
        slow = dict.fromkeys((True, False), statement)
        browser = self.browser()
        with mock.patch.object(people, "_statements", lambda *_: slow), self.given_up_soon:
            for path in ("/search/people?q=john", "/search?q=john"):
                browser.get(path)
                self.assertEqual((browser.status, len(browser.page.alerts)), (503, 1))

    def test_the_bound_ends_with_the_search(self):
        if db.engine.dialect.name == "postgresql":
            setting = sa.text("SHOW statement_timeout")
            before = db.session.scalar(setting)
            with bounded(MAX_SECONDS):
                self.assertEqual(db.session.scalar(setting), "2s")
            self.assertEqual(db.session.scalar(setting), before)
            return
        long = sa.text(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000)"
            " SELECT count(*) FROM n"
        )
        with self.assertRaises(TookTooLong), bounded(-1):
            db.session.scalar(long)
        self.assertEqual(db.session.scalar(long), 100_000)

    def test_another_failure_of_the_database_stays_one(self):
        with self.assertRaises(sa.exc.SQLAlchemyError), bounded(MAX_SECONDS):
            db.session.execute(sa.text("SELECT * FROM nowhere"))
        self.assertEqual(self.found("tea"), ["a cup of tea"])
        self.assertEqual(explore.SEARCH_LIMIT, "30 per minute")


class SearchWordsTests(SearchPageTestCase):
    """What a query may hold, and what stands for itself in it."""

    def test_words_beyond_the_tenth_are_not_looked_for(self):
        numbered = [f"w{n}" for n in range(MAX_WORDS + 1)]
        query = parse(" ".join(numbered))
        self.assertEqual([phrase.written for phrase in query.phrases], numbered[:MAX_WORDS])
        quoted = parse('"' + " ".join(numbered) + '"')
        self.assertEqual(words(quoted.phrases[0].written), numbered[:MAX_WORDS])
        self.john.write(" ".join(numbered[:MAX_WORDS]))
        self.assertEqual(len(self.found(" ".join(numbered))), 1)
        self.assertEqual(len(self.found('"' + " ".join(numbered) + '"')), 1)
        for kind in ("#t{}", "from:u{}", '"p {}"', "w{} #t{} from:u{}"):
            query = parse(" ".join(kind.replace("{}", str(n)) for n in range(30)))
            count = len(query.phrases) + len(query.tags) + len(query.authors)
            self.assertEqual(count, MAX_WORDS, kind)
        # All of the ten count.
        self.assertEqual(self.found(" ".join([*numbered[: MAX_WORDS - 1], "absent"])), [])

    def people(self, text: str) -> list[str]:
        browser = self.browser()
        browser.get(f"/search/people?q={quote(text)}")
        links = browser.page.links.values()
        return sorted(link.rpartition("/")[2] for link in links if link.startswith("/user/"))

    def test_signs_of_like_stand_for_themselves(self):
        for nickname in ("a_b", "axb", "a-b", "ab"):
            self.person(nickname)
        self.assertEqual(self.people("a_b"), ["a_b"])
        self.assertEqual(self.people("a_"), ["a_b"])
        # These are in no nickname, so nobody's begins with them; %, _ and the sign that
        # escapes them would each fit everybody, or somebody.
        for text in ("a%", "a%b", "%b", "%a", "a/", "a/_b", "a\\_b", "a\\", "/", "_b", "_"):
            with self.subTest(text):
                self.assertEqual(self.people(text), [])
