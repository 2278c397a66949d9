"""Where Twilio brings what customers write: `/webhooks/twilio`. Replies are made afterwards, as with Meta's."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from urllib.parse import parse_qsl

from fastapi import APIRouter, HTTPException, Request, Response
from fastapi.concurrency import run_in_threadpool
from sqlalchemy.exc import SQLAlchemyError

from munshi.bot.app import App
from munshi.bot.receiving import Receiver, teller
from munshi.bot.settings import SettingsError
from munshi.bot.twilio import CHANNEL
from munshi.bot.twilio.form import read_form
from munshi.bot.twilio.signature import HEADER, is_signed
from munshi.bot.twilio.twiml import MEDIA_TYPE, twiml

PATH = "/webhooks/twilio"
MAX_FORM_BYTES = 64 * 1024

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class TwilioDoor:
    """What the webhook needs: its address as Twilio knows it, and what is said where nothing can be kept."""

    receiver: Receiver
    token: str
    url: str
    sorry: str

    def take(self, request: Request, body: bytes) -> Response:
        """Keep what a request brings. Raises HTTPException where it is not Twilio's."""
        fields = parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=1000)
        query = f"?{request.url.query}" if request.url.query else ""
        if not is_signed(self.token, self.url + query, fields, request.headers.get(HEADER)):
            raise HTTPException(403, "The signature is not Twilio's")
        try:
            self.receiver.take(read_form(dict(fields), ref=request.query_params.get("ref", "")[:200]))
        except SQLAlchemyError as error:
            # Twilio brings nothing twice: the customer has to know.
            logger.error("A Twilio webhook could not be kept (%s)", type(error).__name__)
            return Response(twiml([self.sorry]), media_type=MEDIA_TYPE)
        return Response(twiml(), media_type=MEDIA_TYPE)


def twilio_door(app: App) -> TwilioDoor | None:
    """The webhook of a business that is on Twilio; None where it is not set up. Raises SettingsError."""
    if CHANNEL not in app.outbox.channels:
        return None
    url = app.settings.twilio_url
    if not url.endswith(PATH):
        raise SettingsError(f"MUNSHI_TWILIO_URL must be the webhook's address as Twilio knows it, and end in {PATH}.")
    receiver = Receiver(app.store, CHANNEL, tell=teller(app.outbox))
    sorry = app.phrases("not_kept", app.business.profile.languages[0])
    return TwilioDoor(receiver, app.settings.twilio_auth_token.get_secret_value(), url, sorry)


def twilio_routes(door: TwilioDoor) -> APIRouter:
    """The webhook's route."""
    routes = APIRouter(max_body_size=MAX_FORM_BYTES)

    @routes.post(PATH)
    async def deliver(request: Request) -> Response:
        body = await request.body()
        try:
            return await run_in_threadpool(door.take, request, body)
        except ValueError:
            raise HTTPException(400, "The body is no form") from None

    return routes
