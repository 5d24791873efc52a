"""Seed files: every usable row once, every other row counted by why not, no half-read file."""

import gzip
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from jobs.lake.stage import StageError
from jobs.seed_files import SeedRow, parse_line, read_seeds, seed_paths

LINES = [
    json.dumps({"url": f"https://m{n}.org/", "text": f"text {n}", "date": "", "metadata": "{}"}) for n in range(30)
]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"{broken", "not_json"),
        (b'{"url": "https://e.org/\xff"}', "not_json"),
        (b"[1, 2]", "not_an_object"),
        (b'"text"', "not_an_object"),
        (b'{"text": "x"}', "no_url"),
        (b'{"url": 7, "text": "x"}', "no_url"),
        (b'{"url": "javascript:alert(1)", "text": "x"}', "no_url"),
        (b'{"url": "https://e.org", "text": null}', "no_text"),
        (b'{"url": "https://e.org", "text": " \\n"}', "no_text"),
        (b'{"url": "https://e.org", "text": "\\ud800"}', "not_unicode"),
        (b"[" * 100_000, "not_json"),
    ],
)
def test_a_row_that_cannot_be_used_says_why(line: bytes, reason: str) -> None:
    assert parse_line(line) == reason


def test_one_page_counts_once_however_its_address_is_written(tmp_path: Path) -> None:
    path = tmp_path / "s.jsonl"
    path.write_text('{"url": "http://www.e.org/a/", "text": "one"}\n\n{"url": "https://e.org/a#x", "text": "two"}\n')
    rows, left_out = read_seeds([path], 10, "0")
    assert rows == [SeedRow("http://www.e.org/a/", "https://e.org/a", "e.org", "one")]
    assert +left_out == {"same_url": 1}


def test_all_formats_give_the_same_rows(tmp_path: Path) -> None:
    plain, packed, table = tmp_path / "a.jsonl", tmp_path / "a.jsonl.gz", tmp_path / "a.parquet"
    plain.write_text("\n".join(LINES))
    packed.write_bytes(gzip.compress("\n".join(LINES).encode()))
    pq.write_table(pa.Table.from_pylist([json.loads(line) for line in LINES]), table)
    wanted = read_seeds([plain], 100, "0")[0]
    assert len(wanted) == 30
    assert read_seeds([packed], 100, "0")[0] == wanted == read_seeds([table], 100, "0")[0]


def test_too_many_rows_are_drawn_at_random_and_alike_from_any_order(tmp_path: Path) -> None:
    forth, back = tmp_path / "forth.jsonl", tmp_path / "back.jsonl"
    forth.write_text("\n".join(LINES))
    back.write_text("\n".join(LINES[::-1]))
    rows, left_out = read_seeds([forth], 7, "0")
    assert len(rows) == 7 and left_out["beyond_positives"] == 23
    assert read_seeds([back], 7, "0")[0] == rows
    assert read_seeds([forth], 7, "1")[0] != rows


def test_rows_that_stay_are_balanced_over_domains_however_they_are_ordered(tmp_path: Path) -> None:
    """A site of 100 pages beside ten of two: eight of it stay of 28."""
    urls = [f"https://big.org/{n}" for n in range(100)] + [f"https://s{n}.org/{k}" for n in range(10) for k in range(2)]
    lines = [json.dumps({"url": url, "text": "text"}) for url in urls]
    forth, back = tmp_path / "forth.jsonl", tmp_path / "back.jsonl"
    forth.write_text("\n".join(lines))
    back.write_text("\n".join(lines[::-1]))
    rows, left_out = read_seeds([forth], 28, "0")
    assert sum(r.domain == "big.org" for r in rows) == 8 and left_out["beyond_positives"] == 92
    assert len({r.domain for r in rows}) == 11
    assert read_seeds([back], 28, "0")[0] == rows


def test_a_file_without_usable_rows_is_refused_with_the_reasons(tmp_path: Path) -> None:
    path = tmp_path / "s.jsonl"
    path.write_text('{"url": "https://e.org"}\nnonsense\n')
    with pytest.raises(StageError, match="no_text 1, not_json 1"):
        read_seeds([path], 10, "0")


def test_a_file_cut_short_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "s.jsonl.gz"
    path.write_bytes(gzip.compress("\n".join(LINES).encode())[:-20])
    with pytest.raises(StageError, match="cannot be read to its end"):
        read_seeds([path], 10, "0")


def test_a_table_without_the_columns_is_refused(tmp_path: Path) -> None:
    pq.write_table(pa.table({"link": ["x"], "text": ["y"]}), tmp_path / "s.parquet")
    with pytest.raises(StageError, match="no column url"):
        read_seeds([tmp_path / "s.parquet"], 10, "0")


def test_a_folder_gives_its_seed_files_and_a_wrong_path_an_error(tmp_path: Path) -> None:
    for name in ("b.jsonl", "a.parquet", "notes.txt"):
        (tmp_path / name).write_text("")
    assert [p.name for p in seed_paths(str(tmp_path))] == ["a.parquet", "b.jsonl"]
    with pytest.raises(StageError, match="no such file"):
        seed_paths(str(tmp_path / "none"))
    with pytest.raises(StageError, match="none is there"):
        seed_paths(str(tmp_path / "notes.txt"))
