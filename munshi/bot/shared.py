"""What several workers share: wake-ups, rate limits, chats' turns, a cache; in process, or in Redis by a setting.

Redis holds the only copy of nothing: without it workers poll, count alone and compute again.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from munshi.bot.bell import Bell, LocalBell
from munshi.bot.cache import Cache
from munshi.bot.keyed_locks import KeyedLocks
from munshi.bot.rates import LocalRates, Rates
from munshi.bot.settings import Settings, SettingsError

if TYPE_CHECKING:
    from munshi.bot.redis_link import RedisLink


@dataclass(frozen=True, slots=True)
class Shared:
    """What the workers of one business share; `cache` is None where each remembers for itself."""

    bell: Bell
    rates: Rates
    cache: Cache | None = None
    turns: KeyedLocks = field(default_factory=KeyedLocks)


@contextmanager
def open_shared(settings: Settings, business: str) -> Iterator[Shared]:
    """What `settings` say is shared. Raises SettingsError on an address that is none of Redis."""
    url = settings.redis_url.get_secret_value()
    if not url:
        yield Shared(LocalBell(), LocalRates())
        return
    from munshi.bot.rates import RedisRates
    from munshi.bot.redis_bell import RedisBell
    from munshi.bot.redis_locks import RedisLocks

    link = _link(url, business)
    bell = RedisBell(link)
    try:
        yield Shared(bell, RedisRates(link), Cache(link), RedisLocks(link))
    finally:
        bell.close()
        link.close()


def forget_shared(settings: Settings, business: str) -> bool:
    """Forget what Redis holds of a business; False where Redis does not answer (all of it is gone within a day)."""
    url = settings.redis_url.get_secret_value()
    if not url:
        return True
    link = _link(url, business)
    try:
        return link.clear()
    finally:
        link.close()


def _link(url: str, business: str) -> RedisLink:
    from munshi.bot.redis_link import RedisLink

    try:
        return RedisLink(url, business)
    except ValueError as error:
        raise SettingsError(f"MUNSHI_REDIS_URL: {error}. Write redis://HOST:6379/0, say.") from None
