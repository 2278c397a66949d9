"""The ways a one-time code goes to a customer, as MUNSHI_CODES says: this terminal, a mail server, an SMS gateway."""

from __future__ import annotations

import logging
import smtplib
import ssl
import sys
from collections.abc import Callable
from dataclasses import dataclass
from email.message import EmailMessage
from threading import Thread
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from munshi.bot.settings import SettingsError
from munshi.handlers.otp import LIFETIME, CodePort, Recipient

logger = logging.getLogger(__name__)

TIMEOUT = 20.0
"""Seconds that a mail server or a gateway may take."""

_LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})
_MINUTES = int(LIFETIME.total_seconds() // 60)

Carry = Callable[[Recipient, str], None]
"""Brings a text to somebody; raises OSError where it cannot."""


@dataclass(frozen=True, slots=True)
class Console:
    """Writes codes to the terminal that Munshi runs in. `shown` lets the chat show them too: for a demonstration."""

    shown: bool = False

    def send(self, to: Recipient, code: str) -> None:
        """Write it, past the log, which would mask it; where the chat shows it, that is enough."""
        if not self.shown:
            sys.stderr.write(f"One-time code for {_masked(to)}: {code} (for {_MINUTES} minutes)\n")


@dataclass(frozen=True, slots=True)
class Carried:
    """Sends codes by a service, in a thread: nobody can tell by the time it takes whether a number is a customer's."""

    carry: Carry
    shown: bool = False

    def send(self, to: Recipient, code: str) -> None:
        """Begin to send it; a fault goes to the log, and the customer, who gets nothing, may ask again."""
        Thread(target=self._carry, args=(to, _text(to, code)), name="one-time-code").start()

    def _carry(self, to: Recipient, text: str) -> None:
        try:
            self.carry(to, text)
        except OSError as error:
            logger.error("A one-time code was not sent to %s: %s", _masked(to), error)


def open_code_port(setting: str, *, demo: bool) -> CodePort:
    """The port that MUNSHI_CODES names; `demo` lets the console's codes be shown in the chat.

    Raises SettingsError where it names none.
    """
    if setting == "console":
        return Console(shown=demo)
    address = _split(setting)
    if address is not None and address.scheme in ("smtp", "smtps"):
        return Carried(_mailer(address))
    if address is not None and (address.scheme == "https" or (address.scheme == "http" and address.hostname in _LOCAL)):
        return Carried(_gateway(address))
    raise SettingsError(
        "MUNSHI_CODES is none of console, smtp://USER:PASSWORD@HOST:PORT/?from=ADDRESS (or smtps://…) and https://… "
        "(http:// only on this computer). Correct it."
    )


def _split(setting: str) -> SplitResult | None:
    try:
        address = urlsplit(setting)
        return address if address.hostname and address.port != 0 else None
    except ValueError:
        return None


def _mailer(address: SplitResult) -> Carry:
    """By e-mail; encrypted, but to a mail server on this computer that offers no encryption."""
    sender = parse_qs(address.query).get("from", [unquote(address.username or "")])[0]
    if "@" not in sender or not sender.isprintable():
        raise SettingsError("MUNSHI_CODES names no sender. Add ?from=ADDRESS at its end.")

    def carry(to: Recipient, text: str) -> None:
        if not to.email:
            raise OSError("this customer has no e-mail address")
        mail = EmailMessage()
        mail["From"], mail["To"], mail["Subject"] = sender, to.email, f"{to.name}: your one-time code"
        mail.set_content(text)
        _post(address, mail)

    return carry


def _post(address: SplitResult, mail: EmailMessage) -> None:
    host, context = address.hostname or "", ssl.create_default_context()
    if address.scheme == "smtps":
        server: smtplib.SMTP = smtplib.SMTP_SSL(host, address.port or 465, timeout=TIMEOUT, context=context)
    else:
        server = smtplib.SMTP(host, address.port or 587, timeout=TIMEOUT)
    with server:
        server.ehlo()
        if address.scheme == "smtp" and (host not in _LOCAL or server.has_extn("starttls")):
            server.starttls(context=context)
        if address.username and address.password:
            server.login(unquote(address.username), unquote(address.password))
        server.send_message(mail)


def _gateway(address: SplitResult) -> Carry:
    """By a POST of {"to", "text"} as JSON, with user and password of the address as basic authentication."""
    import httpx

    auth = (unquote(address.username), unquote(address.password or "")) if address.username else None
    url = address._replace(netloc=address.netloc.rpartition("@")[2]).geturl()

    def carry(to: Recipient, text: str) -> None:
        try:
            answer = httpx.post(url, json={"to": to.phone, "text": text}, auth=auth, timeout=TIMEOUT)
        except httpx.HTTPError as error:
            raise OSError(f"{type(error).__name__} from {address.hostname}") from error
        if not answer.is_success:
            raise OSError(f"{address.hostname} answered {answer.status_code}")

    return carry


def _text(to: Recipient, code: str) -> str:
    return f"{code} is your code for the chat with {to.name}. It holds for {_MINUTES} minutes. Give it to nobody else."


def _masked(to: Recipient) -> str:
    return f"the phone ending in {to.phone[-3:]}"
