"""Machines of the site with a PostgreSQL and a Redis for all of them, behind nginx."""

from pathlib import Path

from app.tests.support.fleet.nginx import Nginx
from app.tests.support.programs.postgresql import Cluster
from app.tests.support.programs.processes import (
    Server,
    copy_of_the_site,
    free_port,
    redis_server,
    site_server,
    unhurried,
)

SECRET_KEY = "a key for all machines, 0123456789"


class Fleet:
    """`count` machines, each with a folder of its own as on a disk of its own, behind nginx.

    It is gone when `case`, a test, is done. `in_own_time` they end when they are ready, however
    slow the machine.
    """

    def __init__(self, case, count: int = 3, in_own_time: bool = True, **settings: str):
        self.case, self.settings, self.in_own_time = case, settings, in_own_time
        self.database = Cluster(case)
        self.redis, self.redis_url = redis_server(case)
        self.ports = [free_port() for _ in range(count)]
        self.nginx = Nginx(case, self.ports)
        self.origin = self.nginx.origin
        self.folders = [copy_of_the_site(case) for _ in range(count)]
        self.machines = [self.start(number) for number in range(count)]
        for machine in self.machines:
            machine.wait()

    def start(self, number: int, **settings: str) -> Server:
        """Start a machine; it may not answer yet."""
        folder: Path = self.folders[number]
        own_time = unhurried(folder) if self.in_own_time else {}
        values = {
            "SITE_URL": self.origin,
            "PROXY_COUNT": "1",
            "WORKERS": "1",
            "SECRET_KEY": SECRET_KEY,
            "DATABASE_URL": self.database.url,
            "RATELIMIT_STORAGE_URI": self.redis_url,
            "GRAVATAR": "off",
        }
        return site_server(
            self.case,
            folder,
            "runp.py",
            port=self.ports[number],
            **{**values, **self.settings, **settings, **own_time},
        )
