"""Decisions files: the same rows in every format, whatever a cell holds, and nothing that a spreadsheet would run."""

import csv
import re
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.decision_files import NAMES, SUFFIXES, ReviewRow, decision_paths, read_rows, rows_as_bytes
from jobs.lake.stage import StageError

FILLED = ReviewRow(
    "e.org/maths", "approve", 'good, "clean"; 数学\nsecond line', "Ada", "2026-11-22T10:00:00+00:00",
    "e.org: reject (Emmy, 2026-11-20)", 90, 100, 20, 18, 0.9, 0.69896, 0.97214, "e.org", "https://e.org/a https://e.org/b",
)  # fmt: skip
ROWS = [FILLED, ReviewRow("n.org", expected_tokens=0, pages=3, share=1 / 3), ReviewRow("old.org", "undo")]
HOSTILE = [
    "=cmd|' /C calc'!A0", "+1+1", "-2", "@SUM(A1)", "'=1", "''+x", "＝1+1", "'tis fine", "it's", "a\\t=1", '"', "|",
    "e.org/a;=1", "a\\n-b", '";=1', ";;'@",
]  # fmt: skip


def written(tmp_path: Path, rows: list[ReviewRow], suffix: str) -> Path:
    path = tmp_path / f"d{suffix}"
    path.write_bytes(rows_as_bytes(rows, suffix))
    return path


@pytest.mark.parametrize("first", SUFFIXES)
@pytest.mark.parametrize("second", SUFFIXES)
def test_rows_go_from_any_format_to_any_other_and_back(tmp_path: Path, first: str, second: str) -> None:
    there = read_rows(written(tmp_path, ROWS, first))
    back = read_rows(written(tmp_path, there, second))
    assert there == back == ROWS
    assert rows_as_bytes(back, first) == rows_as_bytes(ROWS, first)


@given(st.lists(st.text(max_size=20) | st.text(";\t\r\n'\"=+-,a ", max_size=9), min_size=2, max_size=2))
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_any_text_comes_back(tmp_path_factory: pytest.TempPathFactory, suffix: str, cells: list[str]) -> None:
    prefix, note = (c.strip() for c in cells)
    rows = [replace(FILLED, prefix=prefix, note=note)]
    assert read_rows(written(tmp_path_factory.getbasetemp(), rows, suffix)) == rows


@pytest.mark.parametrize("cell", HOSTILE)
def test_no_csv_cell_begins_a_formula(tmp_path: Path, cell: str) -> None:
    path = written(tmp_path, [ReviewRow(cell, note=cell, reviewer=cell, samples=cell)], ".csv")
    with path.open(encoding="utf-8-sig", newline="") as stream:
        (raw,) = csv.DictReader(stream)
    begins = {part[:1] for value in raw.values() for part in re.split(r"[;\t\r\n]", value)}
    assert not begins & set("=+-@＝")
    assert read_rows(path) == [ReviewRow(cell, note=cell, reviewer=cell, samples=cell)]


@pytest.mark.parametrize(
    "text",
    [
        'prefix,decision,note\ne.org,Approve,"good, clean"\n\nn.org,,\n',
        '\ufeffPrefix;Decision;Note;share\r\ne.org;Approve;"good, clean";0,37\r\n\r\nn.org;;;\r\n',
        "share\tnote\tdecision\tprefix\n0.37\tgood, clean\tApprove\te.org\n\n\t\t\tn.org\n",
    ],
)
def test_what_spreadsheets_of_any_country_save_is_read(tmp_path: Path, text: str) -> None:
    (tmp_path / "d.csv").write_bytes(text.encode())
    rows = read_rows(tmp_path / "d.csv")
    assert [(r.prefix, r.decision, r.note) for r in rows] == [
        ("e.org", "Approve", "good, clean"), ("", "", ""), ("n.org", "", ""),
    ]  # fmt: skip
    assert rows[0].share == (0.37 if "share" in text else None)


def test_figures_that_a_spreadsheet_spoilt_do_not_spoil_the_decision(tmp_path: Path) -> None:
    (tmp_path / "d.csv").write_text("prefix,decision,pages,share,recalled\ne.org,approve,1.23E+06,#REF!,nan\n")
    assert read_rows(tmp_path / "d.csv") == [ReviewRow("e.org", "approve")]


def test_the_approvals_of_another_lake_are_a_decisions_file(tmp_path: Path) -> None:
    time = pa.array([1_795_341_600_000_000], pa.timestamp("us", tz="UTC"))
    columns = {"prefix": ["e.org"], "domain": ["e.org"], "decision": ["approve"], "reviewer": ["Ada"],
               "decided_at": time, "note": [""]}  # fmt: skip
    (tmp_path / "round=1").mkdir()
    pq.write_table(pa.table(columns), tmp_path / "round=1" / "part-00000.parquet")
    assert read_rows(tmp_path / "round=1" / "part-00000.parquet") == [
        ReviewRow("e.org", "approve", reviewer="Ada", decided_at="2026-11-22T10:00:00+00:00", domain="e.org")
    ]


@pytest.mark.parametrize("name", ["d.csv", "d.jsonl"])
def test_an_empty_file_has_no_rows(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("")
    assert read_rows(tmp_path / name) == []
    assert read_rows(written(tmp_path, [], ".parquet")) == []


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("d.csv", b"prefix,verdict\ne.org,approve\n"),
        ("d.csv", b"prefix,decision,decision\ne.org,approve,reject\n"),
        ("d.csv", b"prefix,decision,note\ne.org,approve,good, clean\n"),
        ("d.csv", b'prefix,decision\n"e.org,approve\n'),
        ("d.csv", b"prefix,decision,note\ne.org,approve,caf\xe9\n"),
        ("d.jsonl", b"[1]"),
        ("d.jsonl", b"{"),
        ("d.jsonl", b'{"prefix": "e.org"}'),
        ("d.jsonl", b"[" * 100_000),
        ("d.parquet", b"PAR"),
        ("d.xls", b""),
    ],
)
def test_an_unreadable_file_is_refused_by_name(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(StageError, match=name):
        read_rows(tmp_path / name)


def test_a_folder_is_all_decisions_files_in_it_by_name(tmp_path: Path) -> None:
    for name in ("b.csv", "a.jsonl", "notes.txt"):
        (tmp_path / name).touch()
    assert [p.name for p in decision_paths(str(tmp_path))] == ["a.jsonl", "b.csv"]
    (tmp_path / "empty").mkdir()
    for place in ("empty", "none.csv"):
        with pytest.raises(StageError, match=place):
            decision_paths(str(tmp_path / place))


def test_columns_keep_what_a_person_fills_in_beside_the_prefix() -> None:
    assert NAMES[:5] == ("prefix", "decision", "note", "reviewer", "decided_at")
