"""The machines of a cluster as processes on loopback, and a line to them that can be cut."""

from __future__ import annotations

import contextlib
import selectors
import socket
import struct
import subprocess
import threading
from contextlib import closing
from pathlib import Path

import psutil

from tests.system.rig import PATIENCE, PROGRAM, Home, recipe

STEPS = '  { step = "notice" },\n  { step = "tags" },\n'
_RESET = struct.pack("ii", 1, 0)  # SO_LINGER: closing tells the other end at once
_BLOCK = 1 << 16


class Cluster:
    """A scheduler and its workers, each a process that can be ended as a power cut does."""

    def __init__(self, home: Home) -> None:
        self.home = home
        self.port = self.entry = free_port()
        self.keys = home.config.parent / "cluster"
        self.running: list[Machine] = []
        home.run("cluster", "init", "nas", "pc")
        self.reached_at(self.port)

    def reached_at(self, port: int, steps: str = STEPS) -> None:
        """Let the artist's machine and all workers reach the scheduler at this port."""
        self.entry = port
        head = f'[cluster]\nscheduler = "127.0.0.1:{port}"\n'
        self.home.configure(rest=head, recipes=recipe(steps=steps))

    def scheduler(self) -> Machine:
        """Start it and wait until it listens."""
        words = ("scheduler", "--host", "127.0.0.1", "--port", str(self.port))
        return self._machine("listens", *words)

    def worker(self, name: str, keys: Path | None = None, **environment: str) -> Machine:
        """Start one and wait until it says something."""
        words = ("worker", f"127.0.0.1:{self.entry}", "--name", name, "--no-gpu")
        folder = keys or self.keys / "pc"
        return self._machine("", *words, "--keys", str(folder), **environment)

    def _machine(self, says: str, *words: str, **environment: str) -> Machine:
        machine = Machine(self.home, words, environment)
        self.running.append(machine)
        machine.hears(says)
        return machine

    def close(self) -> None:
        """End all that runs."""
        for machine in self.running:
            machine.kill()


class Machine:
    """One process of a cluster, and what it has said."""

    def __init__(self, home: Home, words: tuple[str, ...], environment: dict[str, str]) -> None:
        self.said: list[str] = []
        self.spoke = threading.Condition()
        self.process = subprocess.Popen(
            [*PROGRAM, "cluster", *words],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=home.environment | {"PYTHONUNBUFFERED": "1"} | environment,
            cwd=home.folder,
        )
        self.listener = threading.Thread(target=self._listen, daemon=True)
        self.listener.start()

    def _listen(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            with self.spoke:
                self.said.append(line)
                self.spoke.notify_all()

    def hears(self, words: str) -> str:
        """Wait until it has said something with these words."""

        def said() -> str | None:
            return next((line for line in self.said if words in line), None)

        with self.spoke:
            assert self.spoke.wait_for(said, PATIENCE), "".join(self.said)
            return said() or ""

    def ends(self) -> tuple[int, str]:
        """Wait until it has ended by itself; return its exit status and what it said."""
        code = self.process.wait(PATIENCE)
        self.listener.join()
        return code, "".join(self.said)

    def kill(self) -> None:
        """End it, and what it has started, as a power cut does."""
        if self.process.poll() is None:
            for child in psutil.Process(self.process.pid).children(recursive=True):
                child.kill()
            self.process.kill()
        self.process.wait()
        self.listener.join()
        assert self.process.stdout is not None
        self.process.stdout.close()


def free_port() -> int:
    """A port of loopback that nobody listens on."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Relay:
    """A line between machines: all bytes pass until it is cut.

    A cut is silent, as a pulled cable is: nothing comes through, and nobody is told. `reset` is
    what both kernels do when they give a silent connection up.
    """

    def __init__(self, port: int) -> None:
        """`port`: of loopback, that it leads to."""
        self._to = port
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        self._whole = threading.Event()
        self._whole.set()
        self._state = threading.Lock()
        self._ended = False
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listening.getsockname()[1])
        self._thread = threading.Thread(target=self._accept, name="relay", daemon=True)
        self._thread.start()

    def cut(self) -> None:
        """Let nothing through."""
        self._whole.clear()

    def reset(self) -> None:
        """End every connection, on both sides."""
        with self._state:
            pairs, self._pairs = self._pairs, []
        for pair in pairs:
            for line in pair:
                _abort(line)

    def mend(self) -> None:
        """Let all through again, also what was on its way when it was cut."""
        self._whole.set()

    def close(self) -> None:
        """End the line."""
        self._ended = True
        self._whole.set()
        self._listening.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._listening.close()
        self.reset()

    def _accept(self) -> None:
        while True:
            try:
                here, _ = self._listening.accept()
            except OSError:  # it was closed
                return
            self._whole.wait()
            if self._ended:
                here.close()
                return
            try:
                there = socket.create_connection(("127.0.0.1", self._to))
            except OSError:  # nobody listens there now
                _abort(here)
                continue
            with self._state:
                self._pairs.append((here, there))
            threading.Thread(target=self._carry, args=(here, there), daemon=True).start()

    def _carry(self, here: socket.socket, there: socket.socket) -> None:
        other = {here: there, there: here}
        with contextlib.suppress(OSError, ValueError), selectors.DefaultSelector() as ready:
            ready.register(here, selectors.EVENT_READ)
            ready.register(there, selectors.EVENT_READ)
            while True:
                for key, _ in ready.select():
                    line: socket.socket = key.fileobj  # type: ignore[assignment]
                    data = line.recv(_BLOCK)
                    self._whole.wait()
                    if not data:
                        return
                    other[line].sendall(data)
        _abort(here)
        _abort(there)


def _abort(line: socket.socket) -> None:
    with contextlib.suppress(OSError):
        line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        line.shutdown(socket.SHUT_RDWR)
    line.close()
