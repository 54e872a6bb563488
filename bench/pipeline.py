"""The whole pipeline against the least any program must do: python -m bench.pipeline

The least: Pillow decodes the picture, resizes it once (Lanczos) and encodes the result once. Ours:
every step but the cloak, the search for a file under 2,000,000 bytes, and the audit of its bytes.
Each run is a process of its own; CPU time and peak memory are what the kernel counted for it.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT.parent / "shared" / "art" / "patak-5k.png"
SIDE, ROOM, RUNS = 2_048, 2_000_000, 5
MOST_TIME, MOST_MEMORY = 3.0, 6.0  # the figures to reach
RECIPE: tuple[dict[str, Any], ...] = (
    {"step": "downscale", "long_side": SIDE},
    {"step": "watermark", "text": "© 山田花子"},
    {"step": "notice"},
    {"step": "noise"},
    {"step": "tags"},
)


def least() -> dict[str, Any]:
    """Decode, resize and encode once with Pillow."""
    import io

    from PIL import Image

    Image.init()
    began = time.process_time()
    with Image.open(SOURCE) as image:
        image.load()
        shape = (SIDE, round(SIDE * image.height / image.width))
        small = image.resize(shape, Image.Resampling.LANCZOS)
    file = io.BytesIO()
    small.convert("RGB").save(file, "JPEG", quality=95)
    return {"cpu": time.process_time() - began, "size": file.tell(), "steps": {}}


def ours() -> dict[str, Any]:
    """Run the pipeline as the worker does."""
    import hashlib

    from postguard.model import Artist, ArtworkOrder, Limits, ProtectOrder
    from postguard.protect import pipeline

    digest = hashlib.sha256(SOURCE.read_bytes()).hexdigest()
    with tempfile.TemporaryDirectory() as into:
        order = ProtectOrder(
            artworks=(ArtworkOrder(0, SOURCE, digest, "青い花", "5e" * 32),),
            recipe_name="bench",
            recipe=RECIPE,
            limits=(Limits("bench", 300, 2_000, 4, ROOM),),
            into=Path(into),
            artist=Artist("山田花子", "© 2026 山田花子", langs=("ja", "en")),
        )
        began = time.process_time()
        (made,) = pipeline.run(order, None, 2026, lambda _: None)
        cpu = time.process_time() - began
    record: Any = made.record
    steps = {step["step"]: step["seconds"] for step in record["steps"]}
    return {
        "cpu": cpu,
        "size": made.size,
        "steps": steps | {"encode": record["encode"]["seconds"]},
    }


def child(what: str) -> None:
    """Do one of the two and print what it cost."""
    found = {"least": least, "ours": ours}[what]()
    usage = resource.getrusage(resource.RUSAGE_SELF)
    found |= {"all_cpu": usage.ru_utime + usage.ru_stime, "peak": usage.ru_maxrss * 1024}
    print(json.dumps(found))


def measured(what: str) -> dict[str, Any]:
    """Return what a run in a fresh process cost."""
    command = [sys.executable, "-m", "bench.pipeline", what]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    return json.loads(done.stdout)


def middle(runs: list[dict[str, Any]], key: str) -> float:
    """Return the median: one run may meet a busy machine."""
    return sorted(run[key] for run in runs)[len(runs) // 2]


def main() -> int:
    """Print the table; return 1 where a figure is missed."""
    if not SOURCE.exists():
        print(f"there is no {SOURCE.name} in ../shared/art; nothing was measured")
        return 1
    pairs = [(measured("least"), measured("ours")) for _ in range(RUNS)]
    plain, full = ([pair[i] for pair in pairs] for i in (0, 1))
    decoded = 5_120 * 2_880 * 3
    print(f"{SOURCE.name} to {SIDE} px under {ROOM:,} bytes, median of {RUNS} runs\n")
    print("| | CPU s | with start-up | peak MB | file bytes |\n|---|---|---|---|---|")
    for name, runs in (("Pillow, the least", plain), ("postguard", full)):
        cpu, whole, peak = (middle(runs, key) for key in ("cpu", "all_cpu", "peak"))
        print(f"| {name} | {cpu:.2f} | {whole:.2f} | {peak / 1e6:.0f} | {runs[0]['size']:,} |")
    time_ratio = middle([{"r": o["cpu"] / p["cpu"]} for p, o in pairs], "r")
    memory_ratio = middle(full, "peak") / decoded
    print("\n| figure | reached | asked |\n|---|---|---|")
    print(f"| CPU time, times the least | {time_ratio:.2f} | {MOST_TIME:g} |")
    print(f"| peak memory, times the decoded picture | {memory_ratio:.2f} | {MOST_MEMORY:g} |")
    steps = " · ".join(f"{name} {seconds:.2f}" for name, seconds in full[0]["steps"].items())
    print(f"\nseconds of one run: {steps}")
    return int(time_ratio > MOST_TIME or memory_ratio > MOST_MEMORY)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        child(sys.argv[1])
    else:
        sys.exit(main())
