"""`python -m benchmarks` prints the README's figures again, but for those that take hours.

`python -m benchmarks.NAME --help` tells of one.
"""

from __future__ import annotations

import subprocess
import sys

SCRIPTS = (
    "turn", "intents", "high_risk", "retrieval", "search_speed", "abstention", "number_lock", "support", "injection",
    "audit", "encoder",
)  # fmt: skip
CONVERSATIONS = ("auto-parts", "dummy-bank")


def main() -> None:
    failed = []
    for name in SCRIPTS:
        print(f"\n=== {name}", flush=True)
        if subprocess.run([sys.executable, "-m", f"benchmarks.{name}"], check=False).returncode != 0:
            failed.append(name)
    for business in CONVERSATIONS:
        print(f"\n=== conversations of {business}", flush=True)
        subprocess.run([sys.executable, "-m", "munshi", "evaluate", "conversations", "-b", business], check=False)
    if failed:
        raise SystemExit(f"not completed: {', '.join(failed)}")


if __name__ == "__main__":
    main()
