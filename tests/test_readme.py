"""What the README tells a reader to type works, in the order in which it stands there."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```bash\n(.*?)```", README, re.DOTALL)
LINES = [line.partition("  #")[0].strip() for block in BLOCKS for line in block.splitlines() if line.strip()]
MUNSHI = ".venv/bin/munshi "


@pytest.fixture(scope="module")
def desk(home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("reader")


@pytest.fixture
def environment(home: Path, desk: Path) -> dict[str, str]:
    return {**os.environ, "MUNSHI_HOME": str(home), "MUNSHI_DATABASE_URL": f"sqlite:///{desk / 'munshi.sqlite3'}"}


def test_the_readme_names_every_way_in() -> None:
    assert {"make run", "make test"} <= set(LINES)
    assert any(line.startswith(MUNSHI) for line in LINES)


@pytest.mark.readme
def test_every_munshi_command_of_the_readme_works_in_turn(environment: dict[str, str], desk: Path) -> None:
    """One test, since later lines use what earlier ones made; the inbox lines speak of a ticket opened first."""
    munshi = [sys.executable, "-m", "munshi"]
    subprocess.run([*munshi, "ask", "i want to talk to a person"], env=environment, check=True, capture_output=True)
    for line in LINES:
        if line.startswith("echo "):
            subprocess.run(line, shell=True, cwd=desk, check=True)
        if not line.startswith(MUNSHI):
            continue
        arguments = shlex.split(line.removeprefix(MUNSHI))
        if arguments[0] == "serve":
            _serves([*munshi, *arguments], environment, desk)
            continue
        done = subprocess.run(
            [*munshi, *arguments], env=environment, cwd=desk, capture_output=True, text=True, check=False
        )
        # Playing the conversations tells with status 1 that some do not hold; the figures name them.
        allowed = (0, 1) if arguments[:2] == ["evaluate", "conversations"] else (0,)
        assert done.returncode in allowed, f"{line}\n{done.stderr}"


def _serves(command: list[str], environment: dict[str, str], desk: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    server = subprocess.Popen([*command, "--port", port], env=environment, cwd=desk, stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout is not None
        address = re.search(r"http://\S+", server.stdout.readline())
        assert address, "the address is printed"
        until = time.monotonic() + 30
        while time.monotonic() < until:
            try:
                assert httpx.get(f"{address[0]}/healthz").json()["status"] == "ok"
                break
            except httpx.TransportError:
                time.sleep(0.1)
        else:
            pytest.fail("the server did not answer")
    finally:
        server.terminate()
        server.wait(timeout=20)


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
def test_the_make_targets_of_the_readme_exist() -> None:
    targets = {line.split()[1] for line in LINES if line.startswith("make ")}
    for target in targets:
        subprocess.run(["make", "--dry-run", target], cwd=ROOT, check=True, capture_output=True)


def test_the_pip_commands_name_files_that_are_there() -> None:
    files = re.findall(r"-r (\S+)", "\n".join(LINES))
    assert files
    assert all((ROOT / name).is_file() for name in files)


def test_links_and_pictures_of_the_readme_are_there() -> None:
    local = [link for link in re.findall(r"\]\(([^)#]+)\)", README) if "://" not in link]
    assert local
    assert [link for link in local if not (ROOT / link).is_file()] == []
