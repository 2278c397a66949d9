from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import pathlib
from munshi.ui.gradio_start import skip_stubs
skip_stubs()
skip_stubs()
written = []
write = pathlib.Path.write_text
pathlib.Path.write_text = lambda self, *rest, **more: written.append(self) or write(self, *rest, **more)
import gradio
assert gradio.Textbox and gradio.Chatbot
print(len(written))
"""


def test_gradio_is_whole_and_writes_nothing_at_its_start() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "0"
