"""A post's text as HTML, moments as words, drawn pictures: without a page around them."""

import re
import unittest
from datetime import UTC, datetime, timedelta
from urllib.parse import unquote
from xml.etree import ElementTree

from app.models.posts import contents
from app.rendering import dates
from app.rendering.identicon import identicon
from app.rendering.posts import linkify


def shown(text: str, *known: str) -> str:
    """Return the HTML of `text` on a site whose members are `known`."""
    return str(linkify.render(text, set(known), "/user/", "/tag/"))


def addresses(text: str, *known: str) -> list[str]:
    return re.findall(r'href="([^"]*)"', shown(text, *known))


class LinkifyTests(unittest.TestCase):
    def test_an_address_becomes_a_link_that_vouches_for_nothing(self):
        self.assertEqual(
            shown("see https://example.com/a now"),
            'see <a href="https://example.com/a" rel="nofollow ugc noopener">'
            "https://example.com/a</a> now",
        )

    def test_what_ends_a_sentence_is_no_part_of_the_address(self):
        for text, address in {
            "https://example.com.": "https://example.com",
            "https://example.com/?!": "https://example.com/",
            "(https://example.com/)": "https://example.com/",
            "(see https://example.com/a_(b)).": "https://example.com/a_(b)",
            "https://example.com/a_(b)": "https://example.com/a_(b)",
            "https://example.com/a)b": "https://example.com/a)b",
            "[https://example.com/a]": "https://example.com/a",
            '"https://example.com/"': "https://example.com/",
            "'https://example.com/it's'": "https://example.com/it&#x27;s",
            "*https://example.com/*": "https://example.com/",
            "https://example.com/a,b;c": "https://example.com/a,b;c",
            "https://example.com/?a=1&b=2": "https://example.com/?a=1&amp;b=2",
            "https://example.com/#fragment": "https://example.com/#fragment",
            "https://example.com/@susan/1": "https://example.com/@susan/1",
            "HTTPS://EXAMPLE.COM/": "HTTPS://EXAMPLE.COM/",
            "http://[::1]:8000/": "http://[::1]:8000/",
            "https://пример.example/чай": "https://пример.example/чай",
            "https://example.com/a<b>": "https://example.com/a",
            "https://example.com/\nnext": "https://example.com/",
            "https://example.com/\\x": "https://example.com/",
        }.items():
            with self.subTest(text):
                self.assertEqual(addresses(text, "susan"), [address])

    def test_what_is_no_web_address_stays_text(self):
        for text in (
            "javascript:alert(1)",
            "JaVaScRiPt://example.com/%0aalert(1)",
            "data:text/html,<script>alert(1)</script>",
            "vbscript:x",
            "file:///etc/passwd",
            "ftp://example.com/",
            "//example.com/",
            "http://",
            "https://.",
            "https://)",
            "http:// example.com",
            "xhttp://example.com",
            "mailto:john@example.com",
            "www.example.com",
        ):
            with self.subTest(text):
                self.assertEqual(addresses(text), [])

    def test_no_text_gets_out_of_the_markup(self):
        for text in (
            "<script>alert(1)</script>",
            "<img src=x onerror=alert(1)>",
            "https://example.com/\"onmouseover='alert(1)'",
            "https://example.com/'><script>alert(1)</script>",
            "https://example.com/?<b>",
            '#tag"onclick="alert(1)',
            '@susan"><b>',
            "&lt;b&gt; &#60;b&#62; &amp;",
            "<!-- -->",
            "]]>",
            "</p></article><h1>",
            "{{ 7*7 }} {% raw %}",
            "https://example.com/{{7*7}}",
        ):
            with self.subTest(text):
                html = shown(text, "susan")
                root = ElementTree.fromstring(f"<p>{html}</p>")
                self.assertEqual({child.tag for child in root} - {"a"}, set())
                self.assertEqual("".join(root.itertext()), text)
                for link in root:
                    self.assertLessEqual(set(link.attrib), {"href", "rel"})
                    self.assertRegex(link.attrib["href"], r"^(https?://|/user/|/tag/)")

    def test_every_text_says_the_same_after_as_before(self):
        for text in (
            "a\nb\n\nc",
            "e" + "\u0301" * 139,
            "\u202eright to left\u202c \u2066isolated\u2069",
            "\u200bzero\u200dwidth\ufeff",
            "👩‍👩‍👧‍👦 #é @susan https://example.com/👩‍👩‍👧‍👦",
            "\x00\x1b\ufffe\uffff",
        ):
            with self.subTest(text):
                html = shown(text, "susan")
                without_links = re.sub(r"</?a[^>]*>", "", html)
                self.assertEqual(without_links.replace("<br>", ""), text)

    def test_only_members_are_mentioned(self):
        self.assertEqual(shown("hi @nobody", "susan"), "hi @nobody")
        self.assertEqual(shown("hi @Susan!", "susan"), 'hi <a href="/user/susan">@Susan</a>!')

    def test_a_dot_or_dash_belongs_to_the_name_if_somebody_is_called_so(self):
        for text, known, expected in (
            ("@susan.", {"susan"}, ["/user/susan"]),
            # Who took such a name while that was allowed is not meant by others' full stops.
            ("@susan.", {"susan", "susan."}, ["/user/susan"]),
            ("@susan.", {"susan."}, ["/user/susan."]),
            ("@susan-", {"susan", "susan-"}, ["/user/susan"]),
            # An underscore is a letter of the name, now as before.
            ("@susan_", {"susan", "susan_"}, ["/user/susan_"]),
            ("@susan_", {"susan"}, ["/user/susan"]),
            ("@susan_.", {"susan_", "susan_."}, ["/user/susan_"]),
            ("@susan_.", {"susan"}, ["/user/susan"]),
            ("@susan...", {"susan"}, ["/user/susan"]),
            ("@anna-maria", {"anna", "anna-maria"}, ["/user/anna-maria"]),
            ("@susan's", {"susan"}, ["/user/susan"]),
            ("(@susan)", {"susan"}, ["/user/susan"]),
            ("@susan,@john", {"susan", "john"}, ["/user/susan", "/user/john"]),
        ):
            with self.subTest(text):
                self.assertEqual(addresses(text, *known), expected)

    def test_what_is_kept_of_a_mention_is_all_that_it_may_become(self):
        for text in ("@susan", "@susan.", "@Susan_", "@susan_.", "@susan-_.", "@a.b-c_d..."):
            kept = contents.mentions_in(text)
            with self.subTest(text):
                # What was kept of posts before stands for them still.
                written = text[1:].lower()
                self.assertLessEqual({written, written.rstrip(".-_")}, kept)
                for name in kept:
                    self.assertEqual(addresses(text, name), [f"/user/{name}"])

    def test_what_looks_like_a_mention_and_is_none(self):
        for text in ("john@susan", "@@susan", "/@susan", "@ susan", "é@susan", "@"):
            with self.subTest(text):
                self.assertEqual(addresses(text, "susan"), [])

    def test_a_name_longer_than_any_mentions_nobody(self):
        self.assertEqual(addresses("@" + "x" * 65, "x" * 64), [])

    def test_tags_are_one_however_they_are_written(self):
        for text, tags in {
            "#Python": {"python"},
            "#python,#PYTHON!": {"python"},
            "#Straße": {"strasse"},
            "#чай #ЧАЙ": {"чай"},
            "#日本語": {"日本語"},
            "#snake_case #a1 #1a": {"snake_case", "a1", "1a"},
            "(#tea)": {"tea"},
            "#one-two": {"one"},
            "#caf\u00e9 #cafe\u0301": {"café"},
            "#हिन्दी": {"हिन्दी"},
        }.items():
            with self.subTest(text):
                self.assertEqual(contents.tags_of(text), tags)

    def test_what_looks_like_a_tag_and_is_none(self):
        for text in (
            "#",
            "##tea",
            "#1",
            "#2026",
            "#___",
            "a#tea",
            "/#tea",
            "&#38;",
            "https://example.com/#tea",
            "# tea",
            "#" + "x" * 65,
        ):
            with self.subTest(text):
                self.assertEqual(contents.tags_of(text), set())
                self.assertNotIn("/tag/", shown(text))

    def test_a_tag_and_its_link_agree(self):
        for text in ("#Python", "#Straße", "#café", "#日本語", "#" + "ß" * 40):
            with self.subTest(text):
                self.assertEqual(
                    {unquote(address.removeprefix("/tag/")) for address in addresses(text)},
                    contents.tags_of(text),
                )

    def test_the_longest_text_takes_no_time_to_speak_of(self):
        # Each would take an impatient pattern longer than anybody waits.
        for text in ("(" * 140, "https://" * 17, "@" * 140, "#" * 140, "https://a" + ")" * 131):
            with self.subTest(text[:10]):
                self.assertIn(text[0], shown(text * 100))


