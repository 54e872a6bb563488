"""Install the Node that the newer PDS needs, once, and print the folder that goes first on PATH.

`make servers-next` runs the tests with it; the PDS itself is installed by tests.servers.pds.
"""

import hashlib
import shutil
import sys
import tempfile
from pathlib import Path

from tests.servers.pds.install import CACHE, find_node, locked, npm_environment, run_quietly

PACKAGES = Path(__file__).resolve().parent / "node"
PARTS = ("package.json", "package-lock.json")


def node_folder() -> Path:
    """Return the folder with the newer node, installed first where it is not there yet."""
    digest = hashlib.sha256(b"".join((PACKAGES / part).read_bytes() for part in PARTS))
    folder = CACHE / f"node-{digest.hexdigest()[:16]}"
    with locked(folder.with_suffix(".lock")):
        if not folder.is_dir():
            _install_into(folder)
    # Not the one in .bin: the headers that better-sqlite3 is compiled with lie beside this one.
    (program,) = folder.glob("node_modules/**/node-*-*/bin/node")
    return program.parent


def _install_into(folder: Path) -> None:
    with tempfile.TemporaryDirectory(prefix=f"{folder.name}-", dir=folder.parent) as name:
        fresh = Path(name) / "installed"
        fresh.mkdir()
        for part in PARTS:
            shutil.copy(PACKAGES / part, fresh)
        node = find_node()
        npm = [node.npm, "ci", "--no-audit", "--no-fund", "--loglevel=error"]
        run_quietly(npm, fresh, npm_environment(node))
        fresh.rename(folder)


if __name__ == "__main__":
    sys.stdout.write(f"{node_folder()}\n")
