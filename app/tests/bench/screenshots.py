"""The README's pictures of the site: `python -m app.tests.bench.screenshots`.

They go to .github/, light and dark, from a wide window and from a phone. Another folder can
be named. Fails when one of them is larger than README.md should make people load.
"""

import argparse
import base64
import sys
import unittest
from datetime import timedelta
from pathlib import Path

from app import db
from app.database import now
from app.models import SignIn, User
from app.tests.support.base import Browser
from app.tests.support.programs.chromium import Chromium
from app.tests.support.programs.served_site import ServedSite
from config import basedir

MOST_BYTES = 150_000
PAGES = {"timeline": "/", "profile": "/user/susan", "edit": "/edit", "sign-in": "/login"}
# Width, height and pixels of each point.
WINDOWS = {"wide": (1100, 760, 1), "phone": (390, 760, 2)}
PEOPLE = {
    "miguel": "Tea, trains and old radios.",
    "susan": "Botanist in Leeds. I post what is in flower, and what has eaten it.",
    "noor": "Baking bread and writing Python, seldom at once.",
    "jonas": "Night shifts, long walks.",
}
# Minutes ago, and who wrote what, the oldest first.
POSTS = [
    (9300, "jonas", "First night without frost. The hospital garden smells of earth again."),
    (
        7900,
        "susan",
        "Snowdrops under the old beech, three weeks earlier than in 2012. #spring",
    ),
    (
        4400,
        "noor",
        "Does anybody still have the recipe for that rye loaf with caraway? #bread",
    ),
    (4310, "susan", "@noor It is on page 40 of the green book. Be patient with the second rise."),
    (1500, "miguel", "The 7:12 to Carlisle, and a whole table by the window. #trains"),
    (780, "susan", "Something has eaten every single primrose. I suspect the pigeons."),
    (340, "noor", "Second rise: three hours. You were right, @susan. #bread"),
    (95, "jonas", "Orion over the car park at four. Worth getting cold for."),
    (21, "susan", "The first tea outdoors this year, in two coats. #spring"),
    (2, "miguel", "Found a 1956 valve radio at the market. It hums in G. #radio"),
]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=basedir / ".github")
    folder = parser.parse_args().folder
    # Whatever is started is stopped as the tests stop it.
    case = type("Case", (unittest.TestCase,), {})
    try:
        sizes = take(case, folder)
    except unittest.SkipTest as missing:
        sys.exit(str(missing))
    finally:
        case.doClassCleanups()
    for path, size in sizes.items():
        print(f"{path.name:<28}{size:>9} bytes")
    if large := [path.name for path, size in sizes.items() if size > MOST_BYTES]:
        sys.exit(f"larger than {MOST_BYTES} bytes: {', '.join(large)}")


def take(case: type, folder: Path) -> dict[Path, int]:
    """Take all pictures; give their sizes."""
    chromium = Chromium.of_this_process()
    site = ServedSite(case)
    with site.app.app_context():
        reader = fill()
        browser = Browser(site.app, site.origin)
        identifier, name = reader.identifiers()[0], "X11; Linux Firefox/128.0"
        browser.take_sign_in(SignIn.begin(reader.id, identifier, browser=name))
        db.session.remove()
    sizes = {}
    for name, path in PAGES.items():
        chromium.reset()
        chromium.command("Emulation.setScrollbarsHidden", hidden=True)
        if name != "sign-in":
            chromium.take_cookies(browser)
        for window, (width, height, scale) in WINDOWS.items():
            for scheme in ("light", "dark"):
                chromium.show(width, scheme, height, scale)
                chromium.driver.get(site.origin + path)
                picture = chromium.command("Page.captureScreenshot", format="png")
                target = folder / f"{name}-{window}-{scheme}.png"
                target.write_bytes(base64.b64decode(picture["data"]))
                sizes[target] = target.stat().st_size
    return sizes


def fill() -> User:
    """Write people and their posts into the database; gives the one who reads."""
    users = {name: User.sign_up(f"https://{name}.example.com/", name, None) for name in PEOPLE}
    for name, about_me in PEOPLE.items():
        users[name].update_profile(name, about_me)
    reader = users["miguel"]
    for user in users.values():
        user.follow(users["susan"])
        reader.follow(user)
    for minutes, author, body in POSTS:
        post = users[author].write(body)
        post.timestamp = now() - timedelta(minutes=minutes)
        db.session.commit()
    return reader


if __name__ == "__main__":
    main()
