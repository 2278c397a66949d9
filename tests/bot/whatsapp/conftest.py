"""A shop on WhatsApp, with a stand-in for Meta behind it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine

from munshi.bot.channels import open_whatsapp
from munshi.bot.files_elsewhere import FilesElsewhere
from munshi.bot.settings import load_settings
from munshi.bot.store import Store
from munshi.bot.whatsapp.client import WhatsApp
from munshi.bot.wording import Phrasebook
from munshi.ui.meta_stand_in import NUMBER, TOKEN, MetaStandIn


@pytest.fixture
def meta() -> Iterator[MetaStandIn]:
    with MetaStandIn() as meta:
        yield meta


@pytest.fixture
def store(engine: Engine) -> Store:
    return Store(engine, "shop")


@pytest.fixture
def whatsapp(store: Store, meta: MetaStandIn) -> WhatsApp:
    settings = load_settings(whatsapp_token=TOKEN, whatsapp_phone_number_id=NUMBER, whatsapp_api=meta.address)
    opened = open_whatsapp(settings, store, Phrasebook(), FilesElsewhere(Phrasebook(), "counter@shop.example"))
    assert opened is not None
    return opened
