"""Install the PDS's npm packages once per lockfile and node, outside the checkout."""

import fcntl
import functools
import hashlib
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
# Another folder beside this one holds the packages of another release: `make servers-next`.
PACKAGES = HERE.parent / os.environ.get("POSTGUARD_TEST_PDS", "pds")
OLDEST_NODE = 20
INSTALL_SECONDS = 1500.0  # a slow machine compiles better-sqlite3 for minutes
SHOWN_LINES = 25

# Read when the test session starts: a test that points XDG_CACHE_HOME at its own temporary
# folder must not cost everybody a fresh compilation.
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "postguard-tests"

LOAD_CHECK = "require('better-sqlite3')(':memory:').close(); require('@did-plc/server')"


class CannotInstallError(Exception):
    """The PDS cannot be had on this machine; the message says why, in words."""


@dataclass(frozen=True)
class Node:
    """The node found on PATH and what its compiled modules depend on."""

    program: str
    npm: str
    version: str  # 20.20.2
    abi: str  # what compiled modules are bound to
    real_program: str

    @property
    def major(self) -> int:
        """The first number of the version."""
        return int(self.version.split(".")[0])


@dataclass(frozen=True)
class Installed:
    """A finished installation and the node it was made for."""

    node: Node
    folder: Path

    @property
    def modules(self) -> Path:
        """The folder for NODE_PATH."""
        return self.folder / "node_modules"


@functools.cache
def find_node() -> Node:
    """Find node and npm and ask node for its version.

    Raises:
        CannotInstallError: one of them is missing or node is too old.
    """
    program, npm = shutil.which("node"), shutil.which("npm")
    if program is None or npm is None:
        missing = "node" if program is None else "npm"
        raise CannotInstallError(f"{missing} is not on PATH (Debian: apt install nodejs npm)")
    question = "const p=process; JSON.stringify([p.versions.node, p.versions.modules, p.execPath])"
    asked = subprocess.run([program, "-p", question], capture_output=True, text=True, check=False)
    if asked.returncode != 0:
        raise CannotInstallError(f"{program} does not run: {asked.stderr.strip()[-300:]}")
    version, abi, real_program = json.loads(asked.stdout)
    node = Node(program, npm, version, abi, real_program)
    if node.major < OLDEST_NODE:
        raise CannotInstallError(f"node {version} is too old: {OLDEST_NODE} or newer is needed")
    return node


def installation_folder(node: Node) -> Path:
    """The cache folder that belongs to this lockfile on this kind of node."""
    digest = hashlib.sha256()
    for name in ("package.json", "package-lock.json"):
        digest.update((PACKAGES / name).read_bytes())
    digest.update(f"{node.abi} {os.uname().sysname} {os.uname().machine}".encode())
    return CACHE / f"pds-{digest.hexdigest()[:16]}"


def headers_prefix(node: Node) -> Path | None:
    """The prefix whose include/node fits this very node, so that nothing is downloaded."""
    wanted = dict(
        zip(("MAJOR", "MINOR", "PATCH"), node.version.split("-")[0].split("."), strict=True)
    )
    for program in (node.program, node.real_program):
        prefix = Path(program).parent.parent
        header = prefix / "include" / "node" / "node_version.h"
        if not header.is_file():
            continue
        lines = {tuple(line.split()[1:3]) for line in header.read_text().splitlines() if line}
        if all((f"NODE_{part}_VERSION", number) in lines for part, number in wanted.items()):
            return prefix
    return None


def npm_environment(node: Node) -> dict[str, str]:
    """The environment for npm: node-gyp's own defaults, or the headers that lie beside node."""
    environment = dict(os.environ)
    already = "npm_config_nodedir" in environment
    prefix = headers_prefix(node)
    if prefix is not None and not already:
        environment["npm_config_nodedir"] = str(prefix)
    return environment


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold a file lock, so that of several test runs one installs and the others wait."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def run_quietly(command: list[str], folder: Path, environment: dict[str, str]) -> None:
    """Run a command and keep its output for the case that it fails.

    Raises:
        CannotInstallError: with the last lines of what it said.
    """
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=INSTALL_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as exc:
        raise CannotInstallError(f"{command[0]} did not end in {INSTALL_SECONDS:.0f} s") from exc
    if done.returncode != 0:
        last = "\n".join(done.stdout.strip().splitlines()[-SHOWN_LINES:])
        raise CannotInstallError(f"`{' '.join(command[:2])}` failed ({done.returncode}):\n{last}")


def install_into(folder: Path, node: Node) -> None:
    """Install beside the final place and move it there when it has proved that it loads."""
    with tempfile.TemporaryDirectory(prefix=f"{folder.name}-", dir=folder.parent) as name:
        fresh = Path(name) / "installed"
        fresh.mkdir()
        for part in ("package.json", "package-lock.json"):
            shutil.copy(PACKAGES / part, fresh)
        environment = npm_environment(node)
        npm = [node.npm, "ci", "--no-audit", "--no-fund", "--loglevel=error"]
        run_quietly(npm, fresh, environment)
        run_quietly([node.program, "-e", LOAD_CHECK], fresh, environment)
        fresh.rename(folder)


@functools.cache
def ensure_installed() -> Installed:
    """Return the cached installation, made first where there is none.

    Raises:
        CannotInstallError: node is missing or too old, or npm failed.
    """
    node = find_node()
    folder = installation_folder(node)
    with locked(folder.with_suffix(".lock")):
        if not folder.is_dir():
            install_into(folder, node)
    return Installed(node, folder)


@functools.cache
def why_not() -> str | None:
    """Say why the PDS cannot run here, or None where it can; installs it if need be."""
    try:
        ensure_installed()
    except CannotInstallError as exc:
        return str(exc)
    return None
