"""Approvals: who decided, when and why is recorded; nobody decides on what nobody asked."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from page_rows import VERSION
from round_rows import publish_round

from jobs import approvals
from jobs.approvals import Approvals
from jobs.lake.catalog import Lake
from jobs.lake.datasets import APPROVALS, DOMAINS
from jobs.lake.settings import RunOptions, SettingsError
from jobs.lake.stage import Run, StageError, execute

PERSON = {"reviewer": "Ada Lovelace", "decided_at": "2026-11-22T10:00:00+02:00"}


def prefix(name: str, pages: int, recalled: int) -> dict[str, Any]:
    return {"prefix": name, "pages": pages, "recalled": recalled, "share": recalled / pages, "samples": []}


@pytest.fixture
def domains(lake: Lake) -> None:
    publish_round(lake, DOMAINS, 1, [
        {"domain": "e.org", "pages": 60, "recalled": 22, "share": 0.36, "tokens": 1, "missed_tokens": 1,
         "mathematical": True, "prefixes": [prefix("e.org", 60, 22), prefix("e.org/maths", 20, 18)]},
        {"domain": "n.org", "pages": 9, "recalled": 0, "share": 0.0, "tokens": 0, "missed_tokens": 9,
         "mathematical": False, "prefixes": []},
    ])  # fmt: skip


def run_approvals(lake: Lake, **settings: Any) -> tuple[Run, list[dict[str, Any]]]:
    run = execute(approvals.STAGE, Approvals(version=VERSION, **settings), RunOptions(lake=lake.root, replace=True))
    assert run is not None
    return run, lake.read_table(APPROVALS.at(VERSION, 1)).to_pylist()


@pytest.mark.usefixtures("domains")
def test_a_rule_decides_everything_and_signs_as_itself(lake: Lake) -> None:
    run, rows = run_approvals(lake, rule="share>=0.5")
    assert [(r["prefix"], r["decision"], r["reviewer"]) for r in rows] == [
        ("e.org", "reject", "rule:share>=0.5"), ("e.org/maths", "approve", "rule:share>=0.5"),
    ]  # fmt: skip
    finished = lake.require(DOMAINS.at(VERSION, 1), "test").finished_at
    assert {r["decided_at"] for r in rows} == {datetime.fromisoformat(finished)}
    assert (run.figures["approved"], run.figures["rejected"]) == (1, 1)
    files = lake.require(APPROVALS.at(VERSION, 1), "test").files
    run_approvals(lake, rule="share>=0.5")
    assert lake.require(APPROVALS.at(VERSION, 1), "test").files == files


@pytest.mark.usefixtures("domains")
def test_a_person_may_let_the_rule_decide(lake: Lake) -> None:
    _, rows = run_approvals(lake, rule="share>=0.5", note="agreed", **PERSON)
    assert {r["reviewer"] for r in rows} == {"Ada Lovelace by rule:share>=0.5"}
    assert rows[0]["note"] == "agreed; 22 of 60 pages recalled, share 0.367"
    assert rows[0]["decided_at"] == datetime(2026, 11, 22, 8, tzinfo=UTC)


@pytest.mark.usefixtures("domains")
def test_a_person_decides_some_and_the_rest_is_counted(lake: Lake, tmp_path: Path) -> None:
    (tmp_path / "d.csv").write_text("prefix,decision\ne.org/maths,approve\n")
    run, rows = run_approvals(lake, decisions=str(tmp_path / "d.csv"), note="looked at five pages", **PERSON)
    assert rows == [{
        "prefix": "e.org/maths", "domain": "e.org", "decision": "approve", "reviewer": "Ada Lovelace",
        "decided_at": datetime(2026, 11, 22, 8, tzinfo=UTC), "note": "looked at five pages",
    }]  # fmt: skip
    assert run.dropped == {"undecided": 1}


@pytest.mark.usefixtures("domains")
def test_a_person_may_decide_nothing(lake: Lake, tmp_path: Path) -> None:
    (tmp_path / "d.csv").write_text("")
    run, rows = run_approvals(lake, decisions=str(tmp_path / "d.csv"), **PERSON)
    assert rows == [] and run.figures["approved"] == 0


@pytest.mark.usefixtures("domains")
def test_a_prefix_that_nobody_asked_about_is_refused(lake: Lake, tmp_path: Path) -> None:
    (tmp_path / "d.csv").write_text("prefix,decision\nn.org,approve\n")
    with pytest.raises(StageError, match="'n.org' is not one of this round's 2 candidate prefixes"):
        run_approvals(lake, decisions=str(tmp_path / "d.csv"), **PERSON)
    assert lake.find(APPROVALS.at(VERSION, 1)) is None


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({}, "give either --decisions FILE .* or --rule"),
        ({"decisions": "d.csv", "rule": "share>=0.5", **PERSON}, "give either"),
        ({"decisions": "d.csv", "decided_at": "2026-11-22"}, "needs --reviewer NAME and --decided-at TIME"),
        ({"decisions": "d.csv", "reviewer": "Ada"}, "needs --reviewer NAME and --decided-at TIME"),
        ({"decisions": "d.csv", "reviewer": "Ada", "decided_at": "noon"}, "'noon' is no ISO 8601 time"),
        ({"rule": "share>=0.5", "reviewer": "Ada"}, "needs --reviewer NAME and --decided-at TIME"),
        ({"rule": "drop table"}, "cannot read 'drop table'"),
    ],
)
def test_settings_that_leave_the_decision_open_are_refused(settings: Any, complaint: str) -> None:
    with pytest.raises(SettingsError, match=complaint):
        Approvals(**settings)


@pytest.mark.usefixtures("domains")
def test_a_missing_file_is_refused(lake: Lake, tmp_path: Path) -> None:
    with pytest.raises(StageError, match="there is no such file"):
        run_approvals(lake, decisions=str(tmp_path / "none.csv"), **PERSON)
