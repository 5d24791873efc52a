"""Deduplication keeps one of every page, the right one, and says why; other numbers make another exercise."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from page_rows import VERSION, page, prose, publish_math_pages, publish_pages

from jobs import dedup
from jobs.duplicates import Candidate, Edge, choose_survivors
from jobs.lake.catalog import Lake
from jobs.lake.datasets import DEDUPED
from jobs.lake.settings import SettingsError
from jobs.lake.stage import execute
from jobs.runner import SparkOptions, SparkRun

A, B, C, D = (Candidate(name, 0, 100) for name in "abcd")


def outcome(edges: list[Edge]) -> dict[str, tuple[str, str]]:
    return {v.page_id: (v.cluster, v.reason) for v in choose_survivors(edges)}


def test_formulas_count_before_length_and_length_before_the_id() -> None:
    rich, long, short = Candidate("z", 9, 10), Candidate("y", 1, 99), Candidate("x", 1, 50)
    assert outcome([Edge(rich, long, 0.9)]) == {"y": ("z", "near_duplicate"), "z": ("z", "most_formulas")}
    assert outcome([Edge(short, long, 0.9)]) == {"x": ("y", "near_duplicate"), "y": ("y", "longest")}
    assert outcome([Edge(B, A, 0.9)]) == {"a": ("a", "smallest_id"), "b": ("a", "near_duplicate")}


def test_nothing_is_chained() -> None:
    chain = [Edge(A, B, 0.85), Edge(B, C, 0.85), Edge(C, D, 0.85)]
    assert outcome(chain) == {
        "a": ("a", "smallest_id"), "b": ("a", "near_duplicate"),
        "c": ("c", "smallest_id"), "d": ("c", "near_duplicate"),
    }  # fmt: skip


def test_a_page_joins_the_survivor_it_is_most_like() -> None:
    assert outcome([Edge(A, C, 0.82), Edge(B, C, 0.97)])["c"] == ("b", "near_duplicate")


def test_the_order_of_edges_changes_nothing() -> None:
    edges = [Edge(A, B, 0.9), Edge(B, C, 0.9), Edge(A, D, 0.8), Edge(C, D, 0.9)]
    assert outcome(edges) == outcome([Edge(e.other, e.one, e.similarity) for e in reversed(edges)])


def test_a_threshold_out_of_reach_is_refused() -> None:
    with pytest.raises(SettingsError, match="--threshold 80"):
        dedup.Dedup(threshold=80)


def run_dedup(lake: Lake) -> dict[str, dict[str, Any]]:
    run = execute(dedup.STAGE, dedup.Dedup(version=VERSION, parts=2), SparkOptions(lake=lake.root), SparkRun)
    assert run is not None
    return {row["url"]: row for row in lake.read_table(DEDUPED.at(VERSION)).to_pylist()}


@pytest.mark.spark
def test_one_row_for_every_recalled_page(lake: Lake) -> None:
    exercise = prose("circle") + " Solve {}x + 3 = 18 and check your answer."
    old, new = datetime(2020, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC)
    rows = [
        page("https://e.org/a", prose("group"), fetched_at=old),
        page("https://www.e.org/a/?utm_source=x", prose("group") + " Edited.", fetched_at=new),
        page("https://f.org/copy", prose("group") + " Edited. Posted 2019-01-02", formulas_kept=3),
        page("https://e.org/ring", prose("ring")),
        page("https://e.org/x5", exercise.format(5)),
        page("https://e.org/x6", exercise.format(6)),
        page("https://e.org/forum", prose("ring")),
    ]
    publish_pages(lake, "one", rows)
    publish_pages(lake, "two", [{**rows[3], "fetched_at": new}])  # the same record in two crawls
    publish_math_pages(lake, rows[:-1])
    found = run_dedup(lake)
    assert len(found) == 6 and "https://e.org/forum" not in found
    ids = {r["url"]: r["page_id"] for r in rows}
    stays = {url: (r["reason"], r["survives"]) for url, r in found.items()}
    assert stays == {
        "https://e.org/a": ("same_url", False),
        "https://www.e.org/a/?utm_source=x": ("near_duplicate", False),
        "https://f.org/copy": ("most_formulas", True),
        "https://e.org/ring": ("unique", True),
        "https://e.org/x5": ("unique", True),
        "https://e.org/x6": ("unique", True),
    }
    assert {found[r["url"]]["cluster"] for r in rows[:3]} == {ids["https://f.org/copy"]}
    assert 0.9 < found["https://e.org/a"]["similarity"] < 1 and found["https://e.org/ring"]["similarity"] == 1
    manifest = lake.find(DEDUPED.at(VERSION))
    assert manifest is not None and manifest.rows_in == manifest.rows == 6
    assert manifest.figures["kept_apart_by_numbers"] == 1 and manifest.figures["survivors"] == 4


@pytest.mark.spark
def test_the_same_pages_give_the_same_bytes(tmp_path: Path) -> None:
    rows = [page(f"https://e.org/{i}", prose(f"thing{i // 3}") + " end" * (i % 3)) for i in range(12)]
    bytes_of = []
    for name, ordered in (("a", rows), ("b", rows[::-1])):
        lake = Lake(str(tmp_path / name))
        publish_pages(lake, "one", ordered)
        publish_math_pages(lake, ordered)
        run_dedup(lake)
        bytes_of.append({p.name: p.read_bytes() for p in (tmp_path / name).rglob("deduped/*/part-*")})
    assert bytes_of[0] == bytes_of[1] and len(bytes_of[0]) == 2
