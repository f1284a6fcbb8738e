"""How many members the site serves, and what breaks first: `python -m app.tests.bench.scale`.

It adds up what this machine was measured to take (costs.py): the CPU of pages under granian, what
the database does for them at 200,000 posts, what a post and a visit cost to write, and what is
stored. What cannot be measured is assumed, in capital letters below, to be changed. PostgreSQL is
measured where TEST_DATABASE_URL is given. It judges nothing.
"""

import argparse
import os
from math import ceil

from app import db
from app.tests.bench.pages.costs import Costs, measure
from app.tests.bench.queries import row
from app.tests.bench.sites import sites

# Of all members, those who come on a day; what each of them does there; and what visitors read
# beside each page of a member. The busiest minutes have so many times the average.
ACTIVE = 0.2
PAGES_A_DAY = 50
POSTS_A_DAY = 5
VISITS_A_DAY = 20
VISITOR_PAGES = 1.0
PEAK = 10
# Which pages, of members and of visitors.
MEMBERS_READ = {
    "home, 200 followed": 0.45,
    "explore, member": 0.15,
    "profile, member": 0.15,
    "permalink, member": 0.23,
    "search the": 0.02,
}
VISITORS_READ = {
    "explore, visitor": 0.2,
    "profile, visitor": 0.2,
    "permalink, visitor": 0.4,
    "feed": 0.05,
    "feed, 304": 0.15,
}
# How much of anything may be in use at its busiest, so that nobody waits long.
IN_USE = 0.5
# Cores of a web machine and of a database of its own, bytes of a disk, years of posts on it.
WEB_CORES, DATABASE_CORES, DISK, YEARS = 8, 32, 4e12, 5
# Of visitors' pages, what a CDN answers; and of others', what replicas may read.
CDN_ANSWERS = 0.9
REPLICAS, REPLICAS_READ = 8, 0.9
A_DAY = 86_400


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="of measuring each page")
    rounds = parser.parse_args().rounds
    print(f"{os.cpu_count()} cores here; what else runs on them makes all of it dearer.")
    steps = {"sqlite": on_sqlite, "postgresql": on_postgresql}
    for app in sites():
        steps[db.engine.dialect.name](measure(app, rounds))


# What one member asks for in a second of the busiest minutes.
PAGES, POSTS, VISITS = (
    count * ACTIVE * PEAK / A_DAY for count in (PAGES_A_DAY, POSTS_A_DAY, VISITS_A_DAY)
)
# Posts of a member in all years.
WRITTEN = ACTIVE * POSTS_A_DAY * 365 * YEARS


def on_sqlite(costs: Costs) -> None:
    cores = os.cpu_count() or 1
    title()
    step(
        "one machine",
        {
            f"its {cores} cores": (pages(costs.cpu), cores * IN_USE),
            "the one who writes": (writes(costs), IN_USE),
            "its disk": (stored(costs), DISK),
        },
    )


def on_postgresql(costs: Costs) -> None:
    cores = DATABASE_CORES * IN_USE
    title()
    step(
        "one PostgreSQL",
        {
            f"its {DATABASE_CORES} cores": (pages(costs.query) + writes(costs), cores),
            "its disk": (stored(costs), DISK),
        },
        pages(costs.cpu),
    )
    queries = pages(costs.query, 1 - CDN_ANSWERS)
    late = queries * REPLICAS_READ
    step(
        f"{REPLICAS} replicas, CDN",
        {
            "cores of the primary": (queries - late + writes(costs), cores),
            # Each replica writes what the primary does.
            "cores of replicas": (late / REPLICAS + writes(costs), cores),
            "the disk of each": (stored(costs), DISK),
        },
        pages(costs.cpu, 1 - CDN_ANSWERS),
    )


def pages(of_page: dict[str, float], visitors: float = 1.0) -> float:
    """Return the seconds a member's pages take, with so many of the visitors' beside them."""
    own = sum(share * of_page[name] for name, share in MEMBERS_READ.items())
    others = sum(share * of_page[name] for name, share in VISITORS_READ.items())
    return PAGES * (own + VISITOR_PAGES * visitors * others)


def writes(costs: Costs) -> float:
    return POSTS * costs.post + VISITS * costs.visit


def stored(costs: Costs) -> float:
    return costs.user_bytes + WRITTEN * costs.post_bytes


def title() -> None:
    of_years = f"posts, {YEARS} years"
    row("members", "", "pages a second", of_years, "web machines")


def step(name: str, parts: dict[str, tuple[float, float]], web: float = 0.0) -> None:
    """Print how many members each part serves, by what a member asks of it and what there is."""
    bounds = {part: room / asked for part, (asked, room) in parts.items()}
    first = min(bounds, key=bounds.__getitem__)
    members = bounds[first]
    asked, machines = (
        members * PAGES * (1 + VISITOR_PAGES),
        ceil(members * web / WEB_CORES / IN_USE),
    )
    figures = (members, asked, members * WRITTEN, machines)
    row(name, *(f"{figure:,.0f}" for figure in figures))
    for part, bound in sorted(bounds.items(), key=lambda one: one[1]):
        row(f"  {part}", f"{bound:,.0f}", "breaks first" if part == first else "")


if __name__ == "__main__":
    main()
