"""How many tokens a language model may take in a day: kept in the database, so that a restart forgets nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date

from sqlalchemy import Engine, insert, select, update
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from munshi.bot.tables import llm_tokens
from munshi.knowledge.base import ChatModelError


class SpentError(ChatModelError):
    """The day's tokens are used up."""


class Budget:
    """The tokens of one business's day, which ends where `today` says so. Safe to use from several processes.

    A call is let through while anything is left, so the last one may go over the limit by what it takes.
    """

    def __init__(self, engine: Engine, business: str, *, limit: int, today: Callable[[], date]) -> None:
        """`limit` in tokens, at least 1."""
        self._engine = engine
        self._business = business
        self._limit = limit
        self._today = today

    def check(self, what: str) -> None:
        """Raises SpentError, naming `what`, where nothing is left of today's; ChatModelError as `spend`."""
        if self.used() >= self._limit:
            raise SpentError(
                f"{what} has used up the {self._limit} tokens of today (MUNSHI_LLM_DAILY_TOKENS) and is asked again"
                " tomorrow"
            )

    def used(self) -> int:
        """The tokens taken today."""
        query = select(llm_tokens.c.tokens).where(
            llm_tokens.c.business == self._business, llm_tokens.c.day == self._day
        )
        with _counting(), self._engine.execution_options(reading=True).begin() as db:
            return int(db.execute(query).scalar() or 0)

    def spend(self, tokens: int) -> None:
        """Count tokens that were taken. Raises ChatModelError where the database cannot be used."""
        with _counting():
            if not self._added(tokens) and not self._begun(tokens):
                self._added(tokens)  # another process began the day meanwhile

    @property
    def _day(self) -> str:
        return self._today().isoformat()

    def _begun(self, tokens: int) -> bool:
        row = {"business": self._business, "day": self._day, "tokens": tokens}
        try:
            with self._engine.begin() as db:
                db.execute(insert(llm_tokens).values(row))
        except IntegrityError:
            return False
        return True

    def _added(self, tokens: int) -> bool:
        here = (llm_tokens.c.business == self._business, llm_tokens.c.day == self._day)
        with self._engine.begin() as db:
            return db.execute(update(llm_tokens).where(*here).values(tokens=llm_tokens.c.tokens + tokens)).rowcount > 0


@contextmanager
def _counting() -> Iterator[None]:
    try:
        yield
    except SQLAlchemyError as error:
        raise ChatModelError(f"the tokens of the day cannot be counted ({type(error).__name__})") from error
