"""A shop and a bank that are killed again and again lose nothing and do nothing twice."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

ROOT = Path(__file__).parents[2]
KILLS = {"sqlite": 200, "postgresql": 100}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
@pytest.mark.parametrize("kind", ["sqlite", pytest.param("postgresql", marks=pytest.mark.services)])
def test_kills_cost_no_message_and_double_no_effect(kind: str, request: pytest.FixtureRequest) -> None:
    database = []
    if kind == "postgresql":
        postgres: Engine = request.getfixturevalue("postgres")
        with postgres.connect() as db:
            db.execute(text("CREATE SCHEMA IF NOT EXISTS killed"))
        url = postgres.url.update_query_dict({"options": "-csearch_path=killed"})
        database = ["--database", url.render_as_string(hide_password=False)]
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.kills", "--kills", str(KILLS[kind]), "--seed", "3", *database],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
