"""A PostgreSQL of the tests' own, which may be stopped and started again."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path
from typing import Any, Literal, Self

Mode = Literal["fast", "immediate"]

_USER = "postgres"
_UNPRIVILEGED = "nobody"
_SECONDS = "60"


class PostgresServer:
    """A new cluster on a free port of loopback, for as long as the `with` runs; its data goes with it."""

    def __init__(self, binaries: Path) -> None:
        """`binaries` is where `initdb` and `pg_ctl` are (see `binaries_of_postgres`)."""
        self._binaries = binaries
        self._temporary = tempfile.TemporaryDirectory(prefix="munshi-postgres-")
        self._folder = Path(self._temporary.name)
        self._data = self._folder / "data"
        self._as: dict[str, Any] = {}
        if os.getuid() == 0:  # PostgreSQL refuses to be run by root
            shutil.chown(self._folder, _UNPRIVILEGED)
            self._as = {"user": _UNPRIVILEGED, "extra_groups": ()}
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = int(free.getsockname()[1])

    def __enter__(self) -> Self:
        self._run("initdb", "-D", str(self._data), "-U", _USER, "-A", "trust", "-E", "UTF8", "--no-sync")
        self.start()
        return self

    def __exit__(self, *_error: object) -> None:
        if (self._data / "postmaster.pid").exists():
            self.stop("immediate")
        self._temporary.cleanup()

    @property
    def url(self) -> str:
        return f"postgresql+psycopg://{_USER}@127.0.0.1:{self.port}/postgres"

    def start(self) -> None:
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories="
        log = str(self._folder / "server.log")
        self._run("pg_ctl", "-D", str(self._data), "-l", log, "-w", "-t", _SECONDS, "-o", options, "start")

    def stop(self, mode: Mode) -> None:
        """`fast` ends every connection in order, `immediate` is as if the power failed."""
        self._run("pg_ctl", "-D", str(self._data), "-m", mode, "-w", "-t", _SECONDS, "stop")

    def _run(self, name: str, *args: str) -> None:
        with tempfile.TemporaryFile("w+") as told:  # no pipe: the server would hold it open
            command = [str(self._binaries / name), *args]
            done = subprocess.run(
                command, cwd="/", stdin=subprocess.DEVNULL, stdout=told, stderr=told, check=False, **self._as
            )
            told.seek(0)
            assert done.returncode == 0, told.read()


def binaries_of_postgres() -> Path | None:
    """Where `initdb` and `pg_ctl` are: on the path, or where Debian and `pg_config` say; None where they are not."""
    on_path = shutil.which("initdb")
    places = [Path(on_path).resolve().parent] if on_path else []
    places += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    if shutil.which("pg_config"):
        told = subprocess.run(["pg_config", "--bindir"], capture_output=True, text=True, check=False)
        places.append(Path(told.stdout.strip()))
    return next((place for place in places if (place / "initdb").exists() and (place / "pg_ctl").exists()), None)
