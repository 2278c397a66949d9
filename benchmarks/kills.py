"""Kills a shop in the midst of its work, again and again, and looks whether anything was lost or done twice.

python -m benchmarks.kills [--kills 1000] [--seed 1] [--database URL]

A process answers a stream of messages from several chats: questions, and forms that end in a ticket once they are
confirmed. It is killed with SIGKILL after a random time; the next one goes on where it was, is given every message
again that was not answered when it was killed, some that were, and answers what it finds waiting. In the end:

- every message that was acknowledged has one answer, and stands in the transcript once;
- every form that was confirmed has left one ticket, and no other has;
- a message that is delivered again gets the answer it got first;
- the audit is whole, with a record for each message.

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
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.machine import describe
from munshi.bot.app import App, open_app
from munshi.bot.message import Message
from munshi.bot.settings import Settings
from munshi.handlers.tickets import list_tickets

CHATS = 4
LONGEST = 0.25  # seconds that a process lives at most
FRESH = 60  # messages that a process is given at most, beside those that wait
AGAIN = 0.1  # share of the answered messages that come once more


@dataclass(frozen=True, slots=True)
class Said:
    """One message of the stream. `closes` is the phone number of the form that it confirms."""

    id: str
    chat: str
    text: str
    closes: str = ""


def stream(seed: int) -> Iterator[Said]:
    """Messages without end, a chat's in order: forms to the end, forms left halfway, questions."""
    rng = random.Random(seed)
    plans = [_chat(f"chat-{number}", random.Random(f"{seed}-{number}")) for number in range(CHATS)]
    while True:
        yield next(rng.choice(plans))


def _chat(name: str, rng: random.Random) -> Iterator[Said]:
    number = 0
    while True:
        phone = f"98{rng.randrange(10**8):08d}"
        form = ("please ring me back", "Asha", phone, "Evening")
        lines: Sequence[str] = rng.choice([(*form, "yes"), (*form, "cancel"), ("what are your timings",)])
        for text in lines:
            closes = phone if text == "yes" else ""
            yield Said(f"{name}-{number}", name, text, closes)
            number += 1


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

    def delivery(self, rng: random.Random, fresh: int) -> list[Said]:
        """What the next process is given: what waits, some of what does not, and so many more."""
        waiting = [said for said in self.sent if said.id not in self.answers]
        again = [said for said in self.sent[-20:] if said.id in self.answers and rng.random() < AGAIN]
        self.coming += [next(self.stream) for _ in range(fresh - len(self.coming))]
        return [*waiting, *again, *self.coming[:fresh]]

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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=1_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--database", default="", help="SQLAlchemy URL of an empty database")
    options = parser.parse_args()
    print(describe(("sqlalchemy", "psycopg")))
    with tempfile.TemporaryDirectory() as home:
        url = options.database or f"sqlite:///{Path(home) / 'shop.sqlite3'}"
        settings = Settings(home=Path(home), database_url=url, encoder="none")
        with open_app(settings) as app:
            faults = run(app, options.kills, options.seed)
    for fault in faults:
        print(f"FAULT {fault}")
    raise SystemExit(1 if faults else 0)


def run(app: App, kills: int, seed: int) -> list[str]:
    """Kill so many processes, then let one finish; the faults found, a line each."""
    rng = random.Random(seed)
    channel = Channel(stream(seed))
    started = time.perf_counter()
    for _ in range(kills):
        channel.note(_one_life(app, channel.delivery(rng, FRESH), rng.random() * LONGEST))
    channel.note(_one_life(app, channel.delivery(rng, 0), None))
    faults = list(_faults(app, channel))
    spent = time.perf_counter() - started
    closed = sum(bool(said.closes) for said in channel.sent)
    print(
        f"{kills:,} kills in {spent:.0f} s, {app.store.engine.dialect.name}: {len(channel.sent):,} messages, ", end=""
    )
    print(f"{closed:,} forms confirmed, {len(faults)} faults")
    return faults


def _one_life(app: App, given: Sequence[Said], seconds: float | None) -> list[str]:
    """A process that answers until it is killed, or without a time to the end; the lines it told."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        _answer(app, given, writer)
    os.close(writer)
    if seconds is not None:
        time.sleep(seconds)
        os.kill(child, signal.SIGKILL)
    with os.fdopen(reader, encoding="utf-8") as told:
        lines = told.read().split("\n")[:-1]
    os.waitpid(child, 0)
    return lines


def _answer(app: App, given: Sequence[Said], writer: int) -> None:
    """Answer messages in a process of its own, telling of each before and after; never returns."""
    app.store.engine.dispose(close=False)  # the parent's connections are not this process's
    with os.fdopen(writer, "w", encoding="utf-8") as told:
        for said in given:
            told.write(f"given {said.id}\n")
            told.flush()
            response = app.assistant.respond(Message(said.text, said.chat, id=said.id))
            text = response.reply.text if response.reply else ""
            told.write(f"answered {said.id} {text!r}\n")
            told.flush()
    os._exit(0)


def _faults(app: App, channel: Channel) -> Iterator[str]:
    """What does not hold in the end."""
    yield from channel.changed
    yield from (f"message {said.id} was never answered" for said in channel.sent if said.id not in channel.answers)
    yield from (f"message {message.id} still waits" for message in app.store.unanswered())
    for number in range(CHATS):
        chat = f"chat-{number}"
        wanted = Counter(said.text for said in channel.sent if said.chat == chat)
        said = Counter(line.text for line in app.store.transcript(chat, limit=10**6) if line.role == "customer")
        if said != wanted:
            yield f"{chat}: its transcript holds {(said - wanted) or 'nothing'} too much, lacks {wanted - said}"
    with app.store.reading() as db:
        tickets = Counter(t.form["phone"][3:] for t in list_tickets(db, app.business.key, limit=10**6))
    confirmed = Counter(said.closes for said in channel.sent if said.closes)
    if tickets != confirmed:
        yield f"tickets too many: {tickets - confirmed}, missing: {confirmed - tickets}"
    report = app.notary.verify()
    if not report.sound:
        yield f"the audit: {report.verified.finding}"
    if report.verified.records != len(channel.sent):
        yield f"the audit has {report.verified.records} records of {len(channel.sent)} messages"


if __name__ == "__main__":
    sys.exit(main())
