#!/usr/bin/env python3
"""Writes .requirements/: every package that is installed, with its version and hashes.

`.ci/lock.py` resolves anew what the short files of requirements name, for every system and
Python that the site runs on. `.ci/lock.py --check` says in a sentence whether what was written
still fits them; it needs no network and nothing but Python.
"""

import re
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent
# The short file that people write → the long one that is installed.
FILES = {
    "requirements.txt": ".requirements/production.txt",
    "app/tests/requirements.txt": ".requirements/tests.txt",
}
UV = "uv==0.13.8"
OLDEST_PYTHON = "3.11"
PIN = r"(?P<name>[\w.-]+)(?P<extras>\[[\w., -]+\])?==(?P<version>[\w.+!-]+)"


def write() -> None:
    """Resolve the short files; what stands in the long ones stays where it fits."""
    with tempfile.TemporaryDirectory() as folder:
        venv.create(folder, with_pip=True)
        programs = Path(folder, "bin")
        subprocess.run([programs / "pip", "install", "--quiet", UV], check=True)
        (TOP / ".requirements").mkdir(exist_ok=True)
        production = FILES["requirements.txt"]
        for short, long in FILES.items():
            subprocess.run(
                [
                    programs / "uv",
                    *("pip", "compile", "--quiet", "--universal", "--generate-hashes"),
                    *("--python-version", OLDEST_PYTHON, "--fork-strategy", "fewest"),
                    "--no-strip-extras",
                    *("--custom-compile-command", ".ci/lock.py"),
                    # The tests are to run on what is installed where people are served.
                    *(("--constraint", production) if long != production else ()),
                    *("--output-file", long, short),
                ],
                cwd=TOP,
                check=True,
            )


def check() -> str | None:
    """Return a sentence about the first that does not fit, or None."""
    pins = {}
    for short, long in FILES.items():
        path = TOP / long
        if not path.exists():
            return f"{long} is missing: run .ci/lock.py."
        text = path.read_text(encoding="utf-8")
        if re.search(r"(?m)^\s*--(?!hash=)|://", text):
            return f"{long} names a package index: remove it, for every machine has its own."
        direct, pins[long], bare = locked(text)
        if bare:
            return f"{long} has no hash of {bare}: run .ci/lock.py."
        try:
            wanted = named(TOP / short)
        except ValueError as error:
            return f"{short}: {error} must be written as name==version."
        if odd := sorted({name for name, _ in direct ^ wanted}):
            return f"{long} no longer fits {short} ({', '.join(odd)}): run .ci/lock.py."
    production, tests = pins.values()
    if odd := sorted({line.split("==")[0] for line in production - tests}):
        return f"The files of .requirements/ disagree ({', '.join(odd)}): run .ci/lock.py."
    return None


def named(path: Path) -> set[tuple[str, str]]:
    """Return names and versions of a short file and of those it includes.

    Raises ValueError with the line that is not understood.
    """
    found = set()
    for line in path.read_text(encoding="utf-8").splitlines():
        line = line.partition("#")[0].strip()
        if line.startswith("-r "):
            found |= named(path.parent / line.removeprefix("-r ").strip())
        elif match := re.fullmatch(PIN, line):
            found.add(_pin(match))
        elif line:
            raise ValueError(line)
    return found


def locked(text: str) -> tuple[set[tuple[str, str]], set[str], str | None]:
    """Return what a long file says that people asked for, all its pins, and one without hash."""
    direct, pins, bare = set(), set(), None
    for block in re.split(r"(?m)^(?=[A-Za-z0-9])", text)[1:]:
        first = block.splitlines()[0].rstrip(" \\")
        match = re.match(PIN, first)
        # Without the machines it is meant for, which need not be the same in both files.
        pins.add(first.partition(" ;")[0])
        if "--hash=sha256:" not in block:
            bare = first
        if match and re.search(r"(?m)^ +#( via)? +-r ", block):
            direct.add(_pin(match))
    return direct, pins, bare


def _pin(match: re.Match) -> tuple[str, str]:
    name = re.sub(r"[-_.]+", "-", match["name"]).lower()
    return name + (match["extras"] or "").replace(" ", "").lower(), match["version"]


if __name__ == "__main__":
    if sys.argv[1:] == ["--check"]:
        sys.exit(check())
    if sys.argv[1:]:
        sys.exit("It takes nothing, or --check.")
    write()
