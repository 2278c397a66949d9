"""What tests of several rooms share."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError

from munshi.bot.database import open_engine
from tests.servers.language_model import LanguageModelServer

# How long an example takes says more of the machine than of the code.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

POSTGRES = "postgresql+psycopg://postgres@127.0.0.1:5432/postgres"
REQUIRED = "MUNSHI_REQUIRE_SERVICES"
"""Set to 1 where a missing service is a failure: in CI, say."""


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """The public data sets: MUNSHI_DATA, else ../shared/data beside the repository."""
    folder = Path(os.environ.get("MUNSHI_DATA") or Path(__file__).parents[1] / "../shared/data").resolve()
    if not folder.is_dir():
        pytest.skip("no data sets: set MUNSHI_DATA to their folder")
    return folder


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A MUNSHI_HOME for the whole run, shared by its processes: the encoder is built in it once."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base) / "munshi-home"
    folder.mkdir(exist_ok=True)
    return folder


@pytest.fixture(scope="session")
def postgres() -> Iterator[Engine]:
    """A new database on the server at MUNSHI_TEST_POSTGRES, else on this machine, gone after the tests."""
    url = make_url(os.environ.get("MUNSHI_TEST_POSTGRES", POSTGRES))
    try:
        server = create_engine(url, isolation_level="AUTOCOMMIT", connect_args={"connect_timeout": 3})
        server.connect().close()
    except (ImportError, SQLAlchemyError) as error:
        if os.environ.get(REQUIRED) == "1":
            raise
        pytest.skip(f"no PostgreSQL at {url.render_as_string()}: {type(error).__name__}")
    name = f"munshi_test_{uuid.uuid4().hex}"
    with server.connect() as db:
        db.execute(text(f"CREATE DATABASE {name}"))
    database = create_engine(url.set(database=name), isolation_level="AUTOCOMMIT")
    yield database
    database.dispose()
    with server.connect() as db:
        db.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    server.dispose()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.services)])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """An empty database of each kind, opened as the product opens it."""
    if request.param == "sqlite":
        engine = open_engine("", home=tmp_path)
        yield engine
        engine.dispose()
        return
    database: Engine = request.getfixturevalue("postgres")
    schema = f"test_{uuid.uuid4().hex}"
    with database.connect() as db:
        db.execute(text(f"CREATE SCHEMA {schema}"))
    url = database.url.update_query_dict({"options": f"-csearch_path={schema}"})
    engine = open_engine(url.render_as_string(hide_password=False), home=tmp_path)
    yield engine
    engine.dispose()


@pytest.fixture
def language_model_server() -> Iterator[LanguageModelServer]:
    """A language model on loopback, in Ollama's and OpenAI's words, that can be told to misbehave."""
    with LanguageModelServer() as server:
        yield server
