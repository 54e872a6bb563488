"""The dashboard's queue of a thousand posts: python -m bench.page

A browser without a window opens it as an artist does. Measured are the first paint, how long a
click and a key wait for the next picture on the screen, how long until the answer to a click is
read there, and what the dashboard costs while nobody does anything.
"""

from __future__ import annotations

import io
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import psutil
from PIL import Image
from playwright.sync_api import Browser, CDPSession, Page, sync_playwright

from bench.queue import environment, fill
from bench.table import Figure, Measured
from postguard.imaging.sample import draw
from postguard.store import open_store
from postguard.web import links

POSTS, LOADS, CLICKS, KEYS = 1000, 7, 7, 25
IDLE_SECONDS = 20.0
MOST_PAINT, MOST_WAIT = 500.0, 100.0  # milliseconds
MOST_IDLE = 1.0  # percent of one core, while the page is open and looked at
COMMAND = [sys.executable, "-m", "postguard", "open", "--serve", "--port", "39531"]
_WATCH = """() => { window.waits = []; window.tasks = [];
  new PerformanceObserver((list) => list.getEntries().forEach((entry) =>
    window.waits.push([entry.name, entry.duration])))
    .observe({ type: "event", durationThreshold: 16 });
  new PerformanceObserver((list) => list.getEntries().forEach((entry) =>
    window.tasks.push(entry.duration))).observe({ type: "longtask" }); }"""
_PAINTED = """() => { const found = performance.getEntriesByName("first-contentful-paint")[0];
  return found ? found.startTime : 0; }"""
# Not `wait_for_function`, which asks again by `eval`: the page's policy forbids that.
_UNTIL_PAINTED = f"""() => new Promise((done) => {{
  const look = () => ({_PAINTED})() > 0 ? done() : requestAnimationFrame(look); look(); }})"""
_HANDED = "() => performance.getEntriesByType('navigation')[0].responseEnd"


@dataclass(frozen=True)
class Served:
    """A dashboard that runs."""

    home: Path
    port: int
    process: psutil.Process

    @contextmanager
    def page(self, browser: Browser) -> Iterator[Page]:
        """A browser that is in, on the queue."""
        context = browser.new_context(viewport={"width": 1280, "height": 900})
        page = context.new_page()
        secret = links.make(self.home / "postguard" / "dashboard", datetime.now(UTC))
        page.goto(f"http://127.0.0.1:{self.port}/enter#{secret}")
        page.wait_for_url(f"http://127.0.0.1:{self.port}/")
        yield page
        context.close()

    def spent(self) -> float:
        """Return the CPU seconds that it took so far."""
        times = self.process.cpu_times()
        return float(times.user + times.system)

    def busy(self, seconds: float) -> float:
        """Return the share of one core that it takes from now on, in percent."""
        before = self.spent()
        time.sleep(seconds)
        return 100 * (self.spent() - before) / seconds


