"""Many requests, few commits: what webhooks bring at the same moment is kept in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Generic, Protocol, TypeVar

from sqlalchemy.exc import InterfaceError, OperationalError

from munshi.bot.message import bounded


class Named(Protocol):
    """A message in any shape: its id is the channel's own."""

    @property
    def id(self) -> str:
        """Of two with one id, one is the other brought again."""


T = TypeVar("T", bound=Named)


@dataclass(slots=True)
class _Waiting(Generic[T]):
    """What one request brought, and what came of it."""

    messages: Sequence[T]
    fresh: Sequence[str] | None = None
    error: Exception | None = None


class Intake(Generic[T]):
    """Keeps messages for many threads at once.

    Whoever comes while another commits waits for that commit, and then one of those that wait commits for them all: a
    rush costs as many transactions as the disk bears, not as many as there are requests.
    """

    def __init__(self, accept: Callable[[Sequence[T]], Sequence[str]]) -> None:
        """`accept` commits messages, all or none, and returns the ids that were not there before."""
        self._accept = accept
        self._waiting: list[_Waiting[T]] = []
        self._adding = Lock()
        self._committing = Lock()

    def accept(self, messages: Sequence[T]) -> Sequence[str]:
        """Commit messages, all or none, in the order given; returns the ids that were not there before.

        Raises what the commit raised. What came from another request, and cannot be kept, does no harm to these.
        """
        mine = _Waiting(messages)
        with self._adding:
            self._waiting.append(mine)
        with self._committing:
            if mine.fresh is None and mine.error is None:
                self._commit(self._take())
        if mine.error is not None:
            raise mine.error
        return mine.fresh or ()

    def _take(self) -> list[_Waiting[T]]:
        with self._adding:
            taken, self._waiting = self._waiting, []
        return taken

    def _commit(self, taken: Sequence[_Waiting[T]]) -> None:
        try:
            fresh = set(self._accept([message for one in taken for message in one.messages]))
        except Exception as error:  # noqa: BLE001 - each of those that wait raises its own
            self._one_by_one(taken, error)
            return
        for one in taken:  # of two that bring the same message, the first brought it
            one.fresh = [id for id in dict.fromkeys(bounded(message.id) for message in one.messages) if id in fresh]
            fresh.difference_update(one.fresh)

    def _one_by_one(self, taken: Sequence[_Waiting[T]], error: Exception) -> None:
        """After a failed commit: where the database is away, for all; else each alone, since one was at fault."""
        if len(taken) == 1 or isinstance(error, OperationalError | InterfaceError):
            for one in taken:
                one.error = error
            return
        for one in taken:
            self._commit([one])
