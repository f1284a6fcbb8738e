"""A place to test fetching from: an application, a table of names, and a hostile server.

Nothing here connects anywhere but to loopback. Public names and addresses are made up:
the lookup answers from a table, and a connection to one of them is led to a server here.
"""

import ipaddress
import socket
import unittest
from unittest import mock

from flask import Flask

from app.openid import fetcher, network
from app.openid.network import FetchTimedOut
from app.tests.support.openid.hostile import HostileServer

RESOLVE, CONNECT = network.resolve, network.connect
PUBLIC = "93.184.215.14"
OTHER_PUBLIC = "2606:2800:21f:cb07:6820:80da:af6b:8b2c"
# Seconds for what is not about time, enough on the slowest machine.
PATIENCE = 120
LINK = '<link rel="openid2.provider" href="http://op.example/">'


def page(head: str = LINK) -> str:
    return f"<html><head><title>Me</title>{head}</head><body>Hello</body></html>"


def xrds(services: str) -> str:
    return (
        '<?xml version="1.0" encoding="UTF-8"?><xrds:XRDS xmlns:xrds="xri://$xrds" '
        f'xmlns="xri://$xrd*($v*2.0)"><XRD>{services}</XRD></xrds:XRDS>'
    )


SERVICE = (
    '<Service priority="0"><Type>http://specs.openid.net/auth/2.0/signon</Type>'
    "<URI>http://op.example/</URI><LocalID>http://op.example/id/susan</LocalID></Service>"
)


class FetchingCase(unittest.TestCase):
    """An application of its own, a table of names, and a server to meet."""

    def setUp(self):
        self.app = Flask("fetching")
        self.app.config.update(
            SECRET_KEY="only for tests",
            SITE_URL="http://site.example",
            FETCH_SECONDS=PATIENCE,
            OPENID_TRUSTED_ORIGINS=(),
        )
        self.names: dict[str, list[str]] = {}
        self.lookups: list[str] = []
        self.connections: list[str] = []
        self.enter(mock.patch.object(network, "resolve", self.resolve))
        self.enter(mock.patch.object(network, "connect", self.connect))
        self.server = self.enter(HostileServer())
        self.enter(self.app.app_context())
        self.fetch = fetcher.Fetcher().fetch

    def enter(self, context):
        value = context.__enter__()
        self.addCleanup(context.__exit__, None, None, None)
        return value

    def resolve(self, host: str, port: int) -> list[str]:
        self.lookups.append(host)
        if host in self.names:
            return self.names[host]
        # Anything but a name of the table has to be an address already.
        found = socket.getaddrinfo(host, port, flags=socket.AI_NUMERICHOST)
        return [address[0] for *_, address in found]

    def connect(self, address: str, port: int, timeout: float):
        self.connections.append(address)
        if not ipaddress.ip_address(address).is_loopback:
            address, port = "127.0.0.1", self.server.port
        return CONNECT(address, port, timeout)

    def trust(self, *origins: str) -> None:
        self.app.config["OPENID_TRUSTED_ORIGINS"] = origins or (self.server.origin,)

    def assert_times_out(self, url: str, seconds: float = 0.3) -> None:
        """Fetching `url` ends at the deadline: the other side would go on FOR_EVER."""
        self.app.config["FETCH_SECONDS"] = seconds
        with self.assertRaises(FetchTimedOut):
            self.fetch(url)
