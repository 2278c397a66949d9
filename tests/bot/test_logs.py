from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from munshi.bot.logs import start_logging


@pytest.fixture(autouse=True)
def root() -> Iterator[None]:
    kept, level = logging.root.handlers[:], logging.root.level
    yield
    logging.root.handlers[:] = kept
    logging.root.setLevel(level)


def test_what_is_private_never_reaches_the_log(capsys: pytest.CaptureFixture[str]) -> None:
    start_logging("info")
    logging.getLogger("munshi.test").info("card %s of %s", "4111 1111 1111 1111", "meena@example.com")
    try:
        raise ValueError("aadhaar 2341 2341 2346 was given")
    except ValueError:
        logging.getLogger("another.library").exception("it failed")
    logged = capsys.readouterr().err
    assert "it failed" in logged
    assert not any(private in logged for private in ("4111 1111", "meena@", "2341 2341 2346"))


def test_the_level_is_kept(capsys: pytest.CaptureFixture[str]) -> None:
    start_logging("error")
    logging.getLogger("munshi.test").warning("nothing to see")
    assert capsys.readouterr().err == ""
