"""How long a turn takes without a language model, how long a start, and what the server holds in memory.

python -m benchmarks.turn [--business auto-parts] [--rounds 3]

The pack's own conversations are played, one message at a time, through the real assistant on a real SQLite file (WAL,
synchronous=FULL, so every turn includes its commit). Then `munshi serve` is started twice on the same fresh home; each
start is timed to its first answer over HTTP, and the second server's memory is read after it has answered.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx

from benchmarks.machine import describe
from munshi.bot.app import App, open_app
from munshi.bot.pack.conversations import load_conversations
from munshi.bot.settings import load_settings

LIBRARIES = ("onnxruntime", "gradio", "sqlalchemy", "scikit-learn", "numpy")
START_SECONDS = 120
WARM_UP = ("hello there", "is the shop near the station", "namaste ji", "tell me about refunds", "kuch naya aaya kya")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--business", default="auto-parts")
    parser.add_argument("--rounds", type=int, default=3, help="how often the conversations are played")
    options = parser.parse_args()
    print(describe(LIBRARIES))
    with tempfile.TemporaryDirectory() as home:
        measure_turns(Path(home), options.business, options.rounds)
        measure_starts(Path(home), options.business)


def measure_turns(home: Path, business: str, rounds: int) -> None:
    """Each round is a fresh process's worth: the conversations once, so that no message is met a second time."""
    settings = load_settings(home=home, business=business)
    whole: list[float] = []
    alone: list[float] = []
    for _ in range(rounds):
        for measured, time_one in ((whole, time_turn), (alone, time_classification)):
            with open_app(settings) as app:
                for text in WARM_UP:
                    time_one(app, text)
                measured += [time_one(app, text) for text in messages_of(app)]
    print(f"\n{business}: {len(whole) // rounds} different messages, {rounds} rounds")
    show("text to intent", alone)
    show("whole turn", whole)


def messages_of(app: App) -> list[str]:
    """The customer's lines of the pack's conversations, each once."""
    said = (step.say for conversation in load_conversations(app.business.conversations) for step in conversation.turns)
    return list(dict.fromkeys(said))


def time_turn(app: App, text: str) -> float:
    """Milliseconds from the message to the recorded reply."""
    return clock(lambda: app.respond(text, session_id=uuid.uuid4().hex, channel="benchmark"))


def time_classification(app: App, text: str) -> float:
    """Milliseconds from the raw text to the prediction, preprocessing included."""
    return clock(lambda: app.classifier.classify([text]))


def clock(call) -> float:
    started = time.perf_counter()
    call()
    return (time.perf_counter() - started) * 1000


def show(name: str, times: Sequence[float]) -> None:
    cuts = statistics.quantiles(times, n=100)
    print(f"  {name:<16} p50 {cuts[49]:7.2f} ms   p95 {cuts[94]:7.2f} ms   p99 {cuts[98]:7.2f} ms")


def measure_starts(home: Path, business: str) -> None:
    fresh = home / "fresh"
    print(f"\nmunshi serve --business {business}, from the command to the first answer over HTTP")
    for name in ("first start", "second start"):
        started = time.perf_counter()
        with serving(fresh, business) as (process, address):
            ask(address, "do you deliver to pune")
            print(f"  {name:<16} {time.perf_counter() - started:6.2f} s", end="")
            for text in ("where is my order", "price of brake pads", "kab tak khula hai"):
                ask(address, text)
            print(f"   memory {resident_mib(process.pid):5.0f} MiB")


@contextmanager
def serving(home: Path, business: str) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "munshi", "serve", "--business", business, "--port", str(port)]
    process = subprocess.Popen(command, env={**os.environ, "MUNSHI_HOME": str(home)}, stderr=subprocess.DEVNULL)
    try:
        address = f"http://127.0.0.1:{port}"
        await_answer(address, process)
        yield process, address
    finally:
        process.terminate()
        process.wait(timeout=30)


def await_answer(address: str, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until:
        if process.poll() is not None:
            raise SystemExit("the server stopped; run `munshi serve` to see why")
        try:
            httpx.get(f"{address}/healthz", timeout=1).raise_for_status()
        except httpx.HTTPError:
            time.sleep(0.05)
        else:
            return
    raise SystemExit(f"the server did not answer within {START_SECONDS} s")


def ask(address: str, text: str) -> None:
    """Send one message through the chat window's own queue, and wait for the end of its reply."""
    session = uuid.uuid4().hex
    with httpx.Client(base_url=address, timeout=START_SECONDS) as browser:
        page = browser.get("/").text
        config = json.loads(re.search(r"window\.gradio_config = (\{.*?\});</script>", page, re.DOTALL)[1])
        submit = next(d["id"] for d in config["dependencies"] if any(target[1] == "submit" for target in d["targets"]))
        event = {"data": [text], "fn_index": submit, "session_hash": session, "event_data": None}
        browser.post("/gradio_api/queue/join", json=event).raise_for_status()
        with browser.stream("GET", "/gradio_api/queue/data", params={"session_hash": session}) as lines:
            for line in lines.iter_lines():
                if '"process_completed"' in line:
                    return
    raise SystemExit("the server closed the reply before it was complete")


def resident_mib(pid: int) -> float:
    """Resident memory of a process in MiB; Linux only."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+)", status)[1]) / 1024


if __name__ == "__main__":
    main()
