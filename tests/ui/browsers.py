"""A real Chromium for the tests of what people see, and `munshi serve` in a process of its own in front of it."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, expect, sync_playwright

from munshi.bot.settings import Settings

CHROMIUM_FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--no-first-run",
)  # fmt: skip
SIZES = {"wide": (1280, 860), "narrow": (390, 844), "smallest": (360, 640)}
SHOTS = Path(__file__).parents[2] / "test-output"

expect.set_options(timeout=30_000)  # a machine that does much else at the same time is no fault of the window


@dataclass(frozen=True)
class Server:
    """`munshi serve`, running."""

    url: str
    process: subprocess.Popen[str]


def start(settings: Settings) -> Server:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "munshi", "serve", "--business", settings.business, "--port", str(port)],
        env={**os.environ, "MUNSHI_HOME": str(settings.home), "MUNSHI_ENCODER": settings.encoder},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    )
    assert process.stdout is not None
    told = process.stdout.readline()
    url = f"http://127.0.0.1:{port}"
    if url not in told:
        pytest.fail(f"munshi serve told {told!r} and {process.communicate()[1]!r}")
    return Server(url, process)


def stop(server: Server) -> tuple[int, str]:
    """Ctrl-C: the exit status, and what was written to stderr."""
    server.process.send_signal(signal.SIGINT)
    _, errors = server.process.communicate(timeout=60)
    return server.process.returncode, errors


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    path = os.environ.get("MUNSHI_CHROMIUM") or next(
        filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
    )
    if path is None:
        if os.environ.get("MUNSHI_REQUIRE_SERVICES") == "1":
            pytest.fail("there is no Chromium, and MUNSHI_REQUIRE_SERVICES asks for one")
        pytest.skip("there is no Chromium here; name one with MUNSHI_CHROMIUM")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(CHROMIUM_FLAGS))
        yield browser
        browser.close()


@pytest.fixture(params=["wide"])
def size(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture
def context(chromium: Browser, size: str) -> Iterator[BrowserContext]:
    """A new browser; at the end, every request it made must have stayed on this machine."""
    width, height = SIZES[size]
    context = chromium.new_context(viewport={"width": width, "height": height})
    asked: list[str] = []
    context.on("request", lambda request: asked.append(request.url))
    yield context
    context.close()
    hosts = {urlsplit(url).hostname for url in asked if not url.startswith(("data:", "blob:"))}
    assert hosts <= {"127.0.0.1"}
