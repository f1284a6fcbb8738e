"""What pages cost, on data of its own: `python -m app.tests.bench.pages --help`.

It asserts nothing: machines differ. Every number stands beside what it should reach.

CPU is told as a multiple of d, the page of plain.py, whose source is printed first. Each page is
measured in several rounds, each time right after d; its ratios are those of the rounds. Requests
go straight to the application, in this process. With --server one worker serves the site and
another one d, so that the server's own work is part of both: of that the reach is meant.
"""

import argparse

from flask import Flask

from app import db
from app.database import writing
from app.tests.bench.pages.conversations import measure_conversation
from app.tests.bench.pages.cpu import fill, measure_cpu, measure_served, show_source
from app.tests.bench.pages.requests import count_selects
from app.tests.bench.pages.served import SERVERS
from app.tests.bench.queries import measure_queries
from app.tests.bench.search import measure_search
from app.tests.bench.sites import sites

FEWEST_POSTS = 5000
PARTS = ("selects", "cpu", "home", "deep", "talk", "search")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS)
    parser.add_argument("--posts", nargs="+", type=int, default=[10**4, 10**5, 10**6])
    parser.add_argument("--requests", type=int, default=40, help="of each page, in each round")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--server", choices=SERVERS, help="serve the pages for `cpu` and d by it")
    parser.add_argument("--load", type=int, default=0, help="seconds of load, by 8 and by 100")
    chosen = parser.parse_args()
    if min(chosen.posts) < FEWEST_POSTS:
        parser.error(f"--posts must be at least {FEWEST_POSTS}, so that every page is full")
    if "cpu" in chosen.only:
        show_source()
    for app in sites():
        measure(app, chosen)


def measure(app: Flask, chosen: argparse.Namespace) -> None:
    if "selects" in chosen.only:
        count_selects(app)
    if "cpu" in chosen.only:
        empty()
        subjects, size = fill(), (chosen.requests, chosen.rounds)
        if chosen.server:
            measure_served(app, subjects, chosen.server, *size, chosen.load)
        else:
            measure_cpu(app, subjects, *size)
    if {"home", "deep", "talk"} & set(chosen.only):
        empty()
        authors, reader = measure_queries(sorted(chosen.posts), chosen.only)
        if "talk" in chosen.only:
            measure_conversation(authors, reader)
    if "search" in chosen.only:
        empty()
        measure_search(sorted(chosen.posts))


def empty() -> None:
    with writing() as session:
        for table in reversed(db.metadata.sorted_tables):
            session.execute(table.delete())


if __name__ == "__main__":
    main()
