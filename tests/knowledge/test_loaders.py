"""Files of every format, good and bad: nothing lost, and each fault named with its remedy."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from munshi.knowledge.base import LoadError
from munshi.knowledge.loaders import LOADERS, load
from tests.knowledge.papers import Write, attempt, shape, told


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("name", ["a.md", "a.txt", "a.csv"])
def test_unicode_in_its_usual_encodings(write: Write, name: str, encoding: str) -> None:
    content = "question,answer\nवापसी?,सात दिन में ₹५०।\n" if name == "a.csv" else "सात दिन में ₹५०।\n"

    assert load(write(name, content.encode(encoding))).blocks[0].text == "सात दिन में ₹५०।"


@pytest.mark.parametrize("name", ["a.md", "a.txt", "a.csv"])
@pytest.mark.parametrize("content", ["दुकान खुली".encode("utf-16-le"), b"\xff\xfea", b"ok\x00ok", bytes(range(256))])
def test_a_wrong_encoding_is_named_with_its_remedy(write: Write, name: str, content: bytes) -> None:
    with pytest.raises(LoadError, match="UTF-8") as caught:
        load(write(name, content))

    assert name in str(caught.value)


@pytest.mark.parametrize("name", ["a.md", "a.txt"])
@pytest.mark.parametrize("content", ["", "  \n\t\n", "\ufeff", "# HEADING\n", "\n\n# HEADING OF NOTHING"])
def test_a_file_without_text_is_named(write: Write, name: str, content: str) -> None:
    with pytest.raises(LoadError, match=rf"{name}.*no text"):
        load(write(name, content))


@pytest.mark.parametrize("name", ["a.md", "a.txt"])
@pytest.mark.parametrize("text", ["שלום עולם السعر.", "👍🏽 नमस्ते 🙏.", "ze\u200bro wi\u200ddth \u202etext."])
def test_odd_scripts_come_through_as_written(write: Write, name: str, text: str) -> None:
    assert shape(load(write(name, text))) == [("paragraph", text)]


@pytest.mark.parametrize("name", ["a.md", "a.txt"])
def test_a_huge_single_line(write: Write, name: str) -> None:
    text = "battery charge " * 10_000

    assert load(write(name, text)).blocks[0].text == text.strip()


@pytest.mark.parametrize("name", ["film.mp4", "noend", ".pdf"])
def test_an_unknown_format_names_the_known_ones(write: Write, name: str) -> None:
    with pytest.raises(LoadError, match=r"\.md.*\.pdf.*\.docx") as caught:
        load(write(name, "text"))

    assert name in str(caught.value)


@pytest.mark.parametrize(
    ("name", "kin"), [("old.doc", ".docx"), ("OLD.XLS", ".xlsx"), ("a.odt", ".docx"), ("a.xlsm", ".xlsx")]
)
def test_an_older_format_names_its_successor(write: Write, name: str, kin: str) -> None:
    with pytest.raises(LoadError, match=rf"{name}.*save it as \{kin}"):
        load(write(name, b"\xd0\xcf\x11\xe0"))


def test_a_suffix_in_capitals_is_known(write: Write) -> None:
    assert load(write("README.MD", "Text.")).blocks[0].text == "Text."


def test_a_file_that_cannot_be_opened_is_named(tmp_path: Path) -> None:
    (tmp_path / "folder.md").mkdir()
    for name in ("missing.md", "folder.md"):
        with pytest.raises(LoadError, match=rf"{name}.*opened"):
            load(tmp_path / name)


def test_a_file_over_the_limit_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "big.txt"
    with path.open("wb") as stream:
        stream.truncate(65 * 1024 * 1024)
    with pytest.raises(LoadError, match=r"big\.txt.*split"):
        load(path)


def test_a_source_of_its_own_names_the_document(write: Write) -> None:
    path = write("a.md", "Text.")

    assert load(path, source="policies/a.md").source == "policies/a.md"
    path.write_bytes(b"")
    with pytest.raises(LoadError, match=r"policies/a\.md"):
        load(path, source="policies/a.md")


# Anything at all

MARKS = st.sampled_from(
    ["# ", "\n", "\n\n", "- ", "1. ", "| a | b |\n|---|---|\n", "|", "---\n", "kind: ", "```\n", "> ", "<div>", "<![x[",
     "<!--", "[a](b)", "*", "`", "    ", "\\", "&#0;", "॥", ",", '"', "question,answer\n", "word", "वापसी ",
     "<p hidden>", "<table><tr><td>", "<th rowspan=3>", "<ul>", "<li>", "<dl><dt>", "<dd>", "<h2>",
     "<details><summary>", "</details>", "<br><br>", "4.1 ", "4.2 ", "Section 12", "valid until 31 March 2027"]
)  # fmt: skip
ANYTHING = st.lists(st.one_of(MARKS, st.text(max_size=8)), max_size=20).map("".join)


@pytest.mark.parametrize("suffix", [".md", ".txt", ".csv", ".tsv", ".html"])
@settings(max_examples=120)
@given(text=ANYTHING)
def test_any_text_loads_or_says_why_not(suffix: str, text: str) -> None:
    assert told(attempt(text.encode("utf-8", "replace"), suffix), "a" + suffix)


@pytest.mark.parametrize("suffix", LOADERS)
@settings(max_examples=40)
@given(data=st.binary(max_size=200))
def test_any_bytes_load_or_say_why_not(suffix: str, data: bytes) -> None:
    assert told(attempt(data, suffix), "a" + suffix)


MAGIC = {".png": b"\x89PNG\r\n\x1a\n", ".jpg": b"\xff\xd8\xff\xe0", ".tiff": b"II*\x00",
         ".webp": b"RIFF\x10\0\0\0WEBP",
         ".pdf": b"%PDF-1.7\n", ".docx": b"PK\x03\x04", ".xlsx": b"PK\x05\x06", ".html": b"<table>"}  # fmt: skip


@pytest.mark.parametrize(("suffix", "magic"), MAGIC.items())
@settings(max_examples=40)
@given(data=st.binary(max_size=200))
def test_a_false_face_loads_or_says_why_not(suffix: str, magic: bytes, data: bytes) -> None:
    assert told(attempt(magic + data, suffix), "a" + suffix)
