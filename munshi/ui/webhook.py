"""Where Meta brings what customers write on WhatsApp: `/webhooks/whatsapp`.

A request is answered as soon as what it brought is kept; the replies are made afterwards. Meta sends again whatever was
not answered with 200, for days, so that nothing is lost where the database is down.
"""

from __future__ import annotations

import hmac
import logging
from dataclasses import dataclass

from fastapi import APIRouter, HTTPException, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import PlainTextResponse
from sqlalchemy.exc import SQLAlchemyError

from munshi.bot.app import App
from munshi.bot.receiving import Receiver, teller
from munshi.bot.settings import SettingsError
from munshi.bot.whatsapp import CHANNEL
from munshi.bot.whatsapp.json_body import read_json
from munshi.bot.whatsapp.payload import take_apart
from munshi.bot.whatsapp.signature import HEADER, is_signed
from munshi.ui.owner_only import is_loopback

PATH = "/webhooks/whatsapp"

MAX_WEBHOOK_BYTES = 3 * 1024 * 1024
"""Largest payload that Meta sends."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class MetaDoor:
    """What the webhook needs. Where `unsigned` is set, nobody asks who brings a payload: for a simulation alone."""

    receiver: Receiver
    app_secret: str
    verify_token: str
    phone_number_id: str = ""
    unsigned: bool = False

    def is_meta(self, body: bytes, signature: str | None) -> bool:
        """Whether a payload comes from Meta."""
        return self.unsigned or is_signed(self.app_secret, body, signature)

    def is_handshake(self, request: Request) -> bool:
        """Whether a request shows the word that the owner gave to Meta."""
        given = request.query_params.get("hub.verify_token", "").encode("utf-8", "replace")
        known = bool(self.verify_token) and hmac.compare_digest(self.verify_token.encode(), given)
        return known and request.query_params.get("hub.mode") == "subscribe"

    def take(self, body: bytes) -> None:
        """Keep what a payload brings. Raises HTTPException where it is none, or where it cannot be kept now."""
        try:
            payload = read_json(body)
        except ValueError:
            raise HTTPException(400, "The body is no JSON") from None
        if not isinstance(payload, dict):
            raise HTTPException(400, "The body is no object")
        try:
            self.receiver.take(take_apart(payload, phone_number_id=self.phone_number_id))
        except SQLAlchemyError as error:
            logger.error("A WhatsApp webhook could not be kept (%s); Meta will send it again", type(error).__name__)
            raise HTTPException(503, "Not now", {"Retry-After": "10"}) from None


def meta_door(app: App, *, insecure_simulator: bool = False) -> MetaDoor | None:
    """The webhook of a business that is on WhatsApp; None where it is not set up.

    Raises SettingsError where it is and no secret is set: anybody could write in a customer's name. With
    `insecure_simulator` that is allowed where nobody but this computer reaches it.
    """
    settings = app.settings
    secret, word = settings.whatsapp_app_secret.get_secret_value(), settings.whatsapp_verify_token.get_secret_value()
    if not (secret or word or settings.whatsapp_token.get_secret_value() or insecure_simulator):
        return None
    if not secret and not insecure_simulator:
        raise SettingsError(
            "MUNSHI_WHATSAPP_APP_SECRET is not set, so that anybody could write in a customer's name. Take it from the"
            " app's basic settings at Meta; to try things out without, start with --insecure-simulator."
        )
    if CHANNEL not in app.outbox.channels:
        raise SettingsError("MUNSHI_WHATSAPP_TOKEN is not set, so that nothing could be answered. Set it too.")
    if not secret and not is_loopback(settings.host):
        raise SettingsError(f"--insecure-simulator is for this computer alone, not for {settings.host}.")

    receiver = Receiver(app.store, CHANNEL, tell=teller(app.outbox))
    return MetaDoor(receiver, secret, word, settings.whatsapp_phone_number_id, unsigned=not secret)


def meta_routes(door: MetaDoor) -> APIRouter:
    """The webhook's two routes: Meta's handshake, and what it brings."""
    routes = APIRouter(max_body_size=MAX_WEBHOOK_BYTES)

    @routes.get(PATH)
    async def handshake(request: Request) -> Response:
        if not door.is_handshake(request):
            raise HTTPException(403, "Not the word that was agreed on")
        return PlainTextResponse(request.query_params.get("hub.challenge", ""))

    @routes.post(PATH)
    async def deliver(request: Request) -> Response:
        body = await request.body()
        if not door.is_meta(body, request.headers.get(HEADER)):
            raise HTTPException(403, "The signature is not Meta's")
        await run_in_threadpool(door.take, body)
        return PlainTextResponse("")

    return routes
