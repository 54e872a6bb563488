"""Start the PDS in a process of its own and talk to it by raw HTTP."""

import json
import os
import selectors
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.servers.pds.install import HERE, Installed, ensure_installed
from tests.servers.rawhttp import Reply, call, get, send_json

START_SECONDS = 60.0
STOP_SECONDS = 10.0
LOOK_SECONDS = 0.02
LOG = "pds.log"


class PdsError(Exception):
    """The PDS did not start, or refused what a test needs to begin with."""


@dataclass(frozen=True)
class Account:
    """An account of the PDS, with the app password that postguard would be given.

    Attributes:
        token: what the artist's own app has, for two hours: each login takes the PDS a third of a
            second, so that nobody learns from the time which accounts there are.
    """

    did: str
    handle: str
    password: str
    app_password: str
    token: str


@dataclass(frozen=True)
class PdsServer:
    """A running PDS; every call is plain HTTP."""

    url: str
    plc: str
    pid: int
    data_dir: Path

    @property
    def starts(self) -> int:
        """How often it has started."""
        return int((self.data_dir / "starts").read_text() or 0)

    def restart(self) -> None:
        """Have it go away and come back with all that it had; returns when it is back."""
        before, ends_at = self.starts, time.monotonic() + START_SECONDS
        os.kill(self.pid, signal.SIGUSR2)
        while self.starts == before:
            if time.monotonic() > ends_at:
                raise PdsError(f"the PDS did not come back:\n{tail(self.data_dir / LOG)}")
            time.sleep(LOOK_SECONDS)

    def xrpc(self, method: str) -> str:
        """The address of an XRPC method."""
        return f"{self.url}/xrpc/{method}"

    def query(self, method: str, token: str | None = None, **params: str) -> Reply:
        """Ask an XRPC query; errors come back as the reply."""
        return get(self.xrpc(method), token, **params)

    def procedure(self, method: str, body: object, token: str | None = None) -> Reply:
        """Call an XRPC procedure with a JSON body; errors come back as the reply."""
        return send_json("POST", self.xrpc(method), body, token)

    def create_account(self, handle: str, password: str) -> str:
        """Create an account such as `fox.test` and return its DID."""
        return str(self._opened(handle, password)["did"])

    def log_in(self, identifier: str, password: str) -> str:
        """Log in and return the access token."""
        body = {"identifier": identifier, "password": password}
        session = expect(self.procedure("com.atproto.server.createSession", body))
        return str(session["accessJwt"])

    def create_app_password(self, identifier: str, password: str, name: str = "postguard") -> str:
        """Make an app password with the account's own password."""
        return self._app_password(self.log_in(identifier, password), name)

    def new_account(self, handle: str) -> Account:
        """Create an account with an app password in one go."""
        password = f"password of {handle}"
        session = self._opened(handle, password)
        did, token = str(session["did"]), str(session["accessJwt"])
        return Account(did, handle, password, self._app_password(token, "postguard"), token)

    def upload_blob(self, data: bytes, mime_type: str, token: str) -> Reply:
        """Upload bytes as they are."""
        headers = {"Content-Type": mime_type, "Authorization": f"Bearer {token}"}
        return call("POST", self.xrpc("com.atproto.repo.uploadBlob"), body=data, headers=headers)

    def get_record(self, repo: str, collection: str, rkey: str) -> Any:
        """Read a record as anybody can: {"uri", "cid", "value"}."""
        method = "com.atproto.repo.getRecord"
        return expect(self.query(method, repo=repo, collection=collection, rkey=rkey))

    def list_records(self, repo: str, collection: str = "app.bsky.feed.post") -> list[Any]:
        """Read all records of a collection, newest first."""
        asked = {"repo": repo, "collection": collection, "limit": "100"}
        found: list[Any] = []
        while True:
            answer = expect(self.query("com.atproto.repo.listRecords", **asked))
            found += answer["records"]
            if not answer.get("cursor") or not answer["records"]:
                return found
            asked["cursor"] = answer["cursor"]

    def _opened(self, handle: str, password: str) -> Any:
        email = f"{handle.removesuffix('.test')}@mail.test"
        body = {"handle": handle, "password": password, "email": email}
        return expect(self.procedure("com.atproto.server.createAccount", body))

    def _app_password(self, token: str, name: str) -> str:
        method = "com.atproto.server.createAppPassword"
        return str(expect(self.procedure(method, {"name": name}, token))["password"])

    def get_blob(self, did: str, cid: str) -> bytes:
        """Fetch a blob as anybody can."""
        reply = self.query("com.atproto.sync.getBlob", did=did, cid=cid)
        if reply.status != 200:
            raise PdsError(f"getBlob answered {reply.status}: {reply.text}")
        return reply.body


def expect(reply: Reply) -> Any:
    """Return the JSON of a reply that must be a success.

    Raises:
        PdsError: it is not.
    """
    if reply.status != 200:
        raise PdsError(f"the PDS answered {reply.status}: {reply.text}")
    return reply.json


@contextmanager
def start_pds(
    data_dir: Path,
    *,
    rate_limits: bool = False,
    blob_limit: int | None = None,
    clock: Path | None = None,
) -> Iterator[PdsServer]:
    """Run a PDS on a fresh data folder for as long as the block lasts. `clock`: a file with a JSON
    list whose first number is by how many seconds its clock is ahead."""
    installed = ensure_installed()
    data_dir.mkdir(parents=True, exist_ok=True)
    log = data_dir / LOG
    options = ["--rate-limits"] * rate_limits
    options += ["--blob-limit", str(blob_limit)] if blob_limit is not None else []
    options += ["--clock", str(clock)] if clock is not None else []
    process = launch(installed, [*options, str(data_dir)], log)
    try:
        ready = first_line(process, log)
        yield PdsServer(ready["pds"], ready["plc"], ready["pid"], data_dir)
    finally:
        stop(process)


def launch(installed: Installed, arguments: list[str], log: Path) -> subprocess.Popen[bytes]:
    """Start node with the cached packages; it ends when its standard input closes."""
    environment = dict(os.environ) | {"NODE_PATH": str(installed.modules)}
    command = [installed.node.program, str(HERE / "start.cjs"), *arguments]
    with log.open("wb") as errors:
        return subprocess.Popen(
            command,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
        )


def first_line(process: subprocess.Popen[bytes], log: Path) -> Any:
    """Wait for the JSON line that says the PDS listens.

    Raises:
        PdsError: it ended or stayed silent; the message holds the end of its log.
    """
    stdout = process.stdout
    assert stdout is not None
    deadline = time.monotonic() + START_SECONDS
    line = b""
    with selectors.DefaultSelector() as selector:
        selector.register(stdout, selectors.EVENT_READ)
        while not line.endswith(b"\n"):
            if not selector.select(max(0.0, deadline - time.monotonic())):
                raise PdsError(f"no sign of life after {START_SECONDS:.0f} s:\n{tail(log)}")
            part = os.read(stdout.fileno(), 4096)
            if not part:
                raise PdsError(f"the PDS ended at once:\n{tail(log)}")
            line += part
    return json.loads(line)


def tail(log: Path) -> str:
    """The last lines of the PDS's log."""
    return "\n".join(log.read_text(errors="replace").splitlines()[-20:])


def stop(process: subprocess.Popen[bytes]) -> None:
    """Ask the PDS to stop, and kill it where it does not."""
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    finally:
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()
