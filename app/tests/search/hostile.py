"""Searching for what nobody would look for: any query string at all gives a page."""

import itertools
import unicodedata
from urllib.parse import quote

from app import db
from app.models import Post
from app.queries.pagination import NEWEST_PAGE
from app.queries.search import people
from app.queries.search import results as search
from app.queries.search import terms as search_terms
from app.tests.support.reading import SearchPageTestCase

# Each is tried as it is, in quotes, as a prefix, and after a word that is there.
HOSTILE = (
    "\0",
    "a\0b",
    "\x01\x1f\x7f",
    '"',
    '""',
    '"""',
    '"a" "',
    "'",
    "''",
    "`",
    "*",
    "**",
    "a**",
    "*a",
    '"*"',
    "^a",
    "a^2",
    ":",
    "body:a",
    "body : a",
    "{body}: a",
    "-body:a",
    "post_search",
    "NEAR",
    "NEAR(a b)",
    "NEAR(a b, 5)",
    "a NEAR/3 b",
    "AND",
    "OR",
    "NOT",
    "a AND b",
    "a AND",
    "NOT a",
    "a OR OR b",
    "AND OR NOT NEAR",
    "(",
    ")",
    "((a)",
    "a + b",
    "a, b",
    "&",
    "a & b",
    "a & & b",
    "| a",
    "a || b",
    "!",
    "!!a",
    "a & !b",
    "<->",
    "a <-> b",
    "a <2> b",
    "a:*",
    ":*",
    "a:A",
    "a:ABCD*",
    "\\",
    "\\\\",
    "a\\",
    "\\'",
    '\\"',
    "\\u0000",
    "%",
    "_",
    "%%%s%(x)s",
    ":match",
    "$1",
    "?",
    "'; DROP TABLE post; --",
    '"; DROP TABLE post_search; --',
    "1 OR 1=1",
    "') OR ('a' = 'a",
    "<script>alert(1)</script>",
    "&lt;&amp;&#0;",
    "{{ 7*7 }}",
    "from:",
    "from:from:",
    "from: john",
    "from:john'--",
    'from:"john"',
    "from:%",
    "from:" + "x" * 65,
    "from:john from:john",
    "#",
    "##",
    "#1",
    "#'",
    "#a#b",
    "#" + "x" * 65,
    "# tea",
    "😀",
    "👩\u200d👩\u200d👧",
    "\U0001f1e9\U0001f1ea",
    "\u202egnp.exe",
    "שלום",
    "مرحبا بالعالم",
    "\u200b",
    "\ufeff",
    "\ufffd",
    "\ufffe\uffff",
    "\U0010ffff",
    "\u0301",
    "e" + "\u0301" * 139,
    "\u0085",
    "a\u2028b",
    "a\u1680b",
    "a\u00a0b",
    "a\u3000b",
    "ﷺ",
    "İ",
    "ß",
    "½ ² ①",
    "٣ ३",
    "“a” ‘b’ «c»",
    "x" * 10_000,
    "x " * 5_000,
    '"' * 10_000,
    "(" * 10_000,
    "#x " * 3_000,
    "from:x " * 1_500,
    '"a b c d e f g h i j k l m n o p q r s t u v w x y z"*',
)
# As they may stand in an address, which need not be UTF-8.
ADDRESSES = (
    "q=%ED%A0%80",
    "q=a%ED%B0%80b",
    "q=%FF%FE",
    "q=%C3",
    "q=%C0%80",
    "q=%F4%90%80%80",
    "q=%",
    "q=%zz",
    "q=%00",
    "q=a+%2B+b",
    "q",
    "q=",
    "q=a&q=b",
    "q[]=a",
    "Q=a",
    "q=a&older=x",
    "q=a&older=5&newer=7",
    "q=a&newer=%00",
    "q=a&older=%ED%A0%80",
    "q=a&older=99999999999999999999",
    "",
)


class HostileSearchTests(SearchPageTestCase):
    """Any query string at all gives a page."""

    slow = True

    def setUp(self):
        super().setUp()
        # What is wrong in a query language may only come out when there is something to match.
        for text in ("a b c tea", "NEAR and far AND body", "😀 שלום \u2028 <b>", "x" * 140):
            self.john.write(text)

    def test_any_text(self):
        self.assertGreaterEqual(len(HOSTILE), 60)
        for text in HOSTILE:
            for typed in (text, f'"{text}"', f"{text}*", f"tea {text} #a from:john", f"a{text}b"):
                with self.subTest(repr(typed[:40])):
                    self.assert_page("/search", f"q={quote(typed)}")
            with self.subTest(people=repr(text[:40])):
                self.assert_page("/search/people", f"q={quote(text)}")

    def test_any_address(self):
        for path, address in itertools.product(("/search", "/search/people"), ADDRESSES):
            with self.subTest(path, address=address):
                self.assert_page(path, address)

    def test_every_kind_of_character_between_quotes(self):
        # The databases have an opinion of their own on what a space is and what a letter.
        samples: dict[tuple, str] = {}
        for code in range(0x110000):
            character = chr(code)
            if (category := unicodedata.category(character)) != "Cs":
                # Every space, and one of each other kind in each thousand.
                samples.setdefault((category, character.isspace() and code, code >> 10), character)
        for character in samples.values():
            text = f'"a{character}b" {character} c{character}*'
            with self.subTest(repr(character)):
                db.session.rollback()
                query = search_terms.parse(text)
                search.posts(query, 0, NEWEST_PAGE)
                people.users(query, 0, NEWEST_PAGE)

    def test_nothing_was_obeyed(self):
        for text in HOSTILE:
            self.search(text)
        self.assertEqual(self.count(Post), 4)
        self.assertEqual(self.found("tea"), ["a b c tea"])

    def test_an_operator_is_a_word_like_any_other(self):
        for text in ("near", "AND", '"far and body"', "body and near"):
            with self.subTest(text):
                self.assertEqual(self.found(text), ["NEAR and far AND body"])
        for text in ("tea OR near", "NOT body tea", "a NEAR tea", "tea | near", "!body tea !near"):
            with self.subTest(text):
                self.assertEqual(self.found(text), [])

    def assert_page(self, path: str, address: str):
        visitor = self.browser()
        visitor.get(f"{path}?{address}")
        self.assertEqual(visitor.status, 200)
        self.assertEqual(visitor.page.heading, "Search")
        self.assertNotIn("<script", visitor.text)
        self.assertEqual(visitor.text.count("</html>"), 1)
