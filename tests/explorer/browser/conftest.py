"""A real browser on a real server: Chromium, driven by playwright; skipped with a reason where there is none."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from echodex.api import Store
from echodex.testing.corpus import Corpus, make_corpus

if TYPE_CHECKING:
    from playwright.sync_api import Browser, ConsoleMessage, Page, Request, Response

CLIPS = 60
FLAGS = [
    "--no-sandbox",
    "--use-gl=angle",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--autoplay-policy=no-user-gesture-required",
    "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream",
]
"""Software drawing, sound without a press of a key, and a microphone that beeps."""
WAIT_MS = 60_000
"""How long anything that is expected of a page may take to come: longer than on any machine that still works."""


@dataclass(frozen=True)
class Explored:
    """A store that a running explorer shows; url: of its page."""

    store: Store
    corpus: Corpus
    url: str


@dataclass
class Watched:
    """A page, and what went wrong on it: errors of its scripts, refused answers, addresses of other machines."""

    page: Page
    errors: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)
    requests: int = 0


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright (pip install 'echodex[dev]')")
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if found is None:
        pytest.skip("needs a browser: Chromium is not installed")
    playwright.expect.set_options(timeout=WAIT_MS)
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=found, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def explored(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Explored]:
    """A corpus of synthesis with a space, a clustering and two views, and a server of it in a process of its own."""
    folder = tmp_path_factory.mktemp("explored")
    corpus = make_corpus(folder / "music", clips=CLIPS)
    store = Store.open(folder / "library")
    store.add(corpus.folder, labels=corpus.labels_csv, embed="timbre")
    store.prune("facility", eps=0.3, min_cluster_size=4).save("lean")
    store.prune("random", keep=0.5).save("half")
    with serving(store) as url:
        yield Explored(store, corpus, url)


class serving:  # noqa: N801  # reads as `with serving(store)`
    """The command `echodex explore` on a free port, for as long as the block lasts."""

    def __init__(self, store: Store) -> None:
        self.command = [sys.executable, "-m", "echodex.cli", "--store", str(store.path), "explore", "--port", "0"]

    def __enter__(self) -> str:
        self.process = subprocess.Popen(
            [*self.command, "--json"], stdout=subprocess.PIPE, text=True, env={**os.environ, "OMP_NUM_THREADS": "1"}
        )
        assert self.process.stdout
        told = ""
        while "}" not in told:
            line = self.process.stdout.readline()
            assert line, "the explorer ended before it told its address"
            told += line
        return str(json.loads(told)["url"])

    def __exit__(self, *_: object) -> None:
        self.process.send_signal(signal.SIGINT)
        assert self.process.wait(10) == 0
        assert self.process.stdout
        self.process.stdout.close()


@pytest.fixture
def watched(chromium: Browser, explored: Explored) -> Iterator[Watched]:
    """The page, loaded; at the end nothing may have gone wrong on it, and nothing left the machine."""
    with warnings.catch_warnings():
        context = chromium.new_context(viewport={"width": 1280, "height": 800}, permissions=["microphone"])
        page = context.new_page()
    found = Watched(page)
    watch(found, explored.url)
    page.goto(explored.url)
    page.wait_for_function("window.ready_ms", timeout=WAIT_MS)
    yield found
    context.close()
    assert found.errors == []
    assert found.foreign == []
    assert found.requests > 10


def watch(found: Watched, url: str) -> None:
    """Note what goes wrong on a page."""
    own = url.rsplit("/", 2)[0]

    def asked(request: Request) -> None:
        found.requests += 1
        if not request.url.startswith((own, "blob:" + own, "data:")):
            found.foreign.append(request.url)

    def said(message: ConsoleMessage) -> None:
        if _is_fault(message.type, message.text):
            found.errors.append(message.text)

    def answered(response: Response) -> None:
        if response.status >= 400:
            found.errors.append(f"{response.status} {response.url}")

    page = found.page
    page.set_default_timeout(WAIT_MS)
    page.on("console", said)
    page.on("pageerror", lambda error: found.errors.append(str(error)))
    page.on("request", asked)
    page.on("response", answered)


def _is_fault(kind: str, text: str) -> bool:
    """Whether a line of the console is one of ours; drivers that draw in software say that pictures of it are slow."""
    return kind in ("error", "warning") and "GL Driver Message" not in text
