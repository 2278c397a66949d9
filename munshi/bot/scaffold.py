"""What `munshi init` does: a folder to start a business's own pack from."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from munshi.bot.pack.faults import BusinessError

TEMPLATE = Path(__file__).parent / "businesses" / "_template"

_NAME_LINE = "name: My Shop\n"
_MAX_NAME_CHARS = 120


def create_pack(destination: Path, *, name: str | None = None, template: Path = TEMPLATE) -> Path:
    """Copy the commented template to `destination`, a new or empty folder, and return its full path.

    `name` is the business's; without one it is made of the folder's name. Nothing is ever overwritten. Raises
    BusinessError where the folder is not empty or cannot be written, or the name is none.
    """
    folder = destination.expanduser().resolve()
    title = _title(folder.name.replace("-", " ").replace("_", " ").capitalize() if name is None else name)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise BusinessError(f"The folder {destination} is not empty; name a new one, or empty it first.")
        # The contents alone: an installed template may be read-only, and its copy is there to be edited.
        shutil.copytree(template, folder, dirs_exist_ok=True, copy_function=shutil.copyfile)
        profile = folder / "business.yaml"
        text = profile.read_text(encoding="utf-8")
        profile.write_text(text.replace(_NAME_LINE, f"name: {title}\n", 1), encoding="utf-8")
    except OSError as error:
        raise BusinessError(f"{destination} cannot be made ({error.strerror}); name another folder.") from error
    return folder


def _title(name: str) -> str:
    """The name as YAML writes it, whatever is in it. JSON's quotes are YAML's too."""
    words = " ".join(name.split())
    if not words or len(words) > _MAX_NAME_CHARS or not words.isprintable():
        raise BusinessError(f"The name must have 1 to {_MAX_NAME_CHARS} plain characters; give it with --name.")
    return json.dumps(words, ensure_ascii=False)
