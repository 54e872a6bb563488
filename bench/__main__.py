"""All benches, and the table of them: python -m bench [--write] [NAME ...]

Each bench runs in a process of its own, one after another, and prints what it found. `--write`
puts it all into docs/benchmarks.md; a bench that could not measure is named there with its reason.
"""

from __future__ import annotations

import argparse
import os
import platform
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TABLE = ROOT / "docs" / "benchmarks.md"
# Those that hold figures to reach come first; the others show what a choice costs.
BENCHES = {
    "startup": "Start-up",
    "daemon": "The idle daemon",
    "queue": "A long queue",
    "page": "The dashboard's page of a thousand posts",
    "pipeline": "The whole pipeline",
    "intake": "Ten thousand files at once",
    "encode": "Fitting a byte limit",
    "watermark": "Watermarks under attack",
    "ocr": "The notice, read back",
    "noise": "What noise does to encoders",
    "hidden": "The hidden mark, read back",
    "proving": "Copies, found in the ledger",
    "cloak": "The cloak",
    "instant": "The instant cloak",
    "race": "The cloak beside PhotoGuard's 200 steps",
    "child": "The start of a cloak",
    "whole": "A whole picture",
    "modes": "Each mode goes its own way",
    "purifiers": "What purifiers leave of a cloak",
    "mimicry": "Mimicry, a proxy",
}
_HEAD = """\
# Benchmarks

What `python -m bench` measured, on {cores} shared cores ({machine}, Python {python}). Other
programs ran meanwhile, so ratios within one run count more than seconds. `make bench` measures on
your machine. What the figures of cloak and steps mean for an artist: [protection](protection.md).
"""


def run(name: str) -> tuple[int, str]:
    """Run one bench; return its exit code and what it said."""
    done = subprocess.run(
        [sys.executable, "-m", f"bench.{name}"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    said = done.stdout.strip("\n")
    return done.returncode, said if said else f"not measured: {done.stderr.strip()[-300:]}"


def section(name: str, said: str) -> str:
    """Return one bench's part of the page; plain columns stand as they were printed."""
    body = said if said.startswith("|") or "\n|" in said else f"```\n{said}\n```"
    when = f"on {datetime.now(UTC):%Y-%m-%d}"  # others, which are kept, are of another day
    return f"## {BENCHES[name]}\n\n`python -m bench.{name}`, {when}\n\n{body}\n"


def page(sections: Sequence[str]) -> str:
    """Return the whole page."""
    head = _HEAD.format(
        cores=os.cpu_count(),
        machine=platform.machine(),
        python=platform.python_version(),
    )
    return "\n".join([head, *sections])


def kept(text: str) -> Iterator[tuple[str, str]]:
    """Yield (name, section) of an earlier page; what no bench writes goes by its heading."""
    names = {title: name for name, title in BENCHES.items()}
    for part in re.split(r"(?m)^(?=## )", text)[1:]:
        title = part.partition("\n")[0].removeprefix("## ")
        yield names.get(title, title), part.rstrip() + "\n"


def in_order(sections: Mapping[str, str]) -> list[str]:
    """Return the sections of the benches as these are listed, then those written by hand."""
    by_hand = [name for name in sections if name not in BENCHES]
    return [sections[name] for name in (*BENCHES, *by_hand) if name in sections]


def main() -> int:
    """Run the benches named, or all; return 1 where one missed a figure or broke."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(BENCHES))
    parser.add_argument("--write", action="store_true", help="write docs/benchmarks.md")
    asked = parser.parse_args()
    if unknown := set(asked.names) - set(BENCHES):
        parser.error(f"there is no bench {', '.join(sorted(unknown))}")
    sections = dict(kept(TABLE.read_text())) if TABLE.exists() else {}
    worst = 0
    for name in asked.names or BENCHES:
        code, said = run(name)
        sections[name] = section(name, said)
        worst = max(worst, code)
        print(sections[name], flush=True)
    if asked.write:
        TABLE.write_text(page(in_order(sections)))
    return int(worst != 0)


if __name__ == "__main__":
    sys.exit(main())
