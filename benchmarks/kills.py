"""Kills a shop and a bank in the midst of their work, again and again, and looks whether anything was lost or doubled.

python -m benchmarks.kills [--kills 1000] [--seed 1] [--database URL]

A process answers a stream of messages from several chats of both: transfers, orders, forms that end in a ticket once
they are confirmed, corrections, forms that are left, questions. It is killed with SIGKILL a random while after a random
one of them; the next one goes on where it was, is given every message again that was not answered when it was killed,
some that were, and answers what it finds waiting. In the end:

- every message that was acknowledged has one answer, and stands in the transcript once;
- every transfer that was confirmed was made once, with the sum that was confirmed, under the reference that was told;
- every order that was told stands in the books once, with the pieces that were confirmed, and no more is held of a
  product than there is;
- every form that was confirmed has left one ticket; and nothing was done that was not confirmed;
- the ledger sums to zero, each balance is the sum of its postings, and none is below its floor;
- a message that is delivered again gets the answer it got first;
- the audits are whole, with a record for each message.

The database is a SQLite file, or that of `--database`, which must be empty. Needs a system that can fork.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.kill_checks import found
from benchmarks.kill_streams import BANK, SHOP, Said, customers, stream
from benchmarks.machine import describe
from benchmarks.packs import let_in, roomy_bank, stocked_shop
from munshi.bot.app import App, open_app
from munshi.bot.message import Message
from munshi.bot.settings import Settings

LINES = 5  # that a process tells before it is killed, fewer than this: two for each message
WHILE = 0.06  # seconds that it goes on after that, at most
WARM_UP = 30  # messages that are answered before the first kill, by the process that the others are copies of
FRESH = 60  # messages that a process is given at most, beside those that wait
AGAIN = 0.1  # share of the answered messages that come once more


@dataclass
class Channel:
    """What delivers the messages: it goes on with each until it has been answered.

    `coming` are still to be said, `sent` were given to a process, `answers` came back; `changed` tells of messages that
    were answered otherwise when they came again.
    """

    stream: Iterator[Said]
    coming: list[Said] = field(default_factory=list)
    sent: list[Said] = field(default_factory=list)
    answers: dict[str, str] = field(default_factory=dict)
    changed: list[str] = field(default_factory=list)
    waiting: list[Said] = field(default_factory=list)

    def delivery(self, rng: random.Random, fresh: int) -> list[Said]:
        """What the next process is given: what waits, some of what does not, and so many more."""
        self.waiting = [said for said in self.waiting if said.id not in self.answers]
        again = [said for said in self.sent[-20:] if said.id in self.answers and rng.random() < AGAIN]
        self.coming += [next(self.stream) for _ in range(fresh - len(self.coming))]
        return [*self.waiting, *again, *self.coming[:fresh]]

    def note(self, told: Sequence[str]) -> None:
        """Take down what a process told before it died: each message it took up, and each answer."""
        for line in told:
            kind, id, answer = (*line.split(" ", 2), "")[:3]
            if kind == "answered":
                first = self.answers.setdefault(id, answer)
                if first != answer:
                    self.changed.append(f"message {id} was first answered {first}, then {answer}")
            elif self.coming and self.coming[0].id == id:
                self.sent.append(self.coming.pop(0))
                self.waiting.append(self.sent[-1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=1_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--database", default="", help="SQLAlchemy URL of an empty database")
    options = parser.parse_args()
    print(describe(("sqlalchemy", "psycopg")))
    with tempfile.TemporaryDirectory() as home:
        url = options.database or f"sqlite:///{Path(home) / 'shop.sqlite3'}"
        with opened(Path(home), url) as apps:
            faults = run(apps, options.kills, options.seed)
    for fault in faults:
        print(f"FAULT {fault}")
    raise SystemExit(1 if faults else 0)


@contextmanager
def opened(home: Path, url: str) -> Iterator[Mapping[str, App]]:
    """The shop and the bank, on one database, with the bank's chats let in."""
    packs = {SHOP: str(stocked_shop(home)), BANK: str(roomy_bank(home))}
    with ExitStack() as stack:
        apps = {
            key: stack.enter_context(
                open_app(Settings(home=home, database_url=url, encoder="none", user_rate="", business=business))
            )
            for key, business in packs.items()
        }
        let_in(apps[BANK].store.engine, customers().items())
        yield apps


def run(apps: Mapping[str, App], kills: int, seed: int) -> list[str]:
    """Kill so many processes, then let one finish; the faults found, a line each."""
    rng = random.Random(seed)
    channel = Channel(stream(seed))
    started = time.perf_counter()
    channel.note([line for said in channel.delivery(rng, WARM_UP) for line in _answered(apps, said)])
    for _ in range(kills):
        given = channel.delivery(rng, FRESH)
        channel.note(_one_life(apps, given, (rng.randrange(LINES), rng.random() * WHILE)))
    channel.note(_one_life(apps, channel.delivery(rng, 0), None))
    faults = [*channel.changed, *found(apps, channel.sent, channel.answers)]
    spent = time.perf_counter() - started
    done = Counter(said.effect.kind for said in channel.sent if said.effect is not None)
    counted = ", ".join(f"{count:,} {kind}s confirmed" for kind, count in sorted(done.items()))
    dialect = apps[BANK].store.engine.dialect.name
    print(f"{kills:,} kills in {spent:.0f} s, seed {seed}, {dialect}: {len(channel.sent):,} messages, ", end="")
    print(f"{counted}, {len(faults)} faults")
    return faults


def _one_life(apps: Mapping[str, App], given: Sequence[Said], until: tuple[int, float] | None) -> list[str]:
    """A process that answers until it is killed, so many seconds after so many lines, or to the end; what it told."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        _answer(apps, given, writer)
    os.close(writer)
    with os.fdopen(reader, encoding="utf-8") as told:
        lines = []
        if until is not None:
            lines = [told.readline() for _ in range(until[0])]
            time.sleep(until[1])
            os.kill(child, signal.SIGKILL)
        text = "".join([*lines, told.read()])
    os.waitpid(child, 0)
    return text.split("\n")[:-1]


def _answer(apps: Mapping[str, App], given: Sequence[Said], writer: int) -> None:
    """Answer messages in a process of its own, telling of each before and after; never returns."""
    for app in apps.values():
        app.store.engine.dispose(close=False)  # the parent's connections are not this process's
    with os.fdopen(writer, "w", encoding="utf-8") as told:
        for said in given:
            for line in _answered(apps, said):
                told.write(f"{line}\n")
                told.flush()
    os._exit(0)


def _answered(apps: Mapping[str, App], said: Said) -> Iterator[str]:
    """Answer one message, telling that it is taken up, and then how it was answered."""
    yield f"given {said.id}"
    response = apps[said.business].assistant.respond(Message(said.text, said.chat, id=said.id))
    text = response.reply.text if response.reply else ""
    yield f"answered {said.id} {text!r}"


if __name__ == "__main__":
    sys.exit(main())
