"""What is behind a message, fetched before it is answered: its files are kept, a voice note becomes words."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Protocol, runtime_checkable

from munshi.bot.message import Media, Message
from munshi.bot.store import Store
from munshi.bot.transcribe import Transcriber
from munshi.bot.whatsapp.media import MediaError
from munshi.handlers.attachments import MOST_BYTES, AttachmentError, keep

logger = logging.getLogger(__name__)

FAULT = "fault"
"""Where `Message.extra` names the sentence that tells why a file could not be taken."""

TOO_MANY = "too_many_messages"
"""The sentence that answers whoever writes or sends too much at once."""

_SOUNDS = frozenset({"voice", "audio"})
_FILES = frozenset({"image", "document"})


@runtime_checkable
class Fetches(Protocol):
    """A channel that holds files for us."""

    def fetch(self, media: Media, *, most: int) -> bytes:
        """The bytes of a file of at most `most` bytes. Raises MediaError."""


class Fetcher:
    """Fetches over the channels that hold files. Without a transcriber, sounds stay where they are."""

    def __init__(
        self,
        store: Store,
        channels: Mapping[str, object],
        transcriber: Transcriber | None,
        *,
        too_often: Callable[[str], bool] = lambda _session_id: False,
    ) -> None:
        """`too_often` counts a chat's files, and says where there are too many by its rate: those are not kept."""
        self._store = store
        self._channels = channels
        self._transcriber = transcriber
        self._too_often = too_often

    def __call__(self, message: Message) -> Message:
        """The message with what is behind it; whatever cannot be had is told in it."""
        channel = self._channels.get(message.channel)
        if not message.media or not isinstance(channel, Fetches):
            return message
        try:
            self._check_rate(message)
            if message.kind in _SOUNDS:
                return self._heard(message, channel)
            return self._with_files(message, channel) if message.kind in _FILES else message
        except (MediaError, AttachmentError) as error:
            return _declined(message, error)

    def keep(self, message: Message, content: bytes) -> Message:
        """The message with the file that came with it; where it is not kept, the message tells why."""
        try:
            self._check_rate(message)
            return self._kept(message, ((message.media[0].name, content),))
        except AttachmentError as error:
            return _declined(message, error)

    def _check_rate(self, message: Message) -> None:
        if self._too_often(message.session_id):
            raise AttachmentError(TOO_MANY)

    def _heard(self, message: Message, channel: Fetches) -> Message:
        if self._transcriber is None:
            return message
        sound = message.media[0]
        words = self._transcriber(channel.fetch(sound, most=MOST_BYTES), sound.mime_type)
        return replace(message, text=words)

    def _with_files(self, message: Message, channel: Fetches) -> Message:
        return self._kept(message, [(media.name, channel.fetch(media, most=MOST_BYTES)) for media in message.media])

    def _kept(self, message: Message, files: Sequence[tuple[str, bytes]]) -> Message:
        business, session_id = self._store.business, message.session_id
        with self._store.transaction() as db:
            ids = tuple(keep(db, business, session_id, content, name=name) for name, content in files)
        return replace(message, attachments=ids)


def _declined(message: Message, error: MediaError | AttachmentError) -> Message:
    logger.info("A file was not taken: %s (trace %s)", error, message.trace)
    return replace(message, extra={**message.extra, FAULT: error.key})
