"""Files of other sources give their rows by name; broken rows and files are told apart from documents."""

import gzip
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from jobs.lake.storage import Storage
from jobs.text_files import TextFiles, TextRow, read_rows


def rows(folder: Path, file: str, column: str = "text") -> list[TextRow]:
    return list(read_rows(Storage(str(folder)), file, column))


def test_a_glob_finds_files_of_known_endings_below_its_folder(tmp_path: Path) -> None:
    for name in ("code/a.jsonl", "code/deep/b.jsonl.gz", "code/c.parquet", "code/README", "other/d.jsonl"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    found = TextFiles.matching(f"{tmp_path}/code/*")
    assert found.names == ("a.jsonl", "c.parquet", "deep/b.jsonl.gz") and found.root == f"{tmp_path}/code"
    assert TextFiles.matching(f"{tmp_path}/*/d.jsonl").names == ("other/d.jsonl",)
    assert TextFiles.matching(f"{tmp_path}/code/c.parquet").names == ("c.parquet",)
    assert TextFiles.matching(f"{tmp_path}/nowhere/*").names == ()


def test_the_digest_tells_changed_files(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text("1")
    before = TextFiles.matching(f"{tmp_path}/*").digest()
    (tmp_path / "a.jsonl").write_text("2")
    assert TextFiles.matching(f"{tmp_path}/*").digest() != before


@pytest.mark.parametrize("ending", ["jsonl", "jsonl.gz"])
def test_broken_rows_have_reasons(tmp_path: Path, ending: str) -> None:
    lines = [
        {"text": "One.", "url": "https://e.org"},
        {"body": "x"},
        ["x"],
        {"text": "  "},
        {"text": 5},
        {"text": "\ud800!"},
    ]
    data = "".join(json.dumps(line) + "\n" for line in lines).encode() + b'\n{"text": "cut\n\xff\xfe\n'
    (tmp_path / f"a.{ending}").write_bytes(gzip.compress(data) if ending.endswith("gz") else data)
    found = rows(tmp_path, f"a.{ending}")
    assert [(r.text, r.broken) for r in found] == [
        ("One.", ""), ("", "no_text"), ("", "not_a_json_object"), ("", "empty_text"), ("", "no_text"), ("?!", ""),
        ("", "not_a_json_object"), ("", "not_a_json_object"),
    ]  # fmt: skip
    assert (found[0].name, found[0].url) == (f"a.{ending}#0", "https://e.org")


def test_a_file_that_breaks_off_gives_its_rows_up_to_there(tmp_path: Path) -> None:
    whole = gzip.compress(b"".join(b'{"text": "line %d"}\n' % i for i in range(100_000)))
    (tmp_path / "a.jsonl.gz").write_bytes(whole[: len(whole) // 2])
    found = rows(tmp_path, "a.jsonl.gz")
    assert (
        len(found) > 1000 and found[-1].broken.startswith("unreadable_file") and not any(r.broken for r in found[:-1])
    )


def test_parquet_and_another_column(tmp_path: Path) -> None:
    pq.write_table(pa.table({"content": ["a b", None]}), tmp_path / "a.parquet")
    assert [(r.text, r.broken) for r in rows(tmp_path, "a.parquet", "content")] == [("a b", ""), ("", "no_content")]
    (tmp_path / "b.parquet").write_bytes(b"nothing")
    assert rows(tmp_path, "b.parquet")[0].broken.startswith("unreadable_file")
