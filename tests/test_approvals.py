"""Approvals: who decided, when and why is recorded; nobody decides on what nobody asked; nothing is erased."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from page_rows import VERSION
from round_rows import approval, domain_row, prefix_row, publish_round

from jobs import approvals
from jobs.approvals import SET_ASIDE, Approvals
from jobs.candidates import Candidates, write_candidates
from jobs.decision_files import ReviewRow, read_rows, rows_as_bytes
from jobs.lake.catalog import Lake
from jobs.lake.datasets import APPROVALS, DOMAINS
from jobs.lake.settings import RunOptions, SettingsError
from jobs.lake.stage import Run, StageError, execute

PERSON = {"reviewer": "Ada Lovelace", "decided_at": "2026-11-22T10:00:00+02:00"}
EIGHT = datetime(2026, 11, 22, 8, tzinfo=UTC)
E_ORG = domain_row("e.org", prefix_row("e.org", 60, 22), prefix_row("e.org/maths", 20, 18))


@pytest.fixture
def domains(lake: Lake) -> None:
    publish_round(lake, DOMAINS, 1, [E_ORG])


def run_approvals(lake: Lake, **settings: Any) -> tuple[Run, list[dict[str, Any]]]:
    run = execute(approvals.STAGE, Approvals(version=VERSION, **settings), RunOptions(lake=lake.root, replace=True))
    assert run is not None
    return run, lake.read_table(APPROVALS.at(VERSION, settings.get("round", 1))).to_pylist()


def decided(rows: list[dict[str, Any]]) -> list[tuple[str, str]]:
    return [(r["prefix"], r["decision"]) for r in rows]


def write(path: Path, *rows: str) -> str:
    path.write_text("\n".join(["prefix,decision,reviewer,decided_at,note", *rows]) + "\n")
    return str(path)


@pytest.mark.usefixtures("domains")
def test_a_rule_decides_everything_and_signs_as_itself(lake: Lake) -> None:
    run, rows = run_approvals(lake, rule="share>=0.5")
    assert [(r["prefix"], r["decision"], r["reviewer"]) for r in rows] == [
        ("e.org", "reject", "rule:share>=0.5"), ("e.org/maths", "approve", "rule:share>=0.5"),
    ]  # fmt: skip
    finished = lake.require(DOMAINS.at(VERSION, 1), "test").finished_at
    assert {r["decided_at"] for r in rows} == {datetime.fromisoformat(finished)}
    assert (run.figures["approved"], run.figures["rejected"], run.figures["exceptions"]) == (1, 1, 1)
    files = lake.require(APPROVALS.at(VERSION, 1), "test").files
    run_approvals(lake, rule="share>=0.5")
    assert lake.require(APPROVALS.at(VERSION, 1), "test").files == files


@pytest.mark.usefixtures("domains")
def test_a_person_may_let_the_rule_decide(lake: Lake) -> None:
    _, rows = run_approvals(lake, rule="share>=0.5", note="agreed", **PERSON)
    assert {r["reviewer"] for r in rows} == {"Ada Lovelace by rule:share>=0.5"}
    assert rows[0]["note"] == "agreed; 22 of 60 pages recalled, share 0.367"
    assert rows[0]["decided_at"] == EIGHT


@pytest.mark.usefixtures("domains")
def test_a_person_decides_some_and_the_rest_is_counted(lake: Lake, tmp_path: Path) -> None:
    file = write(tmp_path / "d.csv", "e.org/maths,approve,,,", ",,,,", "e.org,,,,not sure yet")
    run, rows = run_approvals(lake, decisions=file, note="looked at five pages", **PERSON)
    assert rows == [{
        "prefix": "e.org/maths", "domain": "e.org", "decision": "approve", "reviewer": "Ada Lovelace",
        "decided_at": EIGHT, "note": "looked at five pages",
    }]  # fmt: skip
    assert run.dropped == {"undecided": 1}


@pytest.mark.usefixtures("domains")
@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".parquet"])
def test_the_list_of_candidates_filled_in_is_a_decisions_file(lake: Lake, tmp_path: Path, suffix: str) -> None:
    listed, filled = tmp_path / f"listed{suffix}", tmp_path / f"filled{suffix}"
    write_candidates(Candidates(VERSION, 1, str(listed)), lake)
    rows = [ReviewRow(r.prefix, "approve", "=1+1") for r in read_rows(listed)]
    filled.write_bytes(rows_as_bytes(rows, suffix))
    assert run_approvals(lake, decisions=str(listed), **PERSON)[1] == [], "an empty decision is none"
    _, approved = run_approvals(lake, decisions=str(filled), **PERSON)
    assert [(r["prefix"], r["note"]) for r in approved] == [("e.org", "=1+1"), ("e.org/maths", "=1+1")]


@pytest.mark.usefixtures("domains")
def test_a_person_may_decide_nothing(lake: Lake, tmp_path: Path) -> None:
    (tmp_path / "d.csv").write_text("")
    run, rows = run_approvals(lake, decisions=str(tmp_path / "d.csv"), **PERSON)
    assert rows == [] and run.figures["approved"] == 0


@pytest.mark.usefixtures("domains")
def test_a_row_that_names_its_reviewer_and_time_keeps_them(lake: Lake, tmp_path: Path) -> None:
    file = write(tmp_path / "d.csv", "e.org,reject,Emmy,2026-11-20T09:00Z,", "e.org/maths,approve,,,")
    _, rows = run_approvals(lake, decisions=file, **PERSON)
    assert [(r["reviewer"], r["decided_at"]) for r in rows] == [
        ("Emmy", datetime(2026, 11, 20, 9, tzinfo=UTC)), ("Ada Lovelace", EIGHT),
    ]  # fmt: skip


@pytest.mark.usefixtures("domains")
def test_a_folder_of_several_peoples_files_must_agree(lake: Lake, tmp_path: Path) -> None:
    folder = tmp_path / "files"
    folder.mkdir()
    write(folder / "ada.csv", "e.org/maths,approve,Ada,2026-11-20,")
    write(folder / "emmy.csv", "e.org/maths,approve,Emmy,2026-11-21,", "e.org,reject,Emmy,2026-11-21,")
    _, rows = run_approvals(lake, decisions=str(folder))
    assert [(r["prefix"], r["reviewer"]) for r in rows] == [("e.org", "Emmy"), ("e.org/maths", "Ada and Emmy")]
    before = lake.require(APPROVALS.at(VERSION, 1), "test").files
    write(folder / "zeno.csv", "e.org,approve,Zeno,2026-11-21,")
    with pytest.raises(StageError, match=r"e.org: reject \(Emmy, emmy.csv, row 2\), approve \(Zeno, zeno.csv, row 1\)"):
        run_approvals(lake, decisions=str(folder))
    assert lake.require(APPROVALS.at(VERSION, 1), "test").files == before, "--replace with a bad file loses nothing"


@pytest.mark.usefixtures("domains")
def test_the_decisions_of_another_crawl_are_used_where_they_fit_and_kept_apart_else(lake: Lake, tmp_path: Path) -> None:
    file = write(tmp_path / "d.csv", "e.org/maths,approve,Emmy,2026-11-21,", "far.org,reject,Emmy,2026-11-21,=spam",
                 "e.org,undo,Emmy,2026-11-21,")  # fmt: skip
    with pytest.raises(StageError, match="'far.org' is not one of this round's 2 candidate.*--from-elsewhere"):
        run_approvals(lake, decisions=file)
    assert lake.find(APPROVALS.at(VERSION, 1)) is None
    run, rows = run_approvals(lake, decisions=file, from_elsewhere=True)
    assert decided(rows) == [("e.org/maths", "approve")]
    assert run.dropped == {"set_aside": 2, "undecided": 1}
    aside = tmp_path / "aside.csv"
    aside.write_bytes(lake.storage.read(f"{APPROVALS.at(VERSION, 1).folder}/{SET_ASIDE}"))
    assert read_rows(aside) == [
        ReviewRow("far.org", "reject", "=spam", "Emmy", "2026-11-21"),
        ReviewRow("e.org", "undo", "", "Emmy", "2026-11-21"),
    ]


@pytest.mark.usefixtures("domains")
def test_approvals_of_one_lake_are_decisions_for_another(lake: Lake, tmp_path: Path) -> None:
    _, rows = run_approvals(lake, rule="share>=0.5", note="agreed", **PERSON)
    parquet = tmp_path / "lake" / APPROVALS.at(VERSION, 1).folder / "part-00000.parquet"
    other = Lake(str(tmp_path / "other"))
    publish_round(other, DOMAINS, 1, [E_ORG])
    assert run_approvals(other, decisions=str(parquet))[1] == rows


def test_an_earlier_decision_is_replaced_or_undone_and_kept_as_history(lake: Lake, tmp_path: Path) -> None:
    publish_round(lake, APPROVALS, 1, [approval("gone.org"), approval("e.org/maths"), approval("wrong.org")])
    publish_round(lake, DOMAINS, 2, [E_ORG])
    file = write(tmp_path / "d.csv", "gone.org,reject,,,", "wrong.org,undo,,,typed in haste", "e.org/maths,undo,,,")
    run, rows = run_approvals(lake, round=2, decisions=file, **PERSON)
    assert [(r["prefix"], r["domain"], r["decision"]) for r in rows] == [
        ("e.org/maths", "e.org", "undo"), ("gone.org", "gone.org", "reject"), ("wrong.org", "wrong.org", "undo"),
    ]  # fmt: skip
    assert (run.figures["undone"], run.figures["rejected"], run.dropped) == (2, 1, {"undecided": 1})
    first = lake.read_table(APPROVALS.at(VERSION, 1)).to_pylist()
    assert {r["decision"] for r in first} == {"approve"}, "what was decided in a round stays there"


def test_what_does_not_stand_cannot_be_undone(lake: Lake, tmp_path: Path) -> None:
    publish_round(lake, APPROVALS, 1, [approval("once.org")])
    publish_round(lake, APPROVALS, 2, [approval("once.org", "undo")])
    publish_round(lake, DOMAINS, 3, [E_ORG])
    for prefix in ("once.org", "e.org"):
        file = write(tmp_path / "d.csv", f"{prefix},undo,,,")
        with pytest.raises(StageError, match=f"row 1: nothing to undo: .*'{prefix}'"):
            run_approvals(lake, round=3, decisions=file, **PERSON)


def test_a_rule_alone_decides_nothing_within_what_a_person_decided(lake: Lake) -> None:
    publish_round(
        lake, APPROVALS, 1, [approval("e.org", "reject"), approval("r.org") | {"reviewer": "rule:share>=0.1"}]
    )
    r_org = domain_row("r.org", prefix_row("r.org", 20, 3))
    publish_round(lake, DOMAINS, 2, [E_ORG, r_org])
    run, rows = run_approvals(lake, round=2, rule="share>=0.5")
    assert decided(rows) == [("r.org", "reject")], "a rule may change a rule's mind"
    assert run.dropped == {"left_to_people": 2}
    _, rows = run_approvals(lake, round=2, rule="share>=0.5", **PERSON)
    assert decided(rows) == [("e.org", "reject"), ("e.org/maths", "approve"), ("r.org", "reject")]


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({}, "give either --decisions FILE .* or --rule"),
        ({"decisions": "d.csv", "rule": "share>=0.5", **PERSON}, "give either"),
        ({"decisions": "d.csv", "reviewer": "Ada", "decided_at": "noon"}, "'noon' is no ISO 8601 time"),
        ({"rule": "share>=0.5", "reviewer": "Ada"}, "needs --reviewer NAME and --decided-at TIME"),
        ({"rule": "share>=0.5", "note": "fine"}, "needs --reviewer NAME and --decided-at TIME"),
        ({"rule": "drop table"}, "cannot read 'drop table'"),
    ],
)
def test_settings_that_leave_the_decision_open_are_refused(settings: Any, complaint: str) -> None:
    with pytest.raises(SettingsError, match=complaint):
        Approvals(**settings)


@pytest.mark.usefixtures("domains")
@pytest.mark.parametrize(
    ("row", "complaint"),
    [
        ("e.org/math,approve,Ada,2026-11-22,", "row 1: 'e.org/math' is not one of this round's 2 candidate prefixes"),
        ("e.org/maths,yes,Ada,2026-11-22,", "row 1: decision is 'yes'; write approve, reject or undo"),
        ("e.org,approve,,2026-11-22,", "row 1: no reviewer or no decided_at"),
        ("e.org,approve,Ada,,", "row 1: no reviewer or no decided_at"),
        ("e.org,approve,Ada,noon,", "row 1: .*'noon' is no ISO 8601 time"),
        ("e.org,approve,Ada,0001-01-01T00:00+14:00,", "row 1: .* is no ISO 8601 time"),
        ("e.org,approve,\x1b[31mAda,2026-11-22,", r"row 1: reviewer is '\\x1b\[31mAda'"),
        ("e.org,approve,Ada,2026-11-22,\ne.org,reject,Ada,2026-11-22,", "the decisions contradict each other"),
    ],
)
def test_a_row_that_cannot_be_used_is_refused(lake: Lake, tmp_path: Path, row: str, complaint: str) -> None:
    with pytest.raises(StageError, match=complaint):
        run_approvals(lake, decisions=write(tmp_path / "d.csv", row))
    assert lake.find(APPROVALS.at(VERSION, 1)) is None


@pytest.mark.usefixtures("domains")
def test_a_missing_file_is_refused(lake: Lake, tmp_path: Path) -> None:
    with pytest.raises(StageError, match="there is no such file"):
        run_approvals(lake, decisions=str(tmp_path / "none.csv"), **PERSON)


def test_two_decisions_that_change_places_are_another_input(tmp_path: Path) -> None:
    def digest(approved: int) -> dict[str, str]:
        rows = [f"e.org/{n:05},{'approve' if n == approved else 'reject'},,," for n in range(20_000)]
        return approvals.sources(Approvals(decisions=write(tmp_path / "d.csv", *rows)))

    assert digest(10_000) != digest(10_001), "size and ends of the file are the same"
