"""The report of a whole lake, of one with pages only, and of pages that attack it."""

import json
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from example_lake import HOSTILE, ROUNDS, VERSION, ExampleLake

from jobs.corpus_report import STAGE, CorpusReport, tell
from jobs.lake.datasets import CONTAMINATION, CORPUS, EVALUATIONS, PAGES, RECALLED, REPORT, SHARDS
from jobs.lake.settings import RunOptions
from jobs.lake.stage import StageError, execute


class Page(HTMLParser):
    """Element names, attributes that load, lead or run, and the text of a page."""

    def __init__(self, source: bytes) -> None:
        super().__init__()
        self.names: set[str] = set()
        self.attributes: set[str] = set()
        self.addresses: list[str] = []
        self.words = ""
        self.feed(source.decode())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.addresses += [v or "" for k, v in attrs if k in ("src", "href", "xlink:href", "action", "data", "srcset")]

    def handle_data(self, data: str) -> None:
        self.words += data


def report(example: ExampleLake) -> tuple[bytes, dict[str, Any]]:
    """The page and the summary of a lake, made where they are not there yet."""
    root = example.lake.root
    execute(STAGE, CorpusReport(VERSION), RunOptions(lake=root))
    folder = Path(root) / REPORT.at(VERSION).folder
    return (folder / "index.html").read_bytes(), json.loads((folder / "summary.json").read_bytes())


def headings(source: bytes) -> list[str]:
    return [part.split("</h2>")[0] for part in source.decode().split("<h2>")[1:]]


def test_a_whole_lake_fills_every_section(whole: ExampleLake) -> None:
    page, summary = report(whole)
    assert headings(page) == [
        "Accuracy before and after", "Crawl and pages", "Rounds of recall", "Mathematical domains",
        "Duplicates and contamination", "Corpus", "Token shards", "Training", "Lineage",
    ]  # fmt: skip
    assert summary["not_run"] == []


def test_domains_that_lose_most_pages_to_duplicates_are_shown(whole: ExampleLake) -> None:
    page, _ = report(whole)
    words = Page(page).words
    assert "lost to duplicates" in words and f"{HOSTILE}.org: 96.7% of 30 pages" in words


def test_domains_that_lose_formulas_are_shown(whole: ExampleLake) -> None:
    page, summary = report(whole)
    assert summary["lost_formulas"] == [{"domain": "lossy.example", "pages": 7, "seen": 90, "kept": 45}]
    assert "lossy.example" in Page(page).words
    assert "1 of 2 rows break it" in Page(page).words


def test_the_summary_says_what_the_manifests_say(whole: ExampleLake) -> None:
    _, summary = report(whole)
    lake = whole.lake
    for number, row in enumerate(summary["rounds"], start=1):
        manifest = lake.require(RECALLED.at(VERSION, number), "test")
        assert row["pages"] == manifest.rows == manifest.figures["pages"]
        for name in ("tokens", "new_pages", "new_tokens", "new_share", "threshold", "saturated", "score_histogram"):
            assert row[name] == manifest.figures[name]
    assert len(summary["rounds"]) == ROUNDS
    pages = lake.require(PAGES.at(VERSION, "sample"), "test")
    (crawl,) = summary["crawls"]
    assert (crawl["records"], crawl["pages"]) == (pages.rows_in, pages.rows)
    assert {d["name"]: d["count"] for d in crawl["dropped"]} == pages.dropped
    assert {d["name"]: d["count"] for d in crawl["noted"]} == {"wrong_charset": 3}
    corpus = lake.read_table(CORPUS.at(VERSION))
    assert summary["corpus"]["pages"] == corpus.num_rows
    assert summary["corpus"]["tokens"] == sum(corpus["tokens"].to_pylist())
    hits = lake.require(CONTAMINATION.at(VERSION), "test").rows
    assert sum(b["hits"] for b in summary["contamination"]) == hits
    assert [(p["phrase"], p["pages"]) for p in summary["common_phrases"]] == [("1 2 3 4 5 6 7 8 9 10", 2)]
    assert [s["source"] for s in summary["sources"]] == [a.part for a in lake.finished(SHARDS, VERSION)]
    for address, fingerprint in summary["fingerprints"].items():
        assert f'"{address}"' in json.dumps(summary["fingerprints"])
        assert (
            fingerprint == (lake.storage.read(f"{address}/_MANIFEST.json").decode().split('"fingerprint": "')[1][:16])
        )


