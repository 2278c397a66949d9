"""A running process forgets what customers wrote: its caches are emptied."""

from __future__ import annotations

import gc
from functools import _lru_cache_wrapper

from munshi.knowledge.search_cache import LruCache


def empty_caches() -> int:
    """Empty every cache in this process that may hold a message, wherever it stands; returns how many there were.

    All of them are found, not listed: a list would miss the next one. What was in them can be made again. A cache
    without a limit holds nothing of customers, it would grow with every message: lexicons and the like, which stay.
    """
    emptied = 0
    for held in gc.get_objects():
        # By its type, not `isinstance`: that asks the object, and some load a library when they are asked.
        if type(held) is LruCache:
            held.clear()
        elif type(held) is _lru_cache_wrapper and held.cache_parameters()["maxsize"] is not None:
            held.cache_clear()
        else:
            continue
        emptied += 1
    return emptied
