"""Every kind of fault, put into a pack that is otherwise whole: it must be told, alone, on the right line."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from munshi.bot.business import Fault, check_business
from munshi.bot.scaffold import create_pack


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    return create_pack(tmp_path / "shop")


def edit(shop: Path, file: str, old: str, new: str) -> None:
    path = shop / file
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {file}"
    path.write_text(text.replace(old, new), encoding="utf-8")


def line_of(shop: Path, file: str, words: str) -> int:
    """The last line with these words that is no comment."""
    lines = (shop / file).read_text(encoding="utf-8").splitlines()
    return max(number for number, line in enumerate(lines, 1) if words in line and not line.startswith("#"))


def only(faults: list[Fault]) -> Fault:
    assert len(faults) == 1, "\n".join(map(str, faults))
    return faults[0]


BUSINESS = [
    ("currency: INR", "currency: INR\ncurrency: USD", "currency: USD", "currency"),
    ("currency: INR", "currency: Rupees", "currency:", "Rupees"),
    ("timezone: Asia/Kolkata", "timezone: Asia/Kolkatta", "timezone:", "Asia/Kolkatta"),
    ("timezone: Asia/Kolkata", "timezone: ../../etc/passwd", "timezone:", "time zone"),
    ("[en, hi, hinglish]", "[en, marathi]", "languages:", "marathi"),
    ("[en, hi, hinglish]", "[]", "languages:", "languages"),
    ('monday: "10:00-20:00"', "monday: 20:00-10:00", "monday:", "20:00-10:00"),
    ('monday: "10:00-20:00"', "monday: 10-20", "monday:", "10-20"),
    ('monday: "10:00-20:00"', "monday: 25:00-26:00", "monday:", "25:00-26:00"),
    ('monday: "10:00-20:00"', "monday:", "monday:", "opening hours"),
    ('"10:00-14:00, 16:00-20:00"\n  sunday', '"10:00-14:00, 13:00-20:00"\n  sunday', "saturday:", "overlap"),
    ("tuesday:", "tuseday:", "tuseday:", "tuseday"),
    ("2027-01-26: Republic", "26/01/2027: Republic", "26/01/2027", "26/01/2027"),
    ("2027-01-26: Republic Day", "2027-02-30: Nothing", "2027-02-30", "2027-02-30"),
    ("phone: +91 98765 43210", "phone: 12345", "phone: 12345", "12345"),
    ("phone: +91 98765 43210", "phone:", "  phone:", "phone"),
    ("email: shop@example.com", "email: shop", "email: shop", "shop"),
    ("maps_url: https://", "gstin: 27AAPFU0939F1ZX\n  maps_url: https://", "gstin: 27AAPFU0939F1ZX", "GSTIN"),
    ("maps_url: https://", "maps_url: file://", "maps_url:", "web address"),
    ("'ORD-[0-9]{4}'", "'ORD-[0-9'", "order_number:", "regular expression"),
    ("'ORD-[0-9]{4}'", "'(O+)+D-[0-9]{4}'", "order_number:", "repeats"),
    ("'ORD-[0-9]{4}'", f"'ORD-{'[0-9]' * 50}'", "order_number:", "longer"),
    ("'ORD-[0-9]{4}'", "'[0-9]*'", "order_number:", "everywhere"),
    ("  order_number: '", "  order_numbr: '", "order_numbr:", "order_numbr"),
    ("thresholds: {}", "thresholds: {clarify: 1.5}", "thresholds:", "clarify"),
    ("thresholds: {}", "thresholds: {clarify: high}", "thresholds:", "clarify"),
    ("retrieval: {}", "retrieval: {alpha: 1.5}", "retrieval:", "alpha"),
    ("retrieval: {}", "retrieval: {alpha: true}", "retrieval:", "true"),
    ("retrieval: {}", "retrieval: {k1: .nan}", "retrieval:", "k1"),
    ("retrieval: {}", "retrieval: {k1: often}", "retrieval:", "k1"),
    ("retrieval: {}", "retrieval:\n  candidates: 0", "  candidates:", "candidates"),
    ("retrieval: {}", "retrieval:\n  fusion: rff", "  fusion:", "rff"),
    ("retrieval: {}", "retrieval:\n  method: bm25", "  method:", "bm25"),
    ("retrieval: {}", "retrieval:\n  reranker: cohere", "  reranker:", "cohere"),
    ("retrieval: {}", "retrieval:\n  alfa: 0.5", "  alfa:", "alfa"),
    ("retrieval: {}", "retrieval:\n  synonyms:\n    - [rubber]", "    - [rubber]", "synonym"),
    ("retrieval: {}", "retrieval:\n  synonyms: rubber", "  synonyms:", "list"),
    ("llm: none", "llm: gpt4", "llm:", "gpt4"),
    ("whatsapp: {}", "whatsapp:\n  templates: x", "templates:", "templates"),
    ("whatsapp: {}", "whatsapp:\n  template: answer_ready", "template: a", "settings"),
    ("whatsapp: {}", "whatsapp:\n  template: {name: Answer-Ready, language: en}", "{name:", "Answer-Ready"),
    ("whatsapp: {}", "whatsapp:\n  template: {name: a 🙏, language: en}", "{name:", "🙏"),
    ("whatsapp: {}", f"whatsapp:\n  template: {{name: {'a' * 513}, language: en}}", "{name:", "template"),
    ("whatsapp: {}", "whatsapp:\n  template: {name: ready, language: en-US}", "{name:", "en-US"),
    ("whatsapp: {}", "whatsapp:\n  template: {name: ready, language: English}", "{name:", "English"),
    ("whatsapp: {}", "whatsapp:\n  template: {name: ready}", "{name:", "language"),
    ("whatsapp: {}", "whatsapp:\n  template: {name: ready, language: hi, shop_name: maybe}", "{name:", "shop_name"),
    ("whatsapp: {}", "whatsapp:\n  template: {name: ready, language: hi, twilio: HX12}", "{name:", "HX12"),
    ("  email: shop@example.com", "  email: *shop", "email:", "*shop"),
    ("llm: none", "llm: !!python/object:os.system none", "llm:", "tag"),
    ("llm: none", "llm: none\nmodel: none", "model: none", "model"),
    ("llm: none", f"llm: {'[' * 60}", "llm:", "nested"),
    ("tone: Friendly and short.", "tone: Friendly: and short.", "tone:", "YAML"),
    ("  phone:", "\tphone:", "\tphone:", "YAML"),
]


@pytest.mark.parametrize(("old", "new", "at", "words"), BUSINESS)
def test_a_fault_in_business_yaml(shop: Path, old: str, new: str, at: str, words: str) -> None:
    edit(shop, "business.yaml", old, new)
    fault = only(check_business(shop))
    assert (fault.severity, fault.file) == ("error", "business.yaml")
    assert fault.line == line_of(shop, "business.yaml", at)
    assert words in fault.message
    assert fault.remedy


@pytest.mark.parametrize(
    ("old", "new", "remedy"),
    [
        ("tuesday:", "tuseday:", "tuesday"),
        ("tone:", "tonne:", "tone"),
        ("Asia/Kolkata", "Asia/Calcuta", "Asia/Calcutta"),
        ("  phone:", "  fone:", "phone"),
    ],
)
def test_the_remedy_names_what_was_meant(shop: Path, old: str, new: str, remedy: str) -> None:
    edit(shop, "business.yaml", old, new)
    assert any(f"'{remedy}'" in fault.remedy for fault in check_business(shop))


INTENTS = [
    ("handler: returns", "handler: retuns", "handler: retuns", "error", "retuns"),
    ("handler: returns", "handler: my_shop.nowhere:Returns", "my_shop.nowhere", "error", "my_shop"),
    ("handler: returns", "handler: json:Nothing", "json:Nothing", "error", "Nothing"),
    ("handler: returns", "handler: sys:maxsize", "sys:maxsize", "error", "no class"),
    ("  - name: hours", "  - name: Location", "name: location", "error", "two intents"),
    ("  - name: hours", "  - name: opening hours", "name: opening hours", "error", "name"),
    ("  - name: hours", "  - name: hours\n    risk: medium", "risk: medium", "error", "medium"),
    ("  - name: hours", "  - name: hours\n    examples_hindi: []", "examples_hindi", "error", "examples_hindi"),
    ("      - open today?", "      - open today?\n      - ~", "- ~", "error", "examples"),
    ("- open today?", f"- {'open ' * 120}", "- open open", "error", "500"),
    ("- open today?", "- Shop  TIMINGS", "- shop timings", "warning", "shop timings"),
    ("- open today?", "- what is YOUR address", "- what is your address", "error", "location"),
    ("- open today?", "- what is your adress", "- what is your address", "warning", "hours"),
    ("- open today?", "- let me talk to the boss", "- let me talk to the boss", "warning", "conversations.yaml"),
    ("- open today?", "- open today? ring 98220 11223", "98220 11223", "warning", "phone"),
    ("- open today?", "- 24/7", "- 24/7", "warning", "word"),
    ("- open today?", '- "open\\u200b today?"', "u200b", "warning", "U+200B"),
    ("  - name: hours", "  - name: order__status", "- when are you open", "error", "spelling"),
    ("kind: phone", "kind: telephone", "kind: telephone", "error", "telephone"),
    ("kind: phone", "kind: choice", "name: phone", "error", "choose from"),
    ("kind: phone", "kind: phone\n        choices: [a, b]", "choices:", "error", "choices"),
    ("kind: phone", "kind: phone\n        min: 5", "min: 5", "error", "min"),
    ("kind: phone", "kind: amount\n        min: 5\n        max: 4", "max: 4", "error", "smallest"),
    ("kind: phone", "kind: phone\n        pattern: '(a*)*'", "pattern:", "error", "repeats"),
    ("kind: phone", "kind: phone\n        optional: perhaps", "optional:", "error", "true nor false"),
    ("en: On which number may we call you?", "", "prompt:", "error", "English"),
    ("- name: phone", "- name: items", "slots:", "error", "same name"),
    ("handler: returns", "handler: collect", "- name: returns", "error", "nothing to collect"),
]


@pytest.mark.parametrize(("old", "new", "at", "severity", "words"), INTENTS)
def test_a_fault_in_intents_yaml(shop: Path, old: str, new: str, at: str, severity: str, words: str) -> None:
    edit(shop, "intents.yaml", old, new)
    fault = only(check_business(shop))
    assert (fault.severity, fault.file) == (severity, "intents.yaml")
    assert fault.line == line_of(shop, "intents.yaml", at)
    assert words in fault.message
    assert fault.remedy


def test_few_examples_are_a_warning_and_none_an_error(shop: Path) -> None:
    (shop / "intents.yaml").write_text(
        "intents:\n"
        "  - {name: a, description: d, handler: faq, examples: [one, two]}\n"
        "  - {name: b, description: d, handler: faq, examples: []}\n",
        encoding="utf-8",
    )
    faults = [fault for fault in check_business(shop) if fault.file == "intents.yaml"]
    assert [(fault.severity, fault.line) for fault in faults] == [("warning", 2), ("error", 3)]


def test_numbers_that_are_plainly_invented_are_not_private(shop: Path) -> None:
    edit(
        shop, "intents.yaml", "- open today?", "- open today? ring 98765 43210 or 00000000001, write to me@example.com"
    )
    assert check_business(shop) == []


def test_a_hundred_faults_of_a_kind_are_told_in_some_lines(shop: Path) -> None:
    edit(shop, "intents.yaml", "- open today?", "\n      ".join(["- open today?"] * 101))
    faults = check_business(shop)
    assert len(faults) < 15
    assert any("90 more" in fault.message for fault in faults)


def test_a_fault_hides_no_other(shop: Path) -> None:
    edit(shop, "intents.yaml", "handler: returns", "handler: retuns")
    edit(shop, "intents.yaml", "- open today?", "- what is your address")
    edit(shop, "intents.yaml", "kind: phone", "kind: telephone\n        choices: [a, A]\n        pattern: '['")
    edit(shop, "business.yaml", "currency: INR", "currency: rupee")
    edit(shop, "business.yaml", "  phone: +91 98765 43210", "  phone: 1\n  fax: 2")
    edit(shop, "records/products.csv", "PN-BLU,", "PN-BLK,")
    edit(shop, "knowledge/faq.csv", "GST invoice|", "xerox|")
    found = {(fault.file, fault.line) for fault in check_business(shop)}
    assert found == {
        ("business.yaml", line_of(shop, "business.yaml", "currency:")),
        ("business.yaml", line_of(shop, "business.yaml", "phone:")),
        ("business.yaml", line_of(shop, "business.yaml", "fax:")),
        ("intents.yaml", line_of(shop, "intents.yaml", "retuns")),
        ("intents.yaml", line_of(shop, "intents.yaml", "- what is your address")),
        ("intents.yaml", line_of(shop, "intents.yaml", "telephone")),
        ("intents.yaml", line_of(shop, "intents.yaml", "choices:")),
        ("intents.yaml", line_of(shop, "intents.yaml", "pattern:")),
        ("records/products.csv", 5),
        ("knowledge/faq.csv", 7),
    }


TABLES = [
    ("knowledge/faq.csv", "question,answer", "question,anser", 1, "anser"),
    ("knowledge/faq.csv", "alternates,category", "alternates,alternates", 1, "2 times"),
    ("knowledge/faq.csv", "Can I pay by UPI?", "Do you  DELIVER?", 4, "line 2"),
    ("knowledge/faq.csv", "Do you bind books?", "", 8, "question"),
    ("knowledge/faq.csv", "Yes. Give us", '"Yes. Give us', 6, "partner"),
    ("glossary.csv", "xerox,photocopy,en", "xerox,photocopy,english", 4, "english"),
    ("glossary.csv", "xerox,photocopy,en", "xerox,photocopy", 4, "3"),
    ("glossary.csv", "kampas,geometry box", "KAPI,notebook", 3, "line 2"),
    ("records/products.csv", "45.00,120", "about 45,120", 2, "about 45"),
    ("records/products.csv", "45.00,120", "45.00,many", 2, "many"),
    ("records/products.csv", "45.00,120", ",120", 2, "price"),
    ("records/products.csv", "NB-200,", "NB-100,", 3, "NB-100"),
    ("records/products.csv", "sku,name", "sku,title", 1, "name"),
    ("records/orders.csv", "ORD-1002,", "ORD-1001,", 3, "ORD-1001"),
    ("records/orders.csv", "ORD-1002,", "A-12,", 3, "A-12"),
    ("records/orders.csv", "out_for_delivery", "on the bike", 3, "on the bike"),
    ("records/orders.csv", "2026-11-20,2026-11-21", "20/11/2026,2026-11-21", 3, "20/11/2026"),
    ("records/orders.csv", "640.00,,", "640.00,12345,", 3, "12345"),
]


@pytest.mark.parametrize(("file", "old", "new", "line", "words"), TABLES)
def test_a_fault_in_a_table(shop: Path, file: str, old: str, new: str, line: int, words: str) -> None:
    edit(shop, file, old, new)
    faults = [fault for fault in check_business(shop) if fault.severity == "error"]
    assert any(
        (fault.file, fault.line) == (file, line) and words in f"{fault.message} {fault.remedy}" for fault in faults
    )
    assert all(fault.file == file for fault in faults)


def test_a_misspelt_column_of_records_is_pointed_out(shop: Path) -> None:
    edit(shop, "records/products.csv", "warranty_months", "warranty_month")
    fault = only(check_business(shop))
    assert (fault.severity, fault.file, fault.line) == ("warning", "records/products.csv", 1)
    assert "warranty_months" in fault.remedy


def test_a_question_under_two_answers_is_pointed_out(shop: Path) -> None:
    edit(shop, "knowledge/faq.csv", "|pakka bill milega", "|COD")
    fault = only(check_business(shop))
    assert (fault.severity, fault.file, fault.line) == ("warning", "knowledge/faq.csv", 6)


@pytest.mark.parametrize(
    "file",
    [
        "business.yaml",
        "intents.yaml",
        "conversations.yaml",
        "glossary.csv",
        "knowledge/faq.csv",
        "knowledge/returns.md",
    ],
)
def test_another_encoding_is_told_with_its_line(shop: Path, file: str) -> None:
    path = shop / file
    lines = path.read_bytes().split(b"\n")
    path.write_bytes(b"\n".join([*lines[:1], "# café".encode("cp1252"), *lines[1:]]))
    fault = only([fault for fault in check_business(shop) if fault.file == file])
    assert fault.line == 2
    assert "UTF-8" in fault.remedy


@pytest.mark.parametrize(
    "file", ["business.yaml", "intents.yaml", "glossary.csv", "knowledge/faq.csv", "records/orders.csv"]
)
def test_a_byte_order_mark_and_windows_lines_do_no_harm(shop: Path, file: str) -> None:
    path = shop / file
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    assert check_business(shop) == []


@pytest.mark.parametrize("file", ["business.yaml", "intents.yaml"])
@pytest.mark.parametrize(
    "content", [b"", b"# nothing\n", b"[]", b"just words", b"\x00\x01", b"a: b: c", b"---\na: 1\n---\nb: 2\n"]
)
def test_a_file_that_holds_nothing_of_use_is_one_fault_or_more_but_no_crash(
    shop: Path, file: str, content: bytes
) -> None:
    (shop / file).write_bytes(content)
    assert any(fault.file == file and fault.severity == "error" for fault in check_business(shop))


CONVERSATIONS = [
    ("intent: order_status", "intent: order_stat", "order_stat", "order_stat"),
    ("{source: returns.md}", "{source: return.md}", "return.md", "return.md"),
    ("{abstained: true}", "{abstained: sometimes}", "sometimes", "true nor false"),
    ("{abstained: true}", "{must_not_contain: x}", "must_not_contain", "must_not_contain"),
    ("{handover: true}", "{route: human}", "human", "human"),
    ("{handover: true}", "{handler: owner}", "owner", "owner"),
    ("- say: let me talk", "- says: let me talk", "says:", "says"),
]


@pytest.mark.parametrize(("old", "new", "at", "words"), CONVERSATIONS)
def test_a_fault_in_conversations_yaml(shop: Path, old: str, new: str, at: str, words: str) -> None:
    edit(shop, "conversations.yaml", old, new)
    faults = check_business(shop)
    assert all((fault.file, fault.severity) == ("conversations.yaml", "error") for fault in faults)
    wanted = line_of(shop, "conversations.yaml", at)
    assert any(fault.line == wanted and words in fault.message for fault in faults), "\n".join(map(str, faults))


def test_papers_that_cannot_be_read_are_named(shop: Path) -> None:
    papers = shop / "knowledge"
    (papers / "prices.pptx").write_bytes(b"PK\x03\x04")
    (papers / "rules.docx").write_bytes(b"PK\x03\x04")
    (papers / "scan.pdf").write_bytes(b"%PDF-1.4 and then nothing")
    (papers / "empty.txt").write_bytes(b" \n")
    (papers / "dates.md").write_text(
        "---\nkind: policy\nvalid_from: 1 May\nvalid_till: x\n---\n# A\n\nB.\n", encoding="utf-8"
    )
    (papers / ".DS_Store").write_bytes(b"\0")
    (papers / "~$prices.docx").write_bytes(b"\0")
    found = {(fault.file, fault.line, fault.severity) for fault in check_business(shop)}
    assert found == {
        ("knowledge/prices.pptx", None, "warning"),
        ("knowledge/rules.docx", None, "error"),
        ("knowledge/scan.pdf", None, "error"),
        ("knowledge/empty.txt", None, "error"),
        ("knowledge/dates.md", 3, "error"),
        ("knowledge/dates.md", 4, "error"),
    }


def test_a_paper_that_is_too_large_is_named_without_being_read(shop: Path) -> None:
    with (shop / "knowledge" / "everything.txt").open("wb") as file:
        file.truncate(60_000_000)
    fault = only(check_business(shop))
    assert fault.file == "knowledge/everything.txt"
    assert "60 MB" in fault.message


def test_missing_files_are_named(shop: Path) -> None:
    for file in ("business.yaml", "intents.yaml", "conversations.yaml", "glossary.csv"):
        (shop / file).unlink()
    shutil.rmtree(shop / "knowledge")
    shutil.rmtree(shop / "records")
    found = {(fault.file, fault.severity) for fault in check_business(shop)}
    assert found == {
        ("business.yaml", "error"),
        ("intents.yaml", "error"),
        ("conversations.yaml", "warning"),
        ("knowledge", "warning"),
    }


def test_files_that_munshi_would_pass_over_are_pointed_out(shop: Path) -> None:
    (shop / "intent.yaml").write_text("intents: []", encoding="utf-8")
    (shop / "records" / "product.csv").write_text("sku\n", encoding="utf-8")
    (shop / "phrases").mkdir()
    (shop / "phrases" / "english.yaml").write_text("greeting: Hi", encoding="utf-8")
    (shop / "my_handlers.py").write_text("", encoding="utf-8")
    faults = check_business(shop)
    assert {fault.file for fault in faults} == {"intent.yaml", "records/product.csv", "phrases/english.yaml"}
    assert "intents.yaml" in next(fault.remedy for fault in faults if fault.file == "intent.yaml")


def test_hostile_text_stays_on_one_short_line(shop: Path) -> None:
    edit(shop, "glossary.csv", "xerox,photocopy,en", '"xerox","photocopy","\x1b[2J\u202e' + "x" * 90_000 + '"')
    edit(shop, "business.yaml", "llm: none", f'llm: "{"🙂" * 20_000}\\n\\u202e"')
    for fault in check_business(shop):
        assert len(str(fault)) < 400
        assert str(fault).isprintable()


def test_what_a_customer_would_see_is_found_in_a_large_pack(shop: Path) -> None:
    """Thousands of rows and examples are looked through, not sampled."""
    rows = "".join(f"Question number {n}?,Answer {n}.,,\n" for n in range(5_000))
    faq = shop / "knowledge" / "faq.csv"
    faq.write_text(f"question,answer,alternates,category\n{rows}Question number 17?,Another.,,\n", encoding="utf-8")
    fault = only(check_business(shop))
    assert (fault.file, fault.line) == ("knowledge/faq.csv", 5_002)


@pytest.mark.parametrize(
    ("sentence", "words"),
    [
        ("handover_dun: A person comes. {hours_note}", "handover_dun"),
        ("handover_done: A person comes.", "hours_note"),
        ("handover_done: A person comes. {hours_note} {price}", "price"),
        ("handover_done: A person comes. {hours_note", "handover_done"),
    ],
)
def test_a_fault_in_ones_own_sentences(shop: Path, sentence: str, words: str) -> None:
    (shop / "phrases").mkdir()
    (shop / "phrases" / "hi.yaml").write_text(f"# Mine\n{sentence}\n", encoding="utf-8")
    fault = only(check_business(shop))
    assert (fault.severity, fault.file, fault.line) == ("error", "phrases/hi.yaml", 2)
    assert words in fault.message
