"""The benchmark command writes a line for every document, measures itself, and leaves out peers that are missing."""

import gzip
import json
import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).resolve().parents[2] / "benchmarks" / "decontamination.py"
QUESTION = "A farmer has twelve hens and each hen lays five eggs every single week of the year."
DOCUMENTS = [
    {"id": "a", "text": f"Quiz: {QUESTION.upper()}", "contaminated": True, "hard": False, "url": "https://e.org/a"},
    {"id": "b", "text": "Nothing of the sort is here.", "contaminated": False, "hard": False, "url": "https://e.org/b"},
    {"id": "c", "text": QUESTION.replace("hen", "duck"), "contaminated": True, "hard": True, "url": "https://e.org/c"},
    {"id": "d", "text": "1 2 3 4 5 6 7 8 9 10 11 12", "contaminated": False, "hard": False, "url": None},
]


def run(folder: Path, *flags: str) -> tuple[list[dict[str, object]], list[dict[str, object]]]:
    (folder / "benchmarks/gsm8k").mkdir(parents=True, exist_ok=True)
    questions = [QUESTION, "Add 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 and 11."]
    (folder / "benchmarks/gsm8k/test.jsonl").write_text("\n".join(json.dumps({"question": q}) for q in questions))
    documents = folder / "documents.jsonl.gz"
    documents.write_bytes(gzip.compress("\n".join(map(json.dumps, DOCUMENTS)).encode()))
    command = [
        sys.executable, str(SCRIPT), str(documents), str(folder / "out.jsonl"), "--benchmarks",
        str(folder / "benchmarks"), "--json", str(folder / "table.json"), *flags,
    ]  # fmt: skip
    subprocess.run(command, check=True, capture_output=True, text=True, cwd=folder)
    lines = (folder / "out.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines], json.loads((folder / "table.json").read_text())


def test_maths_mode_names_items_and_measures_itself(tmp_path: Path) -> None:
    answers, (line,) = run(tmp_path, "--no-peers")
    assert answers == [
        {"id": "a", "flagged": True, "benchmark": ["gsm8k"], "item": ["gsm8k/0"]},
        *({"id": name, "flagged": False, "benchmark": [], "item": []} for name in "bcd"),
    ]
    assert (line["recall"], line["false_positives"]) == (1.0, 0.0)
    assert isinstance(line["documents_per_second"], float) and line["documents_per_second"] > 0


def test_paper_mode_is_the_rule_by_the_letter_and_peers_stand_beside_it(tmp_path: Path) -> None:
    answers, table = run(tmp_path, "--mode", "paper")
    assert [a["flagged"] for a in answers] == [False] * 4, "case and commas differ"
    assert [line["tool"] for line in table][:2] == ["ours, paper", "plain set of 10-grams"]


def test_the_guard_can_be_left_out(tmp_path: Path) -> None:
    answers, _ = run(tmp_path, "--no-peers", "--no-guard")
    assert [a["flagged"] for a in answers] == [True, False, False, True]