@contextmanager
def served(home: Path) -> Iterator[Served]:
    """A dashboard on a queue of a thousand posts, each with its small picture drawn already."""
    surroundings = os.environ | environment(home)
    store = open_store(home / "postguard" / "postguard.db")
    fill(store, POSTS)
    store.db.close()
    small = io.BytesIO()
    Image.open(io.BytesIO(draw())).resize((640, 480)).save(small, "WEBP", quality=90)
    drawn = home / "cache" / "postguard" / "dashboard"
    drawn.mkdir(parents=True)
    for number in range(1, POSTS + 1):
        (drawn / f"{number:064x}-small.webp").write_bytes(small.getvalue())
    process = subprocess.Popen(COMMAND, env=surroundings, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield Served(home, int(process.stdout.readline()), psutil.Process(process.pid))
    finally:
        process.terminate()
        process.wait(20)


@dataclass
class Thread:
    """The page's main thread: how much CPU it took, whatever else the machine does meanwhile."""

    session: CDPSession

    @classmethod
    def of(cls, page: Page) -> Thread:
        """Begin to count."""
        session = page.context.new_cdp_session(page)
        session.send("Performance.enable", {"timeDomain": "threadTicks"})
        return cls(session)

    def spent(self) -> float:
        """Return the CPU seconds of its tasks so far."""
        found = self.session.send("Performance.getMetrics")["metrics"]
        return float(next(each["value"] for each in found if each["name"] == "TaskDuration"))


def paints(page: Page) -> list[tuple[float, float]]:
    """Return, of some loads, the first paint and when the page was handed over, in ms."""
    found = []
    for _ in range(LOADS):
        page.reload(wait_until="load")
        page.evaluate(_UNTIL_PAINTED)
        found.append((page.evaluate(_PAINTED), page.evaluate(_HANDED)))
    return found


def clicks(page: Page) -> tuple[list[float], list[float]]:
    """Hold some posts; return the longest wait of each click for the next paint, in ms, and how
    long it waited until its answer was on the screen."""
    longest, answered = [], []
    for _ in range(CLICKS):
        card = str(page.locator("#cards-due .card").first.get_attribute("id"))
        button = page.locator(f"#{card}-hold")
        button.evaluate("(button) => { button.scrollIntoView(); window.waits = []; }")
        began = time.perf_counter()
        button.click()
        page.locator("#said .toast").wait_for()
        answered.append(1000 * (time.perf_counter() - began))
        page.locator(f"#cards-due #{card}").wait_for(state="detached")
        longest.append(_longest(page))
        page.locator("#said [data-close]").click()
    return longest, answered


def keys(page: Page) -> list[float]:
    """Walk over the page by keys; return the longest wait of each for the next paint, in ms."""
    found = []
    for _ in range(KEYS):
        page.evaluate("window.waits = []")
        page.keyboard.press("Tab")
        found.append(_longest(page))
    return found


def _longest(page: Page) -> float:
    """Return the longest wait since the list was emptied; less than 16 ms is not told."""
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => setTimeout(done, 50)))")
    return float(page.evaluate("Math.max(0, ...window.waits.map((each) => each[1]))"))


def measure() -> Measured:
    """Fill a queue, look at it, and return figures and notes."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        raise SystemExit("there is no chromium on this machine")
    with tempfile.TemporaryDirectory() as folder, served(Path(folder)) as dashboard:
        alone = dashboard.busy(IDLE_SECONDS)
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
            with dashboard.page(browser) as page:
                thread = Thread.of(page)
                before = thread.spent() + dashboard.spent()
                painted, handed = zip(*paints(page), strict=True)
                loads = 1000 * (thread.spent() + dashboard.spent() - before) / LOADS
                page.evaluate(_WATCH)
                before = thread.spent()
                clicked, answered = clicks(page)
                click = 1000 * (thread.spent() - before) / CLICKS
                typed = keys(page)
                cards = page.locator(".card").count()
                tasks = page.evaluate("window.tasks")
                open_ = dashboard.busy(IDLE_SECONDS)
            browser.close()
    load = ", ".join(f"{each:.1f}" for each in os.getloadavg())
    notes = (
        f"medians of {LOADS} loads, {CLICKS} clicks and {KEYS} keys; the best load painted after"
        f" {min(painted):.0f} ms, and the page was handed over after {min(handed):.0f} ms",
        f"{cards} cards of {POSTS} posts stand on the page; the rest comes when it is asked for",
        f"the longest waits for a paint: {max(clicked):.0f} ms of a click, {max(typed):.0f} ms of"
        " a key",
        f"a click takes {click:.0f} ms of CPU in the page: the answer, all cards looked at anew,"
        " the way of one of them to its new place, and what this bench asks meanwhile",
        f"longest tasks of the page while posts were held, in ms: {_told(tasks)}",
        f"load of the machine meanwhile (1, 5, 15 minutes): {load}",
    )
    return Measured(
        (
            Figure("first paint of the queue", statistics.median(painted), MOST_PAINT, "ms"),
            Figure("click to the next paint", statistics.median(clicked), MOST_WAIT, "ms"),
            Figure("key to the next paint", statistics.median(typed), MOST_WAIT, "ms"),
            Figure("CPU of a load, dashboard and page", loads, MOST_PAINT, "ms"),
            Figure(
                "click to its answer on the screen", statistics.median(answered), MOST_PAINT, "ms"
            ),
            Figure("the idle dashboard, page open, of one core", open_, MOST_IDLE, "%"),
            Figure("the same, no page open", alone, MOST_IDLE, "%"),
        ),
        notes,
    )


def _told(found: list[float]) -> str:
    return ", ".join(f"{each:.0f}" for each in sorted(found, reverse=True)[:5]) or "none over 50"


if __name__ == "__main__":
    sys.exit(measure().print())
