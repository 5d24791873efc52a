"""The labelled sets: no false accept, at most 1% false rejects, in pairs and in whole responses."""

import gzip
import json
from pathlib import Path

import pytest

from training.grading import compare, grade

SETS = Path(__file__).resolve().parents[3].parent / "shared/data/grading"


@pytest.mark.parametrize("name", ["pairs", "responses"])
def test_no_false_accept_and_at_most_one_false_reject_in_a_hundred(name: str) -> None:
    file = SETS / f"{name}.jsonl.gz"
    if not file.exists():
        pytest.skip(f"no grading set at {file}")
    with gzip.open(file, "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    if name == "pairs":
        judged = [(r["id"], compare(r["answer"], r["gold"]), r["equal"]) for r in rows]
    else:
        judged = [(r["id"], grade(r["response"], r["gold"]), r["correct"]) for r in rows]
    right = [row for row in judged if row[2]]
    assert len(right) > 100
    assert [i for i, verdict, truth in judged if verdict.correct and not truth] == []
    assert sum(not verdict.correct for _, verdict, _ in right) <= len(right) / 100
    assert all(verdict.rule for _, verdict, _ in judged)
