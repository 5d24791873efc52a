"""Deduplication keeps one of every page, the right one, and says why; other numbers make another exercise."""

import gzip
import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from page_rows import VERSION, page, prose, publish, publish_math_pages, publish_pages

from jobs import dedup
from jobs.lake.catalog import Lake
from jobs.lake.datasets import DEDUPED, DOMAIN_LOSSES, PAGES, SIGNATURES
from jobs.lake.settings import SettingsError
from jobs.lake.stage import StageError, execute
from jobs.runner import SparkOptions, SparkRun

OLD, NEW = datetime(2020, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("wrong", [{"threshold": 80}, {"most_lost": 50}, {"version": "v2", "earlier": ("v1", "v2")}])
def test_settings_out_of_reach_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(SettingsError, match=r"--(threshold 80|most-lost 50|earlier v2)"):
        dedup.Dedup(**wrong)


def run_dedup(lake: Lake, version: str = VERSION, **flags: Any) -> dict[str, dict[str, Any]]:
    settings = dedup.Dedup(version=version, parts=2, **flags)
    run = execute(dedup.STAGE, settings, SparkOptions(lake=lake.root), SparkRun)
    assert run is not None
    return {row["url"]: row for row in lake.read_table(DEDUPED.at(version)).to_pylist()}


def figures(lake: Lake, version: str = VERSION) -> dict[str, Any]:
    manifest = lake.find(DEDUPED.at(version))
    assert manifest is not None
    return manifest.figures


@pytest.mark.spark
def test_one_row_for_every_recalled_page(lake: Lake) -> None:
    exercise = prose("circle") + " Solve {}x + 3 = 18 and check your answer."
    rows = [
        page("https://e.org/a", prose("group"), fetched_at=OLD),
        page("https://www.e.org/a/?utm_source=x", prose("group") + " Edited.", fetched_at=NEW),
        page("https://f.org/copy", prose("group") + " Edited. Posted 2019-01-02", formulas_kept=3, domain="f.org"),
        page("https://f.org/exact", prose("group") + " EDITED!", domain="f.org"),
        page("https://e.org/ring", prose("ring"), fetched_at=OLD),
        page("https://e.org/ring#top", prose("field"), fetched_at=NEW),
        page("https://e.org/x5", exercise.format(5)),
        page("https://e.org/x6", exercise.format(6)),
        page("https://e.org/forum", prose("ring")),
    ]
    publish_pages(lake, "one", rows)
    publish_pages(lake, "two", [{**rows[6], "fetched_at": NEW}])  # the same record in two crawls
    publish_math_pages(lake, rows[:-1])
    found = run_dedup(lake)
    assert len(found) == 8 and "https://e.org/forum" not in found
    ids = {r["url"]: r["page_id"] for r in rows}
    stays = {url: (r["reason"], r["survives"]) for url, r in found.items()}
    assert stays == {
        "https://e.org/a": ("same_url", False),
        "https://www.e.org/a/?utm_source=x": ("near_duplicate", False),
        "https://f.org/copy": ("most_formulas", True),
        "https://f.org/exact": ("near_duplicate", False),
        "https://e.org/ring": ("same_url", False),
        "https://e.org/ring#top": ("newest", True),
        "https://e.org/x5": ("unique", True),
        "https://e.org/x6": ("unique", True),
    }
    assert {found[r["url"]]["cluster"] for r in rows[:4]} == {ids["https://f.org/copy"]}
    assert 0.9 < found["https://e.org/a"]["similarity"] < 1 and found["https://e.org/ring#top"]["similarity"] == 1
    assert found["https://e.org/ring"]["similarity"] < 0.1, "an older text of the address goes, like it or not"
    manifest = lake.find(DEDUPED.at(VERSION))
    assert manifest is not None and manifest.rows_in == manifest.rows == 8
    assert manifest.figures["kept_apart_by_numbers"] == 1 and manifest.figures["survivors"] == 4
    losses = {r["domain"]: r for r in lake.read_table(DOMAIN_LOSSES.at(VERSION)).to_pylist()}
    assert (losses["e.org"]["pages"], losses["e.org"]["same_url"], losses["e.org"]["near_duplicate"]) == (6, 2, 1)
    assert (losses["e.org"]["to_domain"], losses["f.org"]["to_domain"]) == ("f.org", "f.org")
    assert losses["f.org"]["lost"] == 0.5 and losses["f.org"]["tokens_lost"] == len(rows[3]["text"].split())


@pytest.mark.spark
def test_the_longest_of_copies_stays_then_the_smallest_id(lake: Lake) -> None:
    rows = [
        page("https://e.org/short", prose("group")),
        page("https://e.org/long", prose("group") + " Edited."),
        page("https://e.org/one", prose("ring"), page_id="0" * 16),
        page("https://e.org/two", prose("ring"), page_id="1" * 16),
    ]
    publish_pages(lake, "one", rows)
    publish_math_pages(lake, rows)
    assert {url.rpartition("/")[2]: r["reason"] for url, r in run_dedup(lake).items()} == {
        "short": "near_duplicate", "long": "longest", "one": "smallest_id", "two": "near_duplicate",
    }  # fmt: skip


@pytest.mark.spark
def test_a_domain_that_loses_most_of_its_pages_is_told(lake: Lake) -> None:
    rows = [page(f"https://a.org/{i}", prose("group"), domain="a.org") for i in range(30)]
    rows += [page(f"https://b.org/{i}", prose(f"thing{i}"), domain="b.org") for i in range(3)]
    publish_pages(lake, "one", rows)
    publish_math_pages(lake, rows)
    run_dedup(lake)
    assert figures(lake)["losing_domains"] == ["a.org: 96.7% of 30 pages"]
    assert figures(lake)["domains_over_most_lost"] == 1


@pytest.mark.spark
def test_a_second_crawl_is_compared_with_the_signatures_of_the_first(lake: Lake) -> None:
    first = [
        page("https://e.org/a", prose("group"), content_digest="a" * 40),
        page("https://e.org/a2", prose("group") + " Copied.", content_digest="b" * 40),
        page("https://e.org/b", prose("ring"), content_digest="c" * 40),
    ]
    publish_pages(lake, "one", first)
    publish_math_pages(lake, first)
    run_dedup(lake)
    for file in Path(lake.root).glob(f"{PAGES.at(VERSION, 'one').folder}/*"):
        file.unlink()  # the first crawl's texts are gone
    later = [
        page("https://e.org/a", "unread", content_digest="a" * 40, page_id="1" * 16),
        page("https://f.org/like-a2", prose("group") + " Copied. Twice.", formulas_kept=9, page_id="2" * 16),
        page("https://e.org/b", prose("field"), content_digest="d" * 40, page_id="3" * 16),
        page("https://e.org/new", prose("module"), page_id="4" * 16),
        page("https://f.org/new", prose("module") + " Also.", page_id="5" * 16),
    ]
    publish(lake, PAGES.at("v2", "two"), later)
    publish_math_pages(lake, later, "v2")
    found = run_dedup(lake, "v2", earlier=(VERSION,))
    assert {url: (r["reason"], r["cluster"]) for url, r in found.items()} == {
        "https://e.org/a": ("unchanged", first[1]["page_id"]),
        "https://f.org/like-a2": ("near_duplicate", first[1]["page_id"]),
        "https://e.org/b": ("unique", "3" * 16),
        "https://e.org/new": ("near_duplicate", "5" * 16),
        "https://f.org/new": ("longest", "5" * 16),
    }
    signed = lake.read_table(SIGNATURES.at("v2"), ["page_id"]).column("page_id").to_pylist()
    assert sorted(signed) == [c * 16 for c in "2345"], "an unchanged record is not signed again"
    third = [page("https://g.org/x", prose("module") + " Also.", page_id="6" * 16)]
    publish(lake, PAGES.at("v3", "three"), third)
    publish_math_pages(lake, third, "v3")
    assert run_dedup(lake, "v3", earlier=(VERSION, "v2"))["https://g.org/x"]["cluster"] == "5" * 16
    with pytest.raises(StageError, match=r"--earlier t: signatures/t was signed as '0.8 .*this run signs as '0.7 "):
        execute(
            dedup.STAGE, dedup.Dedup(version="v3", threshold=0.7, earlier=(VERSION,)),
            SparkOptions(lake=lake.root, replace=True), SparkRun,
        )  # fmt: skip


@pytest.mark.spark
def test_the_labelled_set_is_decided_as_its_labels_say(shared: Path, lake: Lake, tmp_path: Path) -> None:
    folder = shared / "data" / "dedup"
    with gzip.open(folder / "documents.jsonl.gz", "rt", encoding="utf-8") as lines:
        rows = [page(f"https://e.org/{d['id']}", d["text"]) for d in map(json.loads, lines)]
    publish_pages(lake, "one", rows)
    publish_math_pages(lake, rows)
    answers, scores = tmp_path / "answers.jsonl", tmp_path / "scores.json"
    found = run_dedup(lake)
    with answers.open("w") as out:
        for url, row in found.items():
            out.write(
                json.dumps({"id": url.rpartition("/")[2], "kept": row["survives"], "cluster": row["cluster"]}) + "\n"
            )
    scorer = [sys.executable, str(shared / "tools/score_dedup.py"), str(folder), str(answers), "--json", str(scores)]
    subprocess.run(scorer, check=True, capture_output=True, text=True)
    result = json.loads(scores.read_text())
    assert result["recall_mean_over_kinds"] >= 0.98 and result["wrong_removals"] == 0
    assert set(result["must_survive_removed"].values()) == {0}


@pytest.mark.spark
def test_the_same_pages_give_the_same_bytes(tmp_path: Path) -> None:
    rows = [page(f"https://e.org/{i}", prose(f"thing{i // 3}") + " end" * (i % 3)) for i in range(12)]
    bytes_of = []
    for name, ordered in (("a", rows), ("b", rows[::-1])):
        lake = Lake(str(tmp_path / name))
        publish_pages(lake, "one", ordered)
        publish_math_pages(lake, ordered)
        run_dedup(lake)
        made = [
            p for d in dedup.writes(dedup.Dedup(version=VERSION)) for p in (tmp_path / name / d.folder).glob("part-*")
        ]
        bytes_of.append({str(p.relative_to(tmp_path / name)): p.read_bytes() for p in made})
    assert bytes_of[0] == bytes_of[1] and len(bytes_of[0]) == 6
