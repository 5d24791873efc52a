"""Decontamination removes what holds a benchmark text, says which, and keeps the rest with its provenance."""

import json
from pathlib import Path
from typing import Any

import pytest
from page_rows import VERSION, page, prose, publish, publish_math_pages, publish_pages

from jobs import decontaminate
from jobs.contamination import BENCHMARK_TEXTS, BenchmarkText, ContaminationIndex, benchmark_texts
from jobs.lake.benchmarks import BenchmarkItem
from jobs.lake.catalog import Lake
from jobs.lake.datasets import COMMON_PHRASES, CONTAMINATION, CORPUS, DEDUPED
from jobs.lake.stage import StageError, execute
from jobs.runner import SparkOptions, SparkRun
from jobs.text.normalise import count_tokens

LONG = "A farmer has twelve hens and each hen lays five eggs every single week of the year."
SHORT = "What is 7 times 8?"
COUNT = "Add 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12."


def test_a_question_that_a_file_repeats_for_its_options_is_one_text() -> None:
    items = [BenchmarkItem("mmlu", str(i), LONG) for i in range(4)] + [BenchmarkItem("other", "0", LONG, SHORT)]
    assert benchmark_texts(items) == [
        BenchmarkText("mmlu", "0", LONG), BenchmarkText("other", "0", LONG), BenchmarkText("other", "0", SHORT)
    ]  # fmt: skip


def test_an_item_is_hit_once_by_its_longest_run() -> None:
    index = ContaminationIndex.build([BenchmarkText("b", "3", LONG), BenchmarkText("b", "3", SHORT)])
    page = f"{SHORT} And then:\n{LONG}"
    (hit,) = index.hits(page)
    assert (hit.benchmark, hit.item, hit.rule, hit.words, hit.share) == ("b", "3", "ngram_10", 17, 1.0)
    assert hit.phrase == "a farmer has twelve hens and each hen lays five eggs every single week of the year"
    assert page[hit.start : hit.end] == hit.passage == LONG.removesuffix(".")


def test_the_place_of_a_match_is_the_page_s_own_where_html_was_decoded() -> None:
    (hit,) = ContaminationIndex.build([BenchmarkText("b", "0", SHORT)]).hits(
        "&amp;lt;p&gt; What&nbsp;is <b>7</b> times 8?"
    )
    assert hit.passage == "What&nbsp;is <b>7</b> times 8"


def test_counting_condemns_nothing_unless_the_guard_is_off() -> None:
    text = BenchmarkText(
        "b", "0", "Take the numbers 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12 and add them all up, please."
    )
    page = "\n".join(f"{n}" for n in range(1, 13))
    assert not ContaminationIndex.build([text]).hits(page)
    assert ContaminationIndex.build([text], guard=False).hits(page)


def test_a_common_phrase_condemns_nothing_but_a_longer_run_does() -> None:
    common = "a farmer has twelve hens and each hen lays five"
    index = ContaminationIndex.build([BenchmarkText("b", "0", LONG)], common=[common])
    assert not index.hits(f"{common} tomatoes")
    assert index.hits(f"{common} eggs")


def test_the_paper_mode_takes_words_as_they_stand() -> None:
    index = ContaminationIndex.build([BenchmarkText("b", "0", LONG)], "paper")
    assert index.hits(LONG) and not index.hits(LONG.upper())


def test_what_was_searched_for_comes_back_from_its_lines() -> None:
    texts = [BenchmarkText("b", "0", "数\n\u2028 line"), BenchmarkText("b", "1", "\ud800")]
    index = ContaminationIndex.build(texts, "paper", ["a phrase"], guard=False)
    again = ContaminationIndex.from_lines(index.to_lines())
    assert (again.texts, again.mode, again.common, again.guard) == (tuple(texts), "paper", {"a phrase"}, False)


def test_a_folder_of_nothing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StageError, match="is no folder with files"):
        decontaminate.sources(decontaminate.Decontaminate(benchmarks=str(tmp_path / "none")))


def decontaminated(lake: Lake, tmp_path: Path, rows: list[dict[str, Any]], **changed: Any) -> SparkRun:
    """Run the stage over pages; deduplication took the copy out."""
    folder = tmp_path / "benchmarks"
    folder.mkdir()
    (folder / "b.jsonl").write_text(
        "".join(json.dumps({"question": q}) + "\n" for q in (LONG, SHORT, "Prove it", COUNT))
    )
    (folder / "README").write_text("about")
    publish_pages(lake, "one", rows)
    publish_math_pages(lake, rows)
    verdicts = [
        {"page_id": p["page_id"], "url": p["url"],
         "cluster": rows[0]["page_id"] if "copy" in p["url"] else p["page_id"],
         "survives": "copy" not in p["url"], "similarity": 1.0, "reason": "unique"}
        for p in rows
    ]  # fmt: skip
    publish(lake, DEDUPED.at(VERSION), verdicts)
    settings = decontaminate.Decontaminate(version=VERSION, parts=1, benchmarks=str(folder), **changed)
    run = execute(decontaminate.STAGE, settings, SparkOptions(lake=lake.root), SparkRun)
    assert run is not None
    return run


