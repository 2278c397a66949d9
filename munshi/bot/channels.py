"""Which channels replies are sent over, by the settings."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

import httpx

from munshi.bot.channel import Channel
from munshi.bot.files_elsewhere import FilesElsewhere
from munshi.bot.settings import Settings, SettingsError
from munshi.bot.store import Store
from munshi.bot.template import Template
from munshi.bot.twilio.client import TIMEOUT as TWILIO_TIMEOUT
from munshi.bot.twilio.client import Twilio
from munshi.bot.whatsapp.client import TIMEOUT, WhatsApp
from munshi.handlers.base import Phrases

_LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})


def open_channels(
    settings: Settings, store: Store, phrases: Phrases, *, email: str = "", template: Template | None = None
) -> Mapping[str, Channel]:
    """Each channel that is set up, by its name; opening one makes no call. `email` is the business's.

    Raises SettingsError.
    """
    elsewhere = FilesElsewhere(phrases, email)
    whatsapp = open_whatsapp(settings, store, phrases, elsewhere, template)
    channels = (whatsapp, open_twilio(settings, store, elsewhere, template))
    return {channel.name: channel for channel in channels if channel is not None}


def open_whatsapp(
    settings: Settings, store: Store, phrases: Phrases, elsewhere: FilesElsewhere, template: Template | None = None
) -> WhatsApp | None:
    """WhatsApp through the Cloud API; None where no token is set. Raises SettingsError."""
    token, number = settings.whatsapp_token.get_secret_value(), settings.whatsapp_phone_number_id
    if not token:
        return None
    if not number:
        raise SettingsError("MUNSHI_WHATSAPP_TOKEN is set, MUNSHI_WHATSAPP_PHONE_NUMBER_ID is not. Set it too.")
    return WhatsApp(meta_client(settings), number, store, phrases, elsewhere, template)


def open_twilio(
    settings: Settings, store: Store, elsewhere: FilesElsewhere, template: Template | None = None
) -> Twilio | None:
    """Twilio; None where no account is set. Raises SettingsError."""
    account, token = settings.twilio_account_sid, settings.twilio_auth_token.get_secret_value()
    if not account:
        return None
    if not (token and settings.twilio_from and settings.twilio_url):
        raise SettingsError(
            "MUNSHI_TWILIO_ACCOUNT_SID is set; MUNSHI_TWILIO_AUTH_TOKEN, MUNSHI_TWILIO_FROM and MUNSHI_TWILIO_URL are"
            " needed too."
        )
    _check_safe("MUNSHI_TWILIO_API", settings.twilio_api)
    api = f"{settings.twilio_api.rstrip('/')}/2010-04-01/Accounts/{account}"
    http = httpx.Client(base_url=api, auth=(account, token), timeout=TWILIO_TIMEOUT)
    return Twilio(http, store, elsewhere, sender=settings.twilio_from, callback=settings.twilio_url, template=template)


def meta_client(settings: Settings) -> httpx.Client:
    """A client that knows the Cloud API's address and bears the token. Raises SettingsError."""
    _check_safe("MUNSHI_WHATSAPP_API", settings.whatsapp_api)
    bearer = {"Authorization": f"Bearer {settings.whatsapp_token.get_secret_value()}"}
    return httpx.Client(base_url=settings.whatsapp_api, headers=bearer, timeout=TIMEOUT)


def _check_safe(name: str, url: str) -> None:
    address = urlsplit(url)
    if address.scheme != "https" and address.hostname not in _LOCAL:
        raise SettingsError(f"{name} must begin with https:// (http:// only on this computer).")
