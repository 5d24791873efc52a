"""Precision from judged pages: of the random sample only, by the weight of each stratum, and never from half of it."""

import json
from pathlib import Path
from typing import Any

import pytest
from page_rows import VERSION

from jobs import judgements
from jobs.judgements import Judgements
from jobs.lake.catalog import Lake
from jobs.lake.datasets import JUDGEMENTS, RECALLED
from jobs.lake.manifest import Provenance
from jobs.lake.settings import RunOptions, SettingsError
from jobs.lake.stage import Run, StageError, execute

PERSON = {"reviewer": "Ada", "decided_at": "2026-11-22T10:00:00Z"}
SAMPLE = [
    {"stratum": stratum, "stratum_pages": pages, "page_id": f"{stratum}{n}", "url": f"https://e.org/{stratum}{n}"}
    for stratum, pages in ((1, 100), (2, 900))
    for n in range(4)
]
MARGINAL = [{"kept": n < 2, "page_id": f"m{n}", "score": 0.5} for n in range(4)]


@pytest.fixture
def recalled(lake: Lake) -> None:
    publication = lake.begin(RECALLED.at(VERSION, 2), Provenance("tests", {}, {}, {}))
    assert publication is not None
    for name, rows in (("sample.jsonl", SAMPLE), ("marginal.jsonl", MARGINAL)):
        publication.write(name, "".join(json.dumps(row) + "\n" for row in rows).encode())
    publication.finish()


def run_judgements(lake: Lake, path: Path, rows: list[dict[str, Any]]) -> Run:
    path.write_text("\n".join(json.dumps(row) for row in rows))
    settings = Judgements(version=VERSION, round=2, file=str(path), **PERSON)
    run = execute(judgements.STAGE, settings, RunOptions(lake=lake.root, replace=True))
    assert run is not None
    return run


def judged(page: dict[str, Any], verdict: bool) -> dict[str, Any]:
    return {**page, "mathematical": verdict}


@pytest.mark.usefixtures("recalled")
def test_a_stratum_counts_by_its_pages_and_marginal_pages_count_apart(lake: Lake, tmp_path: Path) -> None:
    rows = [judged(p, p["stratum"] == 2) for p in SAMPLE] + [judged(p, n < 2) for n, p in enumerate(MARGINAL[:3])]
    run = run_judgements(lake, tmp_path / "judged.jsonl", [*rows, {"page_id": "elsewhere", "mathematical": True}])
    assert run.figures["precision"] == pytest.approx(0.9), "the stratum of 900 is right, that of 100 is not"
    low, high = run.figures["low"], run.figures["high"]
    assert isinstance(low, float) and isinstance(high, float) and 0.4 < low < 0.7 and 0.9 <= high < 0.97
    assert run.figures["above_cut"] == {"judged": 2, "mathematical": 2}
    assert run.figures["below_cut"] == {"judged": 1, "mathematical": 0}
    assert run.dropped == {"of_no_page_listed": 1} and run.figures["judged"] == 8
    written = json.loads(lake.storage.read(f"{JUDGEMENTS.at(VERSION, 2).folder}/precision.json"))
    assert written["precision"] == run.figures["precision"] and written["reviewer"] == "Ada"


@pytest.mark.usefixtures("recalled")
def test_a_stratum_that_nobody_judged_is_refused(lake: Lake, tmp_path: Path) -> None:
    rows = [judged(p, True) for p in SAMPLE if p["stratum"] == 2] + [p for p in SAMPLE if p["stratum"] == 1]
    with pytest.raises(StageError, match="no page of stratum 1 of sample.jsonl is judged"):
        run_judgements(lake, tmp_path / "judged.jsonl", rows)


@pytest.mark.usefixtures("recalled")
@pytest.mark.parametrize(
    ("rows", "complaint"),
    [
        ([{"page_id": "10", "mathematical": "yes"}], "line 1: write .* true or false"),
        ([{"mathematical": True}], "line 1: write .* beside the page_id"),
        ([judged(SAMPLE[0], True), judged(SAMPLE[0], False)], "line 2: page 10 is judged twice, and not alike"),
    ],
)
def test_lines_that_cannot_be_used_are_refused(
    lake: Lake, tmp_path: Path, rows: list[dict[str, Any]], complaint: str
) -> None:
    with pytest.raises(StageError, match=complaint):
        run_judgements(lake, tmp_path / "judged.jsonl", rows)


def test_nobody_judges_without_a_name_and_a_time() -> None:
    with pytest.raises(SettingsError, match="give --file, --reviewer NAME and --decided-at TIME"):
        Judgements(file="judged.jsonl")
    with pytest.raises(SettingsError, match="no ISO 8601 time"):
        Judgements(file="judged.jsonl", reviewer="Ada", decided_at="yesterday")