class MomentTests(unittest.TestCase):
    THEN = datetime(2026, 3, 9, 7, 5, 59, 123456, tzinfo=UTC)

    def test_absolute_times_are_utc_and_say_so(self):
        self.assertEqual(dates.absolute(self.THEN), "9 March 2026, 07:05 UTC")

    def test_relative_times(self):
        for ago, words in {
            timedelta(seconds=-90): "just now",
            timedelta(0): "just now",
            timedelta(seconds=59): "just now",
            timedelta(seconds=60): "1 minute ago",
            timedelta(seconds=119): "1 minute ago",
            timedelta(minutes=5): "5 minutes ago",
            timedelta(minutes=59, seconds=59): "59 minutes ago",
            timedelta(hours=1): "1 hour ago",
            timedelta(hours=23, minutes=59): "23 hours ago",
            timedelta(days=1): "1 day ago",
            timedelta(days=6, hours=23): "6 days ago",
            timedelta(days=7): "9 March 2026",
            timedelta(days=4000): "9 March 2026",
        }.items():
            with self.subTest(str(ago)):
                self.assertEqual(dates.relative(self.THEN, self.THEN + ago), words)

    def test_a_relative_time_has_the_full_one_in_its_title(self):
        html = dates.html(self.THEN, "5 minutes ago", "dt-published")
        time = ElementTree.fromstring(str(html))
        self.assertEqual(time.text, "5 minutes ago")
        self.assertEqual(
            time.attrib,
            {
                "datetime": "2026-03-09T07:05:59+00:00",
                "class": "dt-published",
                "title": "9 March 2026, 07:05\N{NO-BREAK SPACE}UTC",
            },
        )

    def test_without_a_present_it_is_absolute(self):
        time = ElementTree.fromstring(str(dates.html(self.THEN)))
        # Nor does a narrow screen leave the last word alone.
        self.assertEqual(time.text, "9 March 2026, 07:05\N{NO-BREAK SPACE}UTC")
        self.assertEqual(time.attrib, {"datetime": "2026-03-09T07:05:59+00:00"})


class DrawnAvatarTests(unittest.TestCase):
    def test_it_is_an_svg_that_holds_nothing_but_shapes(self):
        for seed in ("john", "", "<script>", "x" * 10_000, "é"):
            with self.subTest(seed[:10]):
                root = ElementTree.fromstring(identicon(seed))
                self.assertEqual(root.tag, "{http://www.w3.org/2000/svg}svg")
                self.assertEqual({child.tag for child in root}, {root.tag[:-3] + "path"})

    def test_one_seed_gives_one_picture_and_another_gives_another(self):
        pictures = {identicon(str(seed)) for seed in range(200)}
        self.assertEqual(len(pictures), 200)
        self.assertEqual(identicon("john"), identicon("john"))

    def test_it_is_the_same_on_both_sides(self):
        squares = set(re.findall(r"M(\d) (\d)h1v1h-1z", identicon("a seed with some squares")))
        self.assertTrue(squares)
        self.assertEqual(squares, {(str(4 - int(x)), y) for x, y in squares})
