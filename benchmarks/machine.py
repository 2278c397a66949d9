"""What a figure was measured on: printed first by every benchmark."""

from __future__ import annotations

import os
import platform
import subprocess
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path


def describe(libraries: Iterable[str]) -> str:
    """Processor, cores, memory, Python and the versions of `libraries` (a library that is absent is said to be)."""
    versions = ", ".join(f"{library} {_version(library)}" for library in libraries)
    return "\n".join(
        (
            f"machine   {_processor()}, {os.cpu_count()} cores, {_memory_gib()} GiB, {platform.system()}",
            f"python    {platform.python_version()}",
            f"libraries {versions}",
        )
    )


def memory_mib() -> float | None:
    """Resident memory of this process in MiB; None where the system does not tell (only Linux does)."""
    status = Path("/proc/self/status")
    if not status.exists():
        return None
    line = next(line for line in status.read_text().splitlines() if line.startswith("VmRSS:"))
    return int(line.split()[1]) / 1024


def data_folder() -> Path:
    """Where the public data sets lie: MUNSHI_DATA, else ../shared/data beside the repository."""
    default = Path(__file__).resolve().parents[1].parent / "shared" / "data"
    return Path(os.environ.get("MUNSHI_DATA", default))


def _version(library: str) -> str:
    try:
        return metadata.version(library)
    except metadata.PackageNotFoundError:
        return "absent"


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    if platform.system() == "Darwin":
        command = ["sysctl", "-n", "machdep.cpu.brand_string"]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    return platform.processor() or platform.machine()


def _memory_gib() -> str:
    if not hasattr(os, "sysconf") or "SC_PHYS_PAGES" not in os.sysconf_names:
        return "unknown"
    return f"{os.sysconf('SC_PHYS_PAGES') * os.sysconf('SC_PAGE_SIZE') / 2**30:.0f}"
