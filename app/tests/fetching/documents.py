"""What discovery may read of a fetched document."""

import contextlib
import time
import unittest
from collections.abc import Callable
from io import StringIO

from flask import Flask
from openid.consumer.discover import OpenIDServiceEndpoint
from openid.consumer.discover import discover as discover_openid
from openid.consumer.html_parse import parseLinkAttrs
from openid.yadis.constants import YADIS_CONTENT_TYPE
from openid.yadis.etxrd import XRDSError
from openid.yadis.parsehtml import MetaNotFound, findHTMLMeta

from app.openid import discovery, fetcher, network
from app.tests.support.openid.fetching import (
    LINK,
    PATIENCE,
    SERVICE,
    page,
    xrds,
)
from app.tests.support.openid.hostile import QUADRATIC, XML_BOMB, HostileServer, response


class DocumentTests(unittest.TestCase):
    """What python3-openid finds stays the same, and it is found in linear time."""

    def assert_linear(self, make: Callable[[int], str], read: Callable[[str], object]) -> None:
        """Four times the text takes about four times as long to read, and not sixteen times.

        `make` is given a size up to network.MAX_BODY, which is some seconds' worth of work
        for what is quadratic; the least of at most three tries is what the text costs. What
        it costs is the thread's own CPU time, for which others on the machine do not count.
        """
        full, quarter = (make(size) for size in (network.MAX_BODY, network.MAX_BODY // 4))
        self.assertLessEqual(len(full), network.MAX_BODY)
        taken: dict[str, list[float]] = {full: [], quarter: []}
        for _ in range(3):
            for text, times in taken.items():
                began = time.thread_time()
                read(text)
                times.append(time.thread_time() - began)
            if min(taken[full]) < 10 * min(taken[quarter]):
                return
        self.fail(f"{min(taken[full])} s for all of it, {min(taken[quarter])} s for a quarter")

    def found(self, text: str):
        """Return the OpenID links and the Yadis location that the library finds in `text`."""
        links = [
            {name: attributes.get(name) for name in ("rel", "href")}
            for attributes in parseLinkAttrs(text)
        ]
        try:
            location = findHTMLMeta(StringIO(text))
        except MetaNotFound:
            location = None
        return [link for link in links if link["rel"] and link["href"]], location

    def test_real_pages_are_read_as_before(self):
        meta = '<meta http-equiv="X-XRDS-Location" content="http://op.example/xrds?a=1&amp;b=2">'
        for text, links in (
            (page(), 1),
            (page(LINK + meta), 1),
            (page(meta), 0),
            (page(LINK.upper().replace("REL=", "rel=").replace("HREF=", "href=")), 1),
            (page(LINK.replace(">", " />")), 1),
            (page("<link rel='openid.server openid2.provider' href='http://op.example/?a=\"'>"), 1),
            (page("<link rel=openid.server href=http://op.example/a/>"), 1),
            (page("<link\n  rel=stylesheet\n  href='/a.css'\n>" + LINK + LINK), 3),
            (page("<link title='a > b' rel='openid.server' href='http://op.example/?a&amp;b'>"), 1),
            (page(f"<!-- {meta} {LINK} -->" + LINK), 1),
            (page(f"<script>var a = '{LINK}'; a<b; '<!--'</script>" + LINK), 1),
            (page(f"<script src='a.js' async></script><![CDATA[ {LINK} ]]>" + LINK), 1),
            (
                page(f"<!--[if IE]><link rel=a href=b><![endif]-->{LINK}<style>a > b {{}}</style>"),
                1,
            ),
            (
                f"<!DOCTYPE html>\n<HTML lang='en'>\n<HEAD profile=''>\n{LINK}{meta}</HEAD></HTML>",
                1,
            ),
            (page(f"<!-- <script> -->{LINK}<script></script>"), 1),
            (page(f"<script </script>{LINK}</script>{LINK}"), 1),
            (f"<?xml version='1.0'?><html xmlns='a' xml:lang='b'><head>{LINK}</head></html>", 1),
            (f"<head>{meta}{LINK}</head>", 0),
            (f"<html><head>{LINK}", 1),
            (f"<html><body><p></p>{LINK}{meta}</body></html>", 0),
            (f"<html><head></head><body>{LINK}{meta}</body></html>", 0),
            (f"<html/><head>{LINK}</head>", 0),
            (f"<html><head/>{LINK}</html>", 0),
            (f"<html><header>{LINK}</header></html>", 0),
            (f"<html></html><head>{LINK}</head>", 0),
            ("Just text, 1 < 2", 0),
            ("", 0),
        ):
            with self.subTest(text):
                found = self.found(text)
                self.assertEqual(len(found[0]), links)
                self.assertEqual(self.found(discovery.for_discovery(text)), found)

    def read_page(self, text: str) -> None:
        OpenIDServiceEndpoint.fromHTML("http://a/", plain := discovery.for_discovery(text))
        self.found(plain)

    def test_hostile_pages_are_read_in_linear_time(self):
        for begin, again, end in (
            ("", "<!--", ""),
            ("", "<!-- --", ""),
            ("", "<script", ""),
            ("", "<script>", ""),
            ("", "<script", ">"),
            ("", "<script></script", ""),
            ("", "<![CDATA[", ""),
            ("", "<![CDATA[]]", ""),
            ("", "<!--<script><![CDATA[", ""),
            ("", "<html", ""),
            ("", "<html ", "/>"),
            ("", "<html>", ""),
            ("<html>", "</html ", ""),
            ("<html></html", " ", ""),
            ("<html>", "<head", ""),
            ("<html>", "<head", "</html>"),
            ("<html>", "<head ", "<head>" + LINK),
            ("<html><head>", "</head", ""),
            ("<html><head>", "<link ", ""),
            ("<html><head>", "<link", ""),
            ("<html><head>", "<link a=", ""),
            ("<html><head>", '<link a="', ""),
            ("<html><head>", "<link a='\"", ""),
            ("<html><head>", '<link x="" y="', ""),
            ("<html><head>", '<link rel=a href="', ""),
            ("<html><head>", "<link rel='<!--' href=b>", ""),
            ("<html><head>", "<link rel=a href=b>", ""),
            ("<html><head>", "<meta http-equiv=a content=b>", ""),
            ("<html><head><link ", "a", ""),
            ("<html><head><link ", "a ", ""),
            ("<html><head><link ", "a=", ""),
            ("<html><head><link ", "a-", "=b>"),
            ("<html><head><link a", " ", "b>"),
            ("<html><head><link a=", "/", ">"),
            ("<html><head><link rel=", "a", " href=b>"),
            ("<html><head><link rel=a href='", "&amp;", "'>"),
            ("<html><head>", "<meta a='", ""),
            ("<html><head>", "<meta content='>", ""),
            ("<html><head><meta http-equiv=X-XRDS-Location content='&#", "9", ";'>"),
            ("<html><head>", "<!", ""),
            ("<html><head>", "<?", ""),
            ("<html><head>", "</", ""),
            ("<html><head>", "<![if", ""),
            ("<html><head>", "&#1", ""),
            ("<html><head>", "<", ""),
            ("", "<!DOCTYPE a [", ""),
        ):
            with self.subTest(begin + again + "…" + end):

                def make(size: int, begin=begin, again=again, end=end) -> str:
                    room = size - len(begin) - len(end)
                    return begin + again * (room // len(again)) + end

                self.assert_linear(make, self.read_page)

    def test_library_alone_would_stand_still(self):
        """The reason for all this. When the library has learned it, some of this can go."""

        def make(size: int) -> str:
            # A sixteenth, for otherwise it takes half a minute.
            return QUADRATIC[: size // 16]

        with self.assertRaises(AssertionError):
            self.assert_linear(make, parseLinkAttrs)

    def services(self, text: str):
        return OpenIDServiceEndpoint.fromXRDS("http://id.example/", text)

    def test_xrds_is_read_as_before(self):
        for text in (
            xrds(SERVICE),
            xrds(f"<!-- {SERVICE} -->{SERVICE}<?php a ?>"),
            xrds(SERVICE * 12),
            xrds(SERVICE.replace("http://op.example/<", "<![CDATA[http://op.example/?a&b]]><")),
        ):
            with self.subTest(text):
                before = [vars(service) for service in self.services(text)]
                after = [vars(service) for service in self.services(discovery.for_discovery(text))]
                self.assertTrue(before)
                self.assertEqual(after, before)

    def read_xrds(self, text: str) -> None:
        services = []
        plain = discovery.for_discovery(text)
        with contextlib.suppress(XRDSError):
            services = self.services(plain)
        self.assertEqual(services, [])
        self.assertEqual(self.found(plain), ([], None))

    def test_hostile_xrds_is_read_in_linear_time(self):
        for name, make in {
            # For each URI the library copies the list of all Types: gigabytes.
            "URIs beside Types": lambda size: xrds(
                "<Service>" + "<URI/>" * (size // 14) + "<Type/>" * (size // 14) + "</Service>"
            ),
            "nested": lambda size: xrds("<a>" * (size // 8) + "</a>" * (size // 8)),
            "attributes": lambda size: xrds(
                "<a " + "".join(f"a{n}='' " for n in range(size // 13)) + "/>"
            ),
            # Well-formed XML without an OpenID, which the library then takes for HTML.
            "comments": lambda size: xrds("<?a " + "<!--" * (size // 5) + "?>"),
            "a link in an instruction": lambda size: xrds(
                "<?a <html><head><link " + "a" * (size - 500) + " ?>"
            ),
            "a long attribute": lambda size: xrds(
                "<html xmlns=''><head><link " + "a" * (size - 500) + "=''/></head></html>"
            ),
            "a long name": lambda size: xrds(
                "<html xmlns=''><head><link-" + "a" * (size - 500) + "/></head></html>"
            ),
            "scripts": lambda size: xrds("<script xmlns=''/>" * (size // 19)),
            "a long URI": lambda size: xrds(
                SERVICE.replace("op.example/<", "op.example/" + "a" * (size - 600) + "<")
            ),
        }.items():
            with self.subTest(name):
                self.assert_linear(make, self.read_xrds)

    def test_entities_within_entities_are_not_an_openid(self):
        self.read_xrds(XML_BOMB)

    def test_xml_bomb_is_no_openid(self):
        """The library parses XML with defusedxml, which knows entities."""
        with HostileServer() as server:
            app = Flask("bomb")
            app.config.update(
                SITE_URL="http://site.example",
                FETCH_SECONDS=PATIENCE,
                OPENID_TRUSTED_ORIGINS=(server.origin,),
            )
            fetcher.install()
            server.answers["/quick"] = response(xrds(SERVICE), YADIS_CONTENT_TYPE)
            with app.app_context():
                _, services = discover_openid(server.origin + "/quick")
                self.assertEqual(len(services), 1)
                for path in ("/xml-bomb", "/quadratic"):
                    with self.subTest(path):
                        _, services = discover_openid(server.origin + path)
                        self.assertEqual(services, [])


if __name__ == "__main__":
    unittest.main()
