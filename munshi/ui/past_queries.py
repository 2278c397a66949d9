"""What was searched for lately, by browser session; kept in memory alone, and forgotten with the server."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping

from starlette.requests import HTTPConnection
from starlette.responses import Response

from munshi.knowledge.search_cache import LruCache

COOKIE = "munshi_papers"
MOST = 12
"""Queries that are kept of one session."""

_SESSIONS = 64
_TOKEN = re.compile(r"[0-9a-f]{32}")


class PastQueries:
    """The latest queries of each session, newest first, each once. Safe for several threads."""

    def __init__(self) -> None:
        self._held: LruCache[tuple[str, ...]] = LruCache(_SESSIONS)

    def of(self, session: str | None) -> tuple[str, ...]:
        """Those of one session; none without one."""
        return (self._held.get(session) if session else None) or ()

    def add(self, session: str | None, query: str) -> None:
        """One more was asked; without a session it is not kept."""
        if session and query:
            others = [past for past in self.of(session) if past != query]
            self._held.put(session, (query, *others)[:MOST])


def session_of(cookies: Mapping[str, str]) -> str | None:
    """The session that a browser's cookie names; None without one that this server could have given."""
    token = cookies.get(COOKIE, "")
    return token if _TOKEN.fullmatch(token) else None


def greet_owner(connection: HTTPConnection, response: Response) -> None:
    """Give a browser without a session one that ends with the browser's own."""
    if session_of(connection.cookies) is None:
        secure = connection.url.scheme == "https"
        response.set_cookie(
            COOKIE, secrets.token_hex(16), path="/papers", httponly=True, samesite="strict", secure=secure
        )
