"""What every page weighs: `python -m app.tests.bench.weight`.

Sizes are in bytes, as they are sent. A page and its style should take at most 12 KB, and 3
requests before the pictures of people.
"""

import tempfile
from pathlib import Path

from app import db
from app.tests.support.data.scales import MOST_BYTES, MOST_REQUESTS, Scales, Weight
from app.tests.support.every_page import pages, site_of_every_page


def main() -> None:
    print(__doc__)
    with tempfile.TemporaryDirectory(prefix="microblog-bench-") as folder:
        log = str(Path(folder, "bench.log"))
        app = site_of_every_page(f"sqlite:///{Path(folder, 'bench.db')}", LOG_FILE=log)
        scales = Scales(app)
        row("page", "HTML", "CSS", "both", "images", "requests", "before avatars", "DOM nodes")
        weights = {page.name: scales.weigh(page) for page in pages()}
        for name, weight in weights.items():
            row(name, *values(weight))
        row("the most of any page", *map(max, zip(*map(values, weights.values()), strict=True)))
        row("should be at most", "", "", MOST_BYTES, "", "", MOST_REQUESTS, "")
        with app.app_context():
            db.engine.dispose()


def values(weight: Weight) -> tuple[int, ...]:
    both = weight.html + weight.css
    return (weight.html, weight.css, both, *weight[3:], weight.dom_nodes)


def row(name: str, *columns: object) -> None:
    print(f"{name[:32]:<32}" + "".join(f"{column!s:>15}" for column in columns))


if __name__ == "__main__":
    main()
