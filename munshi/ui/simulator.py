"""What can be done with the simulated phone, a command each, and what the shop sends back."""

from __future__ import annotations

import mimetypes
import queue
import random
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from munshi.bot.whatsapp.signature import sign
from munshi.ui.meta_messages import File, Sent
from munshi.ui.meta_stand_in import Fault, MetaStandIn
from munshi.ui.simulated_phone import DeliveryRefusedError, Owner, Phone

Show = Callable[[str], None]

_STATUSES = ("sent", "delivered", "read")
_CLOSING_SECONDS = 2.0


class CommandError(Exception):
    """A command that cannot be followed; the message says why."""


@dataclass
class Simulator:
    """A customer at their phone, and Meta between them and the shop. `show` is told what the customer sees."""

    phone: Phone
    meta: MetaStandIn
    show: Show
    statuses: bool = True
    disorder: bool = False
    """Whether statuses come in any order, and now and then twice."""
    _news: queue.Queue[Sent | None] = field(default_factory=queue.Queue)
    _shown: Sent | None = None

    def start(self) -> None:
        """Show what the shop sends from here on, and tell it what becomes of it."""
        self.meta.on_sent = self._news.put
        self._thread = threading.Thread(target=self._follow, name="simulated-phone", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Follow what is left, and no more."""
        self.meta.on_sent = None
        self._news.put(None)
        self._thread.join(_CLOSING_SECONDS)

    def do(self, line: str) -> None:
        """Follow one line: a command, or words that are sent.

        Raises CommandError and DeliveryRefusedError, each with one line to tell.
        """
        name, _, rest = line.strip().partition(" ")
        if not name.startswith("/"):
            self.phone.write(line)
            return
        command = _COMMANDS.get(name)
        if command is None and name[1:].isdecimal():
            self._press(int(name[1:]))
        elif command is None:
            raise CommandError(f"There is no {name}. /help lists what there is.")
        else:
            command(self, rest.strip())

    def _press(self, number: int) -> None:
        choices = list(self._shown.choices) if self._shown else []
        if self._shown is None or not 1 <= number <= len(choices):
            raise CommandError("The last message has no such button.")
        self.phone.press(self._shown, choices[number - 1])

    def _follow(self) -> None:
        while (sent := self._news.get()) is not None:
            self._shown = sent
            self.show(_as_shown(sent))
            if self.statuses:
                self._report(sent)

    def _report(self, sent: Sent) -> None:
        told = list(_STATUSES)
        if self.disorder:
            told.append(random.choice(_STATUSES))
            random.shuffle(told)
        try:
            for status in told:
                self.phone.report(sent, status)
        except DeliveryRefusedError as error:
            self.show(f"! {error}")


def _as_shown(sent: Sent) -> str:
    choices = [f"  [/{number}] {title}" for number, title in enumerate(sent.choices.values(), start=1)]
    kind = sent.message["type"]
    place = sent.message.get("location")
    lines = [f"[{kind}: {place['latitude']}, {place['longitude']}]"] if place else [sent.shown_file, sent.text]
    return "\n".join([*filter(None, lines), *choices])


def _file(phone: Phone, rest: str, *, voice: bool = False) -> None:
    name, _, caption = rest.partition(" ")
    path = Path(name).expanduser()
    try:
        content = path.read_bytes()
    except OSError as error:
        raise CommandError(f"{path} cannot be read ({error.strerror}).") from None
    mime_type = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    phone.show(File(content, "audio/ogg" if voice else mime_type), name=path.name, caption=caption, voice=voice)


def _location(phone: Phone, rest: str) -> None:
    latitude, _, longitude = rest.partition(" ")
    try:
        phone.say("location", {"latitude": float(latitude or 19.0771), "longitude": float(longitude or 72.9987)})
    except ValueError:
        raise CommandError("A place is two numbers: /location 19.0771 72.9987") from None


def _fail(simulator: Simulator, rest: str) -> None:
    what, _, times = rest.partition(" ")
    faults: dict[str, Fault] = {"timeout": "timeout", "cut": "cut", "nonsense": "nonsense"}
    fault = faults.get(what, int(what) if what.isdecimal() else None)
    if fault is None or not (times or "1").isdecimal():
        raise CommandError("What fails is one of Meta's codes, a status or timeout, cut, nonsense: /fail 131056 3")
    simulator.meta.faults.extend([fault] * int(times or "1"))


def _expire(simulator: Simulator, rest: str) -> None:
    if not simulator.meta.sent:
        raise CommandError("Nothing was sent yet.")
    simulator.phone.report(simulator.meta.sent[-1], "failed", code=int(rest) if rest.isdecimal() else 131047)


def _close(simulator: Simulator) -> None:
    simulator.meta.is_open = simulator.meta.is_felt = False
    simulator.show(
        "The shop is silent for 24 hours: what it writes next comes too late, and waits until you write again."
    )


def _react(phone: Phone, sent: Sent | None, emoji: str) -> None:
    reaction = {"message_id": sent.id if sent else "wamid.none", **({"emoji": emoji} if emoji else {})}
    phone.say("reaction", reaction)


def _forge(phone: Phone) -> None:
    try:
        phone.deliver({"entry": []}, signature=sign("not the secret", b"{}"))
    except DeliveryRefusedError as error:
        raise CommandError(f"As it should be: {error}") from None
    raise CommandError("The shop took what nobody signed. Set MUNSHI_WHATSAPP_APP_SECRET.")


def _other(simulator: Simulator) -> None:
    number = random.randrange(10**9)
    simulator.phone.owner = Owner(f"91{9_000_000_000 + number}", f"IN.{number}", "Ravi", "")


def _help(simulator: Simulator) -> None:
    simulator.show(HELP)


HELP = """Write as the customer would; or:
  /1 … /10             press a button, choose from a list
  /file PATH [CAPTION] send a photo or a document;  /voice PATH  a voice note
  /location LAT LON, /contact, /sticker, /odd       a place, a contact, a sticker, something no bot can read
  /react EMOJI         react to the last message; without EMOJI take it away
  /again               Meta brings the last message once more
  /late                the next message arrives after the one that follows it
  /fail CODE [TIMES]   the shop's next messages fail: 131047, 130429, 131056, 190, 503, timeout, cut, nonsense …
  /failed [CODE]       Meta tells afterwards that the last message did not arrive
  /close               what the shop writes next comes after 24 hours: Meta takes nothing but templates then
  /number DIGITS, /identity, /hide                  a new number, another device, no number shown
  /other               be somebody else
  /forge               bring something that is not signed
  /quit"""

_COMMANDS: dict[str, Callable[[Simulator, str], object]] = {
    "/file": lambda it, rest: _file(it.phone, rest),
    "/voice": lambda it, rest: _file(it.phone, rest, voice=True),
    "/location": lambda it, rest: _location(it.phone, rest),
    "/contact": lambda it, _rest: it.phone.say(
        "contacts", [{"name": {"formatted_name": "Meena"}, "phones": [{"phone": "+91 98200 12345"}]}]
    ),
    "/sticker": lambda it, _rest: it.phone.say("sticker", {"id": "sticker-1", "mime_type": "image/webp"}),
    "/odd": lambda it, _rest: it.phone.say("unsupported", {"type": "poll_creation"}, errors=[{"code": 131051}]),
    "/react": lambda it, rest: _react(it.phone, it._shown, rest),
    "/again": lambda it, _rest: it.phone.again(),
    "/late": lambda it, _rest: setattr(it.phone, "keep_next", True),
    "/fail": _fail,
    "/failed": _expire,
    "/close": lambda it, _rest: _close(it),
    "/number": lambda it, rest: it.phone.change_number(rest or "919000000002"),
    "/identity": lambda it, _rest: it.phone.change_identity(),
    "/hide": lambda it, _rest: setattr(it.phone, "owner", Owner("", it.phone.owner.user_id)),
    "/other": lambda it, _rest: _other(it),
    "/forge": lambda it, _rest: _forge(it.phone),
    "/help": lambda it, _rest: _help(it),
}
