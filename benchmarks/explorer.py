"""The explorer in a browser: how soon its page is ready, how soon a press on a point lists neighbours, how long a frame
takes, and how much memory the server holds, at 3,000, 100,000 and 1,000,000 clips.

Stores are made up (synthetic.py, 64 dimensions, 16 labels, no audio files), as they are after `echodex map`, without an
index that was built. The server is `echodex explore` in a process of its own; the browser is headless Chromium that
draws in software, the slowest case. Every page is loaded in a fresh browser context.

ready_s_N: from the navigation to the page's own word that all points are drawn, the median of LOADS. click_ms_N: from
the press of the mouse to the list of 20 neighbours in the page, the median of CLICKS, the first few left out.
frame_ms_N: between two frames while the map is zoomed. server_gb_N: resident memory of the server after that.
external_requests: to anything but the server, of all pages together.

    pip install -e ".[dev]"; python benchmarks/explorer.py     # needs Chromium; about five minutes on two cores
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import synthetic
from playwright.sync_api import Browser, Page, sync_playwright
from report import write_result

DIM = 64
SIZES = {"3k": 3_000, "100k": 100_000, "1m": 1_000_000}
LOADS, CLICKS, WARM = 9, 21, 3
FLAGS = ["--no-sandbox", "--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"]
FRAMES = """async (steps) => {
  const canvas = document.getElementById("canvas"), box = canvas.getBoundingClientRect(), times = [];
  let before = performance.now();
  for (let step = 0; step < steps; step += 1) {
    canvas.dispatchEvent(new WheelEvent("wheel", { deltaY: step % 2 ? -40 : 40, bubbles: true, cancelable: true,
      clientX: box.left + box.width / 2, clientY: box.top + box.height / 2 }));
    await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
    times.push(performance.now() - before);
    before = performance.now();
  }
  return times;
}"""


@dataclass
class Server:
    """A running explorer: its address and its process."""

    url: str
    process: subprocess.Popen[str]

    def resident_gb(self) -> float:
        """Return the memory that the server holds."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.split("VmRSS:")[1].split()[0]) * 1024 / 1e9


@contextmanager
def serving(store: Path) -> Iterator[Server]:
    command = [sys.executable, "-m", "echodex.cli", "--store", str(store), "explore", "--port", "0", "--json"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout
    told = ""
    while "}" not in told:
        told += process.stdout.readline()
    try:
        yield Server(json.loads(told)["url"], process)
    finally:
        process.send_signal(signal.SIGINT)
        process.wait()


@contextmanager
def page_of(browser: Browser, server: Server, foreign: list[str]) -> Iterator[tuple[Page, float]]:
    """Load the page; yield it with the milliseconds until it was ready."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    page = context.new_page()
    own = server.url.rsplit("/", 2)[0]
    page.on(
        "request", lambda request: None if request.url.startswith((own, f"blob:{own}")) else foreign.append(request.url)
    )
    page.goto(server.url)
    page.wait_for_function("window.ready_ms", timeout=120_000)
    try:
        yield page, float(page.evaluate("window.ready_ms"))
    finally:
        context.close()


def clicked(page: Page, clips: int, seed: int = 0) -> list[float]:
    """Return the milliseconds from each press on a point to its neighbours."""
    draw = random.Random(seed)
    page.uncheck("#autoplay")
    box = page.locator("#canvas").bounding_box()
    assert box
    times: list[float] = []
    while len(times) < CLICKS + WARM:
        x, y = page.evaluate("row => window.placeOf(row)", draw.randrange(clips))
        if not (box["x"] < x < box["x"] + box["width"] and box["y"] < y < box["y"] + box["height"]):
            continue
        page.mouse.move(x, y)
        page.wait_for_timeout(400)  # as a person's hand takes to press
        known = len(times)
        page.mouse.click(x, y)
        page.wait_for_function(
            "count => performance.getEntriesByName('neighbours').length > count", arg=known, timeout=20_000
        )
        times = page.evaluate("performance.getEntriesByName('neighbours').map((entry) => entry.duration)")
    return times[WARM:]


def measure(browser: Browser, store: Path, name: str, clips: int, foreign: list[str]) -> dict[str, float]:
    with serving(store) as server:
        with page_of(browser, server, foreign):
            pass  # the first page of a server finds nothing read
        ready = []
        for _ in range(LOADS):
            with page_of(browser, server, foreign) as (page, ready_ms):
                ready.append(ready_ms / 1000)
        with page_of(browser, server, foreign) as (page, _):
            click = clicked(page, clips)
            frame = page.evaluate(FRAMES, 12)
        return {
            f"ready_s_{name}": statistics.median(ready),
            f"click_ms_{name}": statistics.median(click),
            f"frame_ms_{name}": statistics.median(frame[2:]),
            f"server_gb_{name}": server.resident_gb(),
        }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, help="keep the stores in this folder")
    parser.add_argument("--sizes", nargs="+", choices=SIZES, default=list(SIZES))
    asked = parser.parse_args()
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if chromium is None:
        sys.exit("needs Chromium")
    figures: dict[str, float] = {}
    foreign: list[str] = []
    with tempfile.TemporaryDirectory() as scratch, sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium, args=FLAGS)
        for name in asked.sizes:
            folder = (asked.work or Path(scratch)) / f"explorer-{name}"
            if not folder.exists():
                synthetic.write_store(folder, SIZES[name], DIM)
                subprocess.run([sys.executable, "-m", "echodex.cli", "--store", str(folder), "map"], check=True)
            figures |= measure(browser, folder, name, SIZES[name], foreign)
            print({key: round(value, 3) for key, value in figures.items()})
        browser.close()
    write_result("explorer", figures | {"external_requests": float(len(foreign))})


if __name__ == "__main__":
    main()
