from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import Engine, func, select, update

from munshi.handlers import records as module
from munshi.handlers.records import Records, RecordsError, import_records
from munshi.handlers.tables import products, record_files

HEAD = "sku,name,price,stock,aliases\n"


@pytest.fixture
def db(engine: Engine) -> Engine:
    return engine


def write(folder: Path, rows: str, name: str = "products") -> dict[str, Path]:
    path = folder / f"{name}.csv"
    path.write_text(HEAD + rows, encoding="utf-8")
    return {name: path}


def test_a_file_is_imported_once_until_it_changes(db: Engine, tmp_path: Path) -> None:
    files = write(tmp_path, "A-1,Horn,100.50,3,bhopu\n")
    assert import_records(db, "shop", files) == ("products",)
    assert import_records(db, "shop", files) == ()
    shop = Records(db, "shop")
    assert (shop.product("a1").price_paise, shop.search_products("bhopu").skus) == (10_050, ("A-1",))  # type: ignore[union-attr]

    write(tmp_path, "A-1,Horn,120,3,\nA-2,Whistle,80,1,seeti\n")
    assert import_records(db, "shop", files) == ("products",)
    assert [product.price_paise for product in shop.products()] == [12_000, 8_000]
    assert shop.search_products("seeti").skus == ("A-2",)
    assert shop.search_products("bhopu").skus == ()


def test_nothing_is_changed_where_anything_is_wrong(db: Engine, tmp_path: Path) -> None:
    good = write(tmp_path, "A-1,Horn,100,3,\n")
    import_records(db, "shop", good)
    bad = write(tmp_path, "A-1,Horn,200,3,\nA-2,Bell,cheap,many,\n")
    (tmp_path / "orders.csv").write_text("order_number\n1\n", encoding="utf-8")
    with pytest.raises(RecordsError) as raised:
        import_records(db, "shop", {**bad, "orders": tmp_path / "orders.csv"})
    assert {(fault.file, fault.line) for fault in raised.value.faults} == {("products.csv", 3), ("orders.csv", 1)}
    assert [product.price_paise for product in Records(db, "shop").products()] == [10_000]


def test_a_file_that_is_gone_leaves_no_rows_behind(db: Engine, tmp_path: Path) -> None:
    import_records(db, "shop", write(tmp_path, "A-1,Horn,100,3,\n"))
    assert import_records(db, "shop", {}) == ("products",)
    assert Records(db, "shop").products() == ()
    assert import_records(db, "shop", {}) == ()


def test_businesses_do_not_see_each_other(db: Engine, tmp_path: Path) -> None:
    import_records(db, "one", write(tmp_path, "A-1,Horn,100,3,\n"))
    import_records(db, "two", write(tmp_path, "A-1,Horn,900,3,\n"))
    import_records(db, "two", {})
    assert Records(db, "one").product("A-1").price_paise == 10_000  # type: ignore[union-attr]
    assert Records(db, "two").product("A-1") is None


def test_files_that_cannot_be_had_are_told(db: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(RecordsError, match=r"products.csv: The file cannot be read"):
        import_records(db, "shop", {"products": tmp_path / "products.csv"})
    with pytest.raises(RecordsError, match="There is no table 'clients'"):
        import_records(db, "shop", write(tmp_path, "", name="clients"))
    monkeypatch.setattr(module, "MAX_BYTES", 10)
    with pytest.raises(RecordsError, match="Split it"):
        import_records(db, "shop", write(tmp_path, "A-1,Horn,100,3,\n"))


def test_processes_that_start_together_import_once(db: Engine, tmp_path: Path) -> None:
    files = write(tmp_path, "".join(f"A-{n},Horn {n},100,3,\n" for n in range(50)))
    with ThreadPoolExecutor(4) as pool:
        changed = list(pool.map(lambda _: import_records(db, "shop", files), range(4)))
    assert changed.count(("products",)) == 1
    with db.connect() as connection:
        assert connection.execute(select(func.count()).select_from(products)).scalar_one() == 50
        assert connection.execute(select(record_files.c.rows).where(record_files.c.name == "products")).scalar() == 50


def test_stock_is_read_anew_every_time(db: Engine, tmp_path: Path) -> None:
    import_records(db, "shop", write(tmp_path, "A-1,Horn,100,3,\n"))
    shop = Records(db, "shop")
    assert shop.search_products("horn").skus == ("A-1",)
    with db.begin() as connection:
        connection.execute(update(products).values(stock=2))
    assert shop.products(["a 1"])[0].stock == 2


def test_an_order_is_found_by_its_number_alone(records: Records) -> None:
    assert records.order("nas 20402").order_number == "NAS-20402"  # type: ignore[union-attr]
    for near in (
        "NAS-2040",
        "NAS-204022",
        "NAS-20409",
        "20402",
        "",
        "' OR 1=1 --",
        "NAS-204%",
        "\0",
        "9" * 10_000,
        "\ud800",
    ):
        assert records.order(near) is None


def test_products_come_in_the_order_asked_for(records: Records) -> None:
    assert [product.sku for product in records.products(["brk-2", "nothing", "BRK-1", "BRK2"])] == ["BRK-2", "BRK-1"]
