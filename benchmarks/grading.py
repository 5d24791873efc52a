"""Verdicts of the grader on labelled pairs or whole responses, one line each, for a scorer to judge.

    python benchmarks/grading.py PAIRS.jsonl.gz OUT.jsonl [--mode strict|paper]

A row has `id`, `gold` and either `answer` (an extracted answer) or `response` (a whole one). A line of OUT has `id`,
`verdict` (true or false), `rule` and `seconds` of wall time. The grader sees no other field. At the end the speeds are
told, in processor time of this process: of all rows, of golds that are plain numbers and of golds in TeX (again, warm).
"""

import argparse
import gzip
import json
import re
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # run as a file, from any folder

from training.grading import Mode, compare, grade


@dataclass(frozen=True)
class Row:
    id: str
    gold: str
    text: str
    is_response: bool


@dataclass(frozen=True)
class Judged:
    """A line of the output."""

    id: str
    verdict: bool
    rule: str
    seconds: float


def read_rows(path: Path) -> Iterator[Row]:
    with gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8") as lines:
        for line in lines:
            if line.strip():
                row = json.loads(line)
                text = row["response"] if "response" in row else row["answer"]
                yield Row(row["id"], row["gold"], text, "response" in row)


def judge(row: Row, mode: Mode) -> Judged:
    started = time.perf_counter()
    verdict = grade(row.text, row.gold, mode) if row.is_response else compare(row.text, row.gold, mode)
    return Judged(row.id, verdict.correct, verdict.rule, round(time.perf_counter() - started, 6))


def speed(rows: list[Row], mode: Mode) -> str:
    started = time.process_time()
    for row in rows:
        judge(row, mode)
    return f"{len(rows)} rows, {len(rows) / max(time.process_time() - started, 1e-9):,.0f}/s"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rows", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--mode", choices=["strict", "paper"], default="strict")
    arguments = parser.parse_args()
    rows = list(read_rows(arguments.rows))
    started = time.process_time()
    judged = [judge(row, arguments.mode) for row in rows]
    spent = time.process_time() - started
    numbers = [r for r in rows if re.fullmatch(r"-?[\d.,]+", r.gold) and len(r.text) < 500]
    tex = [r for r in rows if "\\" in r.gold and len(r.text) < 500]
    arguments.out.write_text("".join(json.dumps(asdict(j)) + "\n" for j in judged), encoding="utf-8")
    worst = max(judged, key=lambda j: j.seconds)
    print(f"{len(rows)} rows in {spent:.2f} CPU s ({len(rows) / spent:,.0f}/s), worst {worst.id} {worst.seconds:.3f} s")
    print(f"plain golds: {speed(numbers, arguments.mode)}; TeX golds: {speed(tex, arguments.mode)}")


if __name__ == "__main__":
    main()
