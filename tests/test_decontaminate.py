"""Decontamination removes what holds a benchmark text, says which, and keeps the rest with its provenance."""

import json
from pathlib import Path

import pytest
from page_rows import VERSION, page, prose, publish, publish_math_pages, publish_pages

from jobs import decontaminate
from jobs.contamination import BENCHMARK_TEXTS, BenchmarkText, ContaminationIndex, benchmark_texts, from_lines, to_lines
from jobs.lake.benchmarks import BenchmarkItem
from jobs.lake.catalog import Lake
from jobs.lake.datasets import CONTAMINATION, CORPUS, DEDUPED
from jobs.lake.stage import StageError, execute
from jobs.runner import SparkOptions, SparkRun

LONG = "A farmer has twelve hens and each hen lays five eggs every single week of the year."
SHORT = "What is 7 times 8?"


def test_a_question_that_a_file_repeats_for_its_options_is_one_text() -> None:
    items = [BenchmarkItem("mmlu", str(i), LONG) for i in range(4)] + [BenchmarkItem("other", "0", LONG, SHORT)]
    assert benchmark_texts(items) == [
        BenchmarkText("mmlu", "0", LONG), BenchmarkText("other", "0", LONG), BenchmarkText("other", "0", SHORT)
    ]  # fmt: skip


def test_an_item_is_hit_once_by_its_first_match() -> None:
    index = ContaminationIndex.build([BenchmarkText("b", "3", LONG), BenchmarkText("b", "3", SHORT)])
    (hit,) = index.hits(f"{SHORT} And then: {LONG}")
    assert (hit.benchmark, hit.item, hit.matched, hit.rule) == ("b", "3", "what is 7 times 8", "whole_3_to_9")


def test_texts_come_back_from_their_lines() -> None:
    texts = [BenchmarkText("b", "0", "数\n\u2028 line"), BenchmarkText("b", "1", "\ud800")]
    assert from_lines(to_lines(texts)) == texts


def test_a_folder_of_nothing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StageError, match="is no folder with files"):
        decontaminate.sources(decontaminate.Decontaminate(benchmarks=str(tmp_path / "none")))


@pytest.mark.spark
def test_contaminated_pages_go_and_the_rest_is_the_corpus(lake: Lake, tmp_path: Path) -> None:
    folder = tmp_path / "benchmarks"
    folder.mkdir()
    (folder / "b.jsonl").write_text("".join(json.dumps({"question": q}) + "\n" for q in (LONG, SHORT, "Prove it")))
    (folder / "README").write_text("about")
    rows = [
        page("https://e.org/clean", prose("group"), formulas_kept=2, language="zh"),
        page("https://e.org/long", prose("ring") + " " + LONG),
        page("https://e.org/short", f"{prose('field')} {SHORT} {LONG}"),
        page("https://e.org/copy", prose("group") + " Prove it"),
    ]
    publish_pages(lake, "one", rows)
    publish_math_pages(lake, rows)
    verdicts = [
        {"page_id": p["page_id"], "url": p["url"], "cluster": rows[0]["page_id"] if p is rows[3] else p["page_id"],
         "survives": p is not rows[3], "similarity": 1.0, "reason": "unique"}
        for p in rows
    ]  # fmt: skip
    publish(lake, DEDUPED.at(VERSION), verdicts)
    settings = decontaminate.Decontaminate(version=VERSION, parts=1, benchmarks=str(folder))
    run = execute(decontaminate.STAGE, settings, SparkOptions(lake=lake.root), SparkRun)
    assert run is not None

    hits = lake.read_table(CONTAMINATION.at(VERSION)).to_pylist()
    assert {(h["url"][-5:], h["benchmark"], h["item"], h["rule"]) for h in hits} == {
        ("/long", "b", "0", "ngram_10"), ("short", "b", "0", "ngram_10"), ("short", "b", "1", "whole_3_to_9"),
    }  # fmt: skip
    assert {h["matched"] for h in hits} == {"a farmer has twelve hens and each hen lays five", "what is 7 times 8"}
    (kept,) = lake.read_table(CORPUS.at(VERSION)).to_pylist()
    assert (kept["url"], kept["crawl"], kept["formulas"], kept["language"], kept["round"], kept["cluster"]) == (
        "https://e.org/clean", "one", 2, "zh", 1, rows[0]["page_id"]
    )  # fmt: skip
    assert run.rows_in == 4 and run.dropped == {"duplicate": 1, "contaminated": 2}
    assert run.figures["hits_by_benchmark"] == {"b": 2} and run.figures["texts_too_short"] == 1
    assert run.figures["unread_benchmarks"][0]["file"] == "README"  # type: ignore[index,call-overload]
    texts = from_lines(lake.storage.read(f"{CONTAMINATION.at(VERSION).folder}/{BENCHMARK_TEXTS}"))
    assert [t.text for t in texts] == [LONG, SHORT, "Prove it"]
