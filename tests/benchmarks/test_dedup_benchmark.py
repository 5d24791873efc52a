"""The benchmark command writes a line for every document and measures itself, alone or beside its peers."""

import gzip
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROSE = " ".join(f"Lemma {i} says that group {i * i} is of order {i + 7}." for i in range(40))
DOCUMENTS = {
    "a": PROSE,
    "b": PROSE.upper() + " Copied from elsewhere.",
    "c": PROSE.replace("order", "degree"),
    "d": PROSE.replace("order", "degree").replace("degree 7", "degree 8"),
    "e": "short",
    "f": "",
}


def run(documents: Path, output: Path, *flags: str) -> dict[str, dict[str, Any]]:
    command = [sys.executable, str(ROOT / "benchmarks/dedup.py"), str(documents), str(output), *flags]
    subprocess.run(command, check=True, capture_output=True, text=True, cwd=output.parent)
    return {row["id"]: row for row in map(json.loads, output.read_text().splitlines())}


@pytest.fixture
def documents(tmp_path: Path) -> Path:
    lines = [json.dumps({"id": name, "text": text}) for name, text in DOCUMENTS.items()]
    (tmp_path / "documents.jsonl.gz").write_bytes(gzip.compress("\n".join(lines).encode()))
    return tmp_path


def test_copies_join_the_longest_and_other_numbers_stay(documents: Path) -> None:
    found = run(documents, documents / "out.jsonl", "--grow", "2", "--json", str(documents / "table.json"))
    assert {name: row["cluster"] for name, row in found.items()} == {"a": "b", "b": "b", **{n: n for n in "cdef"}}
    assert [row["kept"] for row in found.values()] == [False, True, True, True, True, True]
    lines = json.loads((documents / "table.json").read_text())
    assert [line["tool"] for line in lines] == [
        "ours, verified", "datasketch", "datasketch, 5-grams given", "rensa", "rensa, 5-grams given", "ours, verified",
    ]  # fmt: skip
    assert lines[-1]["documents"] == 2 * len(DOCUMENTS) and all(line["documents_per_second"] > 0 for line in lines)


def test_the_labelled_set_is_decided_as_its_labels_say(shared: Path, tmp_path: Path) -> None:
    folder, output, scores = shared / "data/dedup", tmp_path / "out.jsonl", tmp_path / "scores.json"
    run(folder, output, "--no-peers")
    scorer = [sys.executable, str(shared / "tools/score_dedup.py"), str(folder), str(output), "--json", str(scores)]
    subprocess.run(scorer, check=True, capture_output=True, text=True)
    found = json.loads(scores.read_text())
    assert found["recall_mean_over_kinds"] >= 0.98 and found["wrong_removals"] == 0
    assert set(found["must_survive_removed"].values()) == {0}
