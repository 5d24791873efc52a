"""The list that people fill in: most to gain first, what stands from earlier rounds, never over somebody's work."""

from pathlib import Path

import pytest
from page_rows import VERSION
from round_rows import approval, domain_row, prefix_row, publish_round

from jobs import candidates
from jobs.candidates import Candidates, write_candidates
from jobs.decision_files import ReviewRow, read_rows
from jobs.lake.catalog import Lake, Unfinished
from jobs.lake.datasets import APPROVALS, DOMAINS
from jobs.lake.settings import SettingsError
from jobs.lake.stage import StageError

E_ORG = domain_row("e.org", prefix_row("e.org", 60, 22, 5000), prefix_row("e.org/maths", 20, 18, 300))
N_ORG = domain_row("n.org", prefix_row("n.org", 10, 2, 20_000))


@pytest.mark.parametrize("name", ["review.csv", "review.jsonl", "review.parquet"])
def test_those_with_most_to_gain_come_first_and_nothing_is_decided(lake: Lake, tmp_path: Path, name: str) -> None:
    publish_round(lake, DOMAINS, 1, [E_ORG, N_ORG])
    assert write_candidates(Candidates(VERSION, 1, str(tmp_path / name)), lake) == 3
    rows = read_rows(tmp_path / name)
    assert [(r.prefix, r.expected_tokens, r.decision, r.reviewer, r.note, r.earlier) for r in rows] == [
        ("n.org", 4000, "", "", "", ""), ("e.org", 1833, "", "", "", ""), ("e.org/maths", 270, "", "", "", ""),
    ]  # fmt: skip
    assert rows[2].share_low == pytest.approx(0.699, abs=1e-3) and rows[2].share_high == pytest.approx(0.972, abs=1e-3)
    assert rows[2].samples == "https://e.org/maths/1 https://e.org/maths/2"


def test_what_stands_from_earlier_rounds_is_shown_and_can_be_undone(lake: Lake, tmp_path: Path) -> None:
    publish_round(lake, APPROVALS, 1, [approval("e.org", "reject"), approval("old.org/x"), approval("taken.back")])
    publish_round(lake, APPROVALS, 2, [approval("taken.back", "undo")])
    publish_round(lake, DOMAINS, 3, [E_ORG])
    write_candidates(Candidates(VERSION, 3, str(tmp_path / "r.csv")), lake)
    rejected = "e.org: reject (Ada, 2026-11-22)"
    assert [(r.prefix, r.earlier) for r in read_rows(tmp_path / "r.csv")] == [
        ("e.org", rejected), ("e.org/maths", rejected), ("old.org/x", "old.org/x: approve (Ada, 2026-11-22)"),
    ]  # fmt: skip
    assert read_rows(tmp_path / "r.csv")[2] == ReviewRow(
        "old.org/x", earlier="old.org/x: approve (Ada, 2026-11-22)", domain="old.org"
    )


def test_a_file_that_is_there_is_left_alone(lake: Lake, tmp_path: Path) -> None:
    publish_round(lake, DOMAINS, 1, [E_ORG])
    (tmp_path / "r.csv").write_text("somebody's decisions")
    with pytest.raises(StageError, match="it is there already"):
        write_candidates(Candidates(VERSION, 1, str(tmp_path / "r.csv")), lake)
    assert (tmp_path / "r.csv").read_text() == "somebody's decisions"


def test_what_cannot_be_written_is_refused(lake: Lake, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"'r.xls': write a .csv"):
        Candidates(file="r.xls")
    with pytest.raises(Unfinished, match="domains/t/round=1 has no manifest"):
        write_candidates(Candidates(VERSION, 1, str(tmp_path / "r.csv")), lake)
    assert not (tmp_path / "r.csv").exists()


def test_the_command_says_what_it_wrote_and_what_it_refuses(
    lake: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish_round(lake, DOMAINS, 1, [E_ORG])
    words = ["candidates", "--version", VERSION, "--lake", lake.root, "--file", str(tmp_path / "r.csv")]
    monkeypatch.setattr("sys.argv", words)
    candidates.main()
    assert len(read_rows(tmp_path / "r.csv")) == 2
    with pytest.raises(SystemExit, match="2"):
        candidates.main()
