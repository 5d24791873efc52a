"""Decisions: a rule is read strictly, and a person's typing mistake never passes for a decision."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from jobs.decisions import BadRule, Candidate, Condition, Decision, decide, parse_rule, read_decisions
from jobs.lake.stage import StageError

CANDIDATES = [Candidate("e.org/maths", "e.org", 20, 18, 0.9), Candidate("e.org/news", "e.org", 40, 4, 0.1)]


def test_a_rule_is_comparisons_joined_by_and() -> None:
    assert parse_rule("share >= 0.5 and pages>10") == (Condition("share", ">=", 0.5), Condition("pages", ">", 10))


@pytest.mark.parametrize(
    "rule",
    ["", "share", "share>=high", "share>=0.5 or pages>1", "score>=0.5", "share>=0.5; x", "__import__('os')", "share=>1",
     "share>=-1", "share>=1e3", "share>=0.5 and"],
)  # fmt: skip
def test_anything_else_is_refused(rule: str) -> None:
    with pytest.raises(BadRule, match="cannot read"):
        parse_rule(rule)


def test_a_rule_decides_every_candidate_and_notes_what_it_saw() -> None:
    assert decide(CANDIDATES, "share>=0.5 and recalled<=18") == [
        Decision("e.org/maths", "e.org", "approve", "18 of 20 pages recalled, share 0.900"),
        Decision("e.org/news", "e.org", "reject", "4 of 40 pages recalled, share 0.100"),
    ]


@pytest.mark.parametrize("name", ["d.csv", "d.jsonl", "d.parquet"])
def test_all_formats_are_read(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    if name == "d.csv":
        path.write_text('\ufeffprefix,decision,note\ne.org/maths,Approve,"good, clean"\ne.org/news,reject,\n')
    elif name == "d.jsonl":
        path.write_text(
            '{"prefix": "e.org/maths", "decision": "approve", "note": "good, clean"}\n'
            '{"prefix": "e.org/news", "decision": "reject"}\n'
        )
    else:
        rows = [("e.org/maths", "approve", "good, clean"), ("e.org/news", "reject", None)]
        pq.write_table(
            pa.Table.from_pylist([dict(zip(("prefix", "decision", "note"), r, strict=True)) for r in rows]), path
        )
    assert read_decisions(str(path), CANDIDATES, "seen") == [
        Decision("e.org/maths", "e.org", "approve", "good, clean"),
        Decision("e.org/news", "e.org", "reject", "seen"),
    ]


@pytest.mark.parametrize("name", ["d.csv", "d.jsonl"])
def test_no_decisions_are_allowed(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("")
    assert read_decisions(str(tmp_path / name), CANDIDATES, "") == []


@pytest.mark.parametrize(
    ("rows", "complaint"),
    [
        (
            "prefix,decision\ne.org/math,approve\n",
            "row 1: 'e.org/math' is not one of this round's 2 candidate prefixes",
        ),
        ("prefix,decision\ne.org/maths,yes\n", "decision is 'yes'; write approve or reject"),
        ("prefix,decision\ne.org/maths,approve\ne.org/maths,reject\n", "row 2: 'e.org/maths' is decided twice"),
        ("prefix,verdict\ne.org/maths,approve\n", "need prefix and decision"),
    ],
)
def test_a_mistake_is_refused(tmp_path: Path, rows: str, complaint: str) -> None:
    (tmp_path / "d.csv").write_text(rows)
    with pytest.raises(StageError, match=complaint):
        read_decisions(str(tmp_path / "d.csv"), CANDIDATES, "")


@pytest.mark.parametrize(("name", "text"), [("d.jsonl", "[1]"), ("d.jsonl", "{"), ("d.parquet", "PAR"), ("d.xls", "")])
def test_an_unreadable_file_is_refused(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(StageError, match=f"--decisions .*{name}"):
        read_decisions(str(tmp_path / name), CANDIDATES, "")
