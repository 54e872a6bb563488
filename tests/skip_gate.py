"""In CI a skipped test fails the run unless `tests/allowed_skips` names it with a reason.

Elsewhere a skip only says what did not run: an artist's PC need not have node or exiftool. A skip
that nobody notices in CI is a test that nobody runs.
"""

import os
import re
from dataclasses import dataclass
from pathlib import Path

import pytest

ALLOWED = Path("tests") / "allowed_skips"


@dataclass(frozen=True)
class Allowance:
    """One line of the file: a node id, in which `*` stands for anything, and why it may skip."""

    pattern: str
    reason: str

    def covers(self, nodeid: str) -> bool:
        """Say whether it names this test; brackets of parameters mean themselves."""
        return re.fullmatch(re.escape(self.pattern).replace(r"\*", ".*"), nodeid) is not None


def read_allowances(text: str) -> list[Allowance]:
    """Read the file's lines: `nodeid reason in words`; `#` begins a comment line."""
    found = []
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        pattern, _, reason = line.strip().partition(" ")
        if not reason.strip():
            raise pytest.UsageError(f"{ALLOWED}:{number}: {pattern} has no reason beside it")
        found.append(Allowance(pattern, reason.strip()))
    return found


class SkipGate:
    """Collects the skips of one session and judges them at its end."""

    def __init__(self, allowances: list[Allowance]) -> None:
        self._allowances = allowances
        self._refused: dict[str, str] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self._note(report)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        self._note(report)

    def _note(self, report: pytest.TestReport | pytest.CollectReport) -> None:
        expected = hasattr(report, "wasxfail")
        if report.skipped and not expected and not self._allowed(report.nodeid):
            said = report.longrepr
            self._refused[report.nodeid] = str(said[2] if isinstance(said, tuple) else said)

    def _allowed(self, nodeid: str) -> bool:
        return any(allowance.covers(nodeid) for allowance in self._allowances)

    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        if self._refused and exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if not self._refused:
            return
        terminalreporter.section(f"skipped in CI, and not named in {ALLOWED}: this fails the run")
        for nodeid, reason in self._refused.items():
            terminalreporter.line(f"{nodeid}: {reason}")


def pytest_configure(config: pytest.Config) -> None:
    """Watch over the skips where CI runs."""
    if os.environ.get("CI", "").lower() not in {"", "0", "false"}:
        allowed = config.rootpath / ALLOWED
        text = allowed.read_text(encoding="utf-8") if allowed.is_file() else ""
        config.pluginmanager.register(SkipGate(read_allowances(text)), "skip-gate")
