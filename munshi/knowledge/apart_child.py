"""The process that reads one file for `apart`: `python -m munshi.knowledge.apart_child PATH SOURCE`, JSON out."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from munshi.knowledge.apart import CPU_SECONDS, MAX_ANSWER, MEMORY, to_json
from munshi.knowledge.base import LoadError
from munshi.knowledge.loaders import LOADERS


def main() -> None:
    """Read the file and write the document, or how it was refused."""
    path, source = Path(sys.argv[1]), sys.argv[2]
    _limit()
    try:
        answer = to_json(LOADERS[path.suffix.lower()].read(path.read_bytes(), source))
    except LoadError as error:
        answer = json.dumps({"error": str(error)})
    except MemoryError:
        answer = json.dumps({"error": f"{source}: needs over {MEMORY >> 20} MB of memory; split it, or save it anew"})
    if len(answer) > MAX_ANSWER:
        answer = json.dumps({"error": f"{source}: holds over {MAX_ANSWER >> 20} MB of text; split it"})
    sys.stdout.write(answer)


def _limit() -> None:
    """Bounds that the system keeps. Windows has none of them: there only the clock stops a file."""
    if sys.platform == "win32":
        return
    import resource

    wanted = {resource.RLIMIT_CPU: CPU_SECONDS, resource.RLIMIT_AS: MEMORY, resource.RLIMIT_CORE: 0}
    for kind, most in wanted.items():
        hard = resource.getrlimit(kind)[1]  # whoever started Munshi may have set a tighter one, which cannot be raised
        bound = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(kind, (bound, bound))


if __name__ == "__main__":
    main()
