"""What a server was asked for and will not have: it is left out, and not asked for again."""

from __future__ import annotations

import threading
from dataclasses import replace

from munshi.bot.llm_faults import Fault
from munshi.bot.llm_server import Ask, Server


class Wishes:
    """The wishes that a server has turned down so far. Thread-safe."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._lock = threading.Lock()
        self._refused: frozenset[str] = frozenset()
        self._granted: frozenset[str] = frozenset()

    def first(self, ask: Ask) -> Ask:
        """The same without what was turned down before."""
        return replace(ask, without=self._refused)

    def easier(self, ask: Ask, fault: Fault) -> Ask | None:
        """The same with one wish less: the one that the fault names, else the first that was never granted.

        None where no wish is to blame: the fault names none and is no refusal, or there is nothing left to leave out.
        """
        told = fault.said.casefold()
        left = [wish for wish in self._server.wishes if self._matters(wish, ask)]
        for wish in left:
            if any(word in told for word in self._server.wishes[wish]):
                return replace(ask, without=ask.without | {wish})
        for wish in left:
            if fault.refused and wish not in self._granted:
                return replace(ask, without=ask.without | {wish}, guesses=(*ask.guesses, wish))
        return None

    def settle(self, ask: Ask) -> None:
        """Remember what an answer came without, of the guesses the last alone: the ones before it did not help.

        What was once granted is asked for again, since only this request lost it.
        """
        with self._lock:
            self._refused |= ask.without - set(ask.guesses[:-1]) - self._granted
            self._granted |= {wish for wish in self._server.wishes if self._matters(wish, ask)}

    def _matters(self, wish: str, ask: Ask) -> bool:
        return self._server.body(replace(ask, without=ask.without | {wish})) != self._server.body(ask)
