"""Voice notes in words, by whatever speaks OpenAI's transcription API: whisper.cpp's server, faster-whisper, vLLM."""

from __future__ import annotations

import logging
from urllib.parse import urlsplit

import httpx

from munshi.bot.settings import Settings, SettingsError

logger = logging.getLogger(__name__)

TIMEOUT = httpx.Timeout(30.0, connect=3.0)
MOST_CHARS = 2000

_LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})


class Transcriber:
    """Asks one server. `http` knows its address, up to `/v1`."""

    def __init__(self, http: httpx.Client, model: str) -> None:
        self._http = http
        self._model = model

    def __call__(self, content: bytes, mime_type: str) -> str:
        """The words of a sound; empty where none were made out, or the server failed."""
        kind = mime_type.partition(";")[0].strip() or "audio/ogg"
        files = {"file": (f"voice.{kind.rpartition('/')[2]}", content, kind)}
        try:
            answer = self._http.post("audio/transcriptions", data={"model": self._model}, files=files)
            text = answer.raise_for_status().json()["text"]
        except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
            logger.warning("A voice note could not be transcribed (%s)", type(error).__name__)
            return ""
        return text.strip()[:MOST_CHARS] if isinstance(text, str) else ""


def open_transcriber(settings: Settings) -> Transcriber | None:
    """What MUNSHI_TRANSCRIBE_URL names; None where it names nothing. Raises SettingsError."""
    if not settings.transcribe_url:
        return None
    address = urlsplit(settings.transcribe_url)
    if address.scheme not in ("http", "https") or not address.hostname:
        raise SettingsError("MUNSHI_TRANSCRIBE_URL is no address like http://127.0.0.1:8000/v1. Correct it.")
    key = settings.transcribe_key.get_secret_value()
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    return Transcriber(
        httpx.Client(base_url=settings.transcribe_url, headers=headers, timeout=TIMEOUT), settings.transcribe_model
    )
