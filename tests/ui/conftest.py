"""The demo shop, open for tests of what people see; on words alone, since no encoder is needed to look at a window."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest

from munshi.bot.app import App, open_app
from munshi.bot.settings import Settings, load_settings
from tests.ui.browsers import chromium, context, size

__all__ = ["chromium", "context", "size"]


@pytest.fixture(scope="session")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A home of its own."""
    return load_settings(home=tmp_path_factory.mktemp("home"), business="auto-parts", encoder="none")


@pytest.fixture(scope="session")
def shop(settings: Settings) -> Iterator[App]:
    """The whole of Munshi for the demo shop."""
    with open_app(settings) as app:
        yield app


@pytest.fixture
def token() -> str:
    """What a new browser's cookie holds."""
    return uuid.uuid4().hex
