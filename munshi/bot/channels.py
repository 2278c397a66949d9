"""Which channels replies are sent over, by the settings."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

import httpx

from munshi.bot.channel import Channel
from munshi.bot.settings import Settings, SettingsError
from munshi.bot.store import Store
from munshi.bot.whatsapp.client import TIMEOUT, WhatsApp
from munshi.handlers.base import Phrases

_LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})


def open_channels(settings: Settings, store: Store, phrases: Phrases) -> Mapping[str, Channel]:
    """Each channel that is set up, by its name; opening one makes no call. Raises SettingsError."""
    channels = (open_whatsapp(settings, store, phrases),)
    return {channel.name: channel for channel in channels if channel is not None}


def open_whatsapp(settings: Settings, store: Store, phrases: Phrases) -> WhatsApp | None:
    """WhatsApp through the Cloud API; None where no token is set. Raises SettingsError."""
    token, number = settings.whatsapp_token.get_secret_value(), settings.whatsapp_phone_number_id
    if not token:
        return None
    if not number:
        raise SettingsError("MUNSHI_WHATSAPP_TOKEN is set, MUNSHI_WHATSAPP_PHONE_NUMBER_ID is not. Set it too.")
    return WhatsApp(meta_client(settings), number, store, phrases)


def meta_client(settings: Settings) -> httpx.Client:
    """A client that knows the Cloud API's address and bears the token. Raises SettingsError."""
    address = urlsplit(settings.whatsapp_api)
    if address.scheme != "https" and address.hostname not in _LOCAL:
        raise SettingsError("MUNSHI_WHATSAPP_API must begin with https:// (http:// only on this computer).")
    bearer = {"Authorization": f"Bearer {settings.whatsapp_token.get_secret_value()}"}
    return httpx.Client(base_url=settings.whatsapp_api, headers=bearer, timeout=TIMEOUT)