@pytest.mark.spark
def test_contaminated_pages_go_and_the_rest_is_the_corpus(lake: Lake, tmp_path: Path) -> None:
    rows = [
        page("https://e.org/clean", prose("group"), formulas_kept=2, language="zh"),
        page("https://e.org/long", prose("ring") + " " + LONG),
        page("https://e.org/short", f"{prose('field')} {SHORT} {LONG}"),
        page("https://e.org/copy", prose("group") + " Prove it"),
        page("https://e.org/lines", prose("lines") + " " + " ".join(map(str, range(1, 30)))),
    ]
    run = decontaminated(lake, tmp_path, rows)
    hits = lake.read_table(CONTAMINATION.at(VERSION)).to_pylist()
    assert {(h["url"][-5:], h["benchmark"], h["item"], h["rule"]) for h in hits} == {
        ("/long", "b", "0", "ngram_10"), ("short", "b", "0", "ngram_10"), ("short", "b", "1", "whole_3_to_9"),
    }  # fmt: skip
    texts = {r["page_id"]: r["text"] for r in rows}
    assert all(texts[h["page_id"]][h["start"] : h["end"]] == h["passage"] for h in hits)
    assert {h["passage"] for h in hits} == {LONG.removesuffix("."), SHORT.removesuffix("?")}
    kept = {r["url"][-5:]: r for r in lake.read_table(CORPUS.at(VERSION)).to_pylist()}
    assert kept.keys() == {"clean", "lines"}
    row = kept["clean"]
    assert (row["crawl"], row["formulas"], row["language"], row["round"], row["cluster"]) == (
        "one", 2, "zh", 1, rows[0]["page_id"]
    )  # fmt: skip
    (phrase,) = lake.read_table(COMMON_PHRASES.at(VERSION)).to_pylist()
    assert (phrase["phrase"], phrase["reason"], phrase["pages"]) == (" ".join(map(str, range(1, 13))), "counting", 1)
    assert run.rows_in == 5 and run.dropped == {"duplicate": 1, "contaminated": 2}
    assert run.figures["hits_by_benchmark"] == {"b": 2} and run.figures["texts_too_short"] == 1
    assert run.figures["spared_pages"] == 1 and run.figures["common_phrases"] == {"counting": 1}
    assert run.figures["unread_benchmarks"][0]["file"] == "README"  # type: ignore[index,call-overload]
    searched = ContaminationIndex.from_lines(lake.storage.read(f"{CONTAMINATION.at(VERSION).folder}/{BENCHMARK_TEXTS}"))
    assert [t.text for t in searched.texts] == [LONG, SHORT, "Prove it", COUNT]
    assert searched.common == {phrase["phrase"]}


@pytest.mark.spark
def test_passages_are_cut_by_lines_and_a_page_of_nothing_else_goes(lake: Lake, tmp_path: Path) -> None:
    rows = [
        page("https://e.org/part", f"{prose('ring')}\nQuiz. {LONG} Really.\n{prose('field')}"),
        page("https://e.org/whole", LONG),
        page("https://e.org/lines", prose("lines") + " " + " ".join(map(str, range(1, 30)))),
    ]
    run = decontaminated(lake, tmp_path, rows, remove="passages", guard=False)
    kept = {r["url"][-5:]: r for r in lake.read_table(CORPUS.at(VERSION)).to_pylist()}
    assert kept.keys() == {"/part"}, "without the guard the line of numbers is the whole page"
    assert kept["/part"]["text"] == f"{prose('ring')}\n{prose('field')}"
    assert kept["/part"]["tokens"] == count_tokens(kept["/part"]["text"])
    assert run.dropped == {"contaminated": 2} and run.figures["cut_pages"] == 1
    assert lake.read_table(COMMON_PHRASES.at(VERSION)).num_rows == 0


def test_a_broken_declaration_stops_the_stage(tmp_path: Path) -> None:
    (tmp_path / "benchmarks.toml").write_text("[[file]]\nname = 'x'\n")
    run = SparkRun.__new__(SparkRun)
    with pytest.raises(StageError, match="file 1: has no path"):
        decontaminate.load_benchmarks(decontaminate.Decontaminate(benchmarks=str(tmp_path)), run)
