"""What discovery may read of a fetched document."""

import contextlib
import time
import unittest
from io import StringIO

from flask import Flask
from openid.consumer.discover import OpenIDServiceEndpoint
from openid.consumer.discover import discover as discover_openid
from openid.consumer.html_parse import parseLinkAttrs
from openid.yadis.constants import YADIS_CONTENT_TYPE
from openid.yadis.etxrd import XRDSError
from openid.yadis.parsehtml import MetaNotFound, findHTMLMeta

from app.openid import fetcher, html, network
from app.tests.fetching_base import (
    LINK,
    PATIENCE,
    SERVICE,
    page,
    xrds,
)
from app.tests.hostile import QUADRATIC, XML_BOMB, HostileServer, response


class DocumentTests(unittest.TestCase):
    """What python3-openid finds stays the same, and it is found in no time."""

    def found(self, text: str):
        """Give the OpenID links and the Yadis location that the library finds in `text`."""
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
                self.assertEqual(self.found(html.for_discovery(text)), found)

    def test_hostile_pages_are_read_in_no_time(self):
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
                room = network.LARGEST_BODY - len(begin) - len(end)
                text = begin + again * (room // len(again)) + end
                began = time.thread_time()
                OpenIDServiceEndpoint.fromHTML("http://a/", plain := html.for_discovery(text))
                self.found(plain)
                self.assertLess(time.thread_time() - began, 1)

    def test_library_alone_would_stand_still(self):
        """The reason for all this. When the library has learned it, some of this can go."""
        began = time.thread_time()
        parseLinkAttrs(QUADRATIC[:4_000])
        short = time.thread_time() - began
        began = time.thread_time()
        parseLinkAttrs(QUADRATIC[:16_000])
        # Four times as much takes sixteen times as long; noise is far from that.
        self.assertGreater(time.thread_time() - began, 6 * short)

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
                after = [vars(service) for service in self.services(html.for_discovery(text))]
                self.assertTrue(before)
                self.assertEqual(after, before)

    def test_hostile_xrds_is_read_in_no_time(self):
        for text in (
            XML_BOMB,
            # For each URI the library copies the list of all Types: gigabytes.
            xrds("<Service>" + "<URI/>" * 18_000 + "<Type/>" * 18_000 + "</Service>"),
            xrds("<a>" * 36_000 + "</a>" * 36_000),
            xrds("<a " + "".join(f"a{n}='' " for n in range(20_000)) + "/>"),
            # Well-formed XML without an OpenID, which the library then takes for HTML.
            xrds("<?a " + "<!--" * 60_000 + "?>"),
            xrds("<?a <html><head><link " + "a" * 250_000 + " ?>"),
            xrds("<html xmlns=''><head><link " + "a" * 250_000 + "=''/></head></html>"),
            xrds("<html xmlns=''><head><link-" + "a" * 250_000 + "/></head></html>"),
            xrds("<script xmlns=''/>" * 14_000),
            xrds(SERVICE.replace("op.example/<", "op.example/" + "a" * 250_000 + "<")),
        ):
            with self.subTest(text[:200]):
                self.assertLessEqual(len(text), network.LARGEST_BODY)
                began = time.thread_time()
                plain = html.for_discovery(text)
                services = []
                with contextlib.suppress(XRDSError):
                    services = self.services(plain)
                self.assertEqual(services, [])
                self.assertEqual(self.found(plain), ([], None))
                self.assertLess(time.thread_time() - began, 1)

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