def test_a_round_shows_what_its_choice_rests_on(whole: ExampleLake) -> None:
    page, summary = report(whole)
    last = summary["rounds"][-1]["evidence"]
    assert last["gained"] == [{"domain": f"{HOSTILE}.org", "new_pages": 7, "new_tokens": 4321}]
    assert last["reliability"] == [{"mean_score": 0.9, "positives": 0.75, "count": 8}]
    assert [round(100 * p["score"]) for p in last["at_cut"]] == [*range(87, 82, -1), *range(82, 77, -1)], "nearest ten"
    assert last["judged"]["precision"] == 0.96 and summary["rounds"][0]["evidence"]["judged"] is None
    words = " ".join(Page(page).words.split())
    assert "by them 96.0% of what it kept is mathematics (95% interval 91.0% to 99.0%)" in words
    assert words.count("Domains that gained most") == words.count("Pages at the cut") == ROUNDS


def test_accuracy_counts_correct_answers(whole: ExampleLake) -> None:
    _, summary = report(whole)
    found = {(a["stage"], a["mode"]): a["correct"] for a in summary["accuracies"]}
    for stage in ("pretrain", "sft", "grpo"):
        rows = whole.lake.read_table(EVALUATIONS.at(VERSION, stage), ["mode", "correct"]).to_pylist()
        assert found[stage, "cot"] == sum(r["correct"] for r in rows if r["mode"] == "cot")
    assert [a["stage"] for a in summary["accuracies"] if a["mode"] == "cot"] == ["pretrain", "sft", "grpo"]


def test_training_goes_on_past_a_step_without_a_loss(whole: ExampleLake) -> None:
    _, summary = report(whole)
    by_stage = {t["stage"]: t for t in summary["training"]}
    assert list(by_stage) == ["pretrain", "sft", "reward_model", "grpo"]
    assert by_stage["pretrain"]["steps"] == 400
    assert by_stage["pretrain"]["said"] == {"parameters": 764_000}
    assert by_stage["pretrain"]["last"]["loss"] < by_stage["pretrain"]["first"]["loss"]
    assert by_stage["grpo"]["last"]["reward"] > by_stage["grpo"]["first"]["reward"]


def test_the_page_stands_alone(whole: ExampleLake) -> None:
    source, _ = report(whole)
    page = Page(source)
    assert not page.names & {"script", "img", "link", "iframe", "object", "embed", "image", "use", "base", "form"}
    assert all(a.startswith(("../../pages/", "../../corpus/")) for a in page.addresses)
    assert "url(" not in source.decode()
    assert "@import" not in source.decode()


def test_hostile_pages_stay_text(whole: ExampleLake) -> None:
    """Languages, URLs, prefixes and matched texts of the example hold a script and a closing quote."""
    source, _ = report(whole)
    page = Page(source)
    assert page.words.count(HOSTILE) >= 4
    assert HOSTILE not in source.decode()
    assert not any(name.startswith("on") for name in page.attributes)


def test_lineage_goes_down_to_the_warc_files(whole: ExampleLake) -> None:
    source, _ = report(whole)
    text = Page(source).words
    assert "evaluations/v1/stage=grpo" in text
    assert "WARC crawl-3.warc.gz" in text


def test_pages_alone_are_a_report_that_names_what_is_missing(example: ExampleLake) -> None:
    example.crawl_and_pages()
    source, summary = report(example)
    assert headings(source) == ["Not run", "Crawl and pages", "Lineage"]
    assert summary["not_run"][0] == "seeds"
    assert summary["not_run"][-1] == "evaluate"
    assert "make pretrain" in Page(source).words
    assert summary["corpus"] is None


def test_without_pages_there_is_no_report(example: ExampleLake) -> None:
    with pytest.raises(StageError, match="make pages"):
        execute(STAGE, CorpusReport(VERSION), RunOptions(lake=example.lake.root))


def test_the_same_lake_gives_the_same_report(example: ExampleLake) -> None:
    example.crawl_and_pages()
    example.rounds()
    first = report(example)
    execute(STAGE, CorpusReport(VERSION), RunOptions(lake=example.lake.root, replace=True))
    assert report(example) == first


def test_the_log_gets_rounds_accuracy_and_the_address(whole: ExampleLake) -> None:
    report(whole)
    lines = tell(whole.lake, VERSION)
    assert lines[0] == "600 pages of 1 crawl"
    assert any(line.endswith("saturated") for line in lines)
    assert any("59.0%" in line for line in lines)
    assert lines[-1].endswith("/report/v1/index.html")
