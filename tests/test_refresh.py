"""A version that goes on from another reads only what is new, comes to what a full build comes to, and leaves the
other as it is."""

import shutil
from pathlib import Path
from typing import Any

import pytest
from page_rows import publish
from refresh_lake import (
    ADDED,
    CHANGED,
    COPY,
    FIRST,
    GROUP,
    LEAVER,
    QUESTION,
    QUIZ,
    SECOND,
    SECOND_QUIZ,
    corpus_of,
    first_corpus,
    publish_round,
    publish_rows,
    run,
)  # fmt: skip

from jobs import decontaminate, dedup, math_pages
from jobs.lake.catalog import Lake
from jobs.lake.datasets import CONTAMINATION, CORPUS, DEDUPED, MATH_PAGES, PAGES, RECALLED, SIGNATURES
from jobs.lake.settings import SettingsError
from jobs.lake.stage import StageError
from jobs.refreshed_pages import standing


def files_of(lake: Lake, version: str) -> dict[str, bytes]:
    return {n: lake.storage.read(n) for n in lake.storage.files("") if n.split("/")[1] == version and n[:6] != "pages/"}


def spoil(lake: Lake, version: str, crawl: str) -> None:
    """Other bytes of the same length: whoever opens a file of this crawl fails."""
    address = PAGES.at(version, crawl)
    for file in lake.require(address, "tests").files:
        Path(lake.storage.path(f"{address.folder}/{file.name}")).write_bytes(b"x" * file.bytes)


@pytest.mark.spark
def test_only_what_is_new_is_read_and_the_result_is_that_of_a_full_build(tmp_path: Path) -> None:
    lake = first_corpus(tmp_path)
    before = files_of(lake, "v1")
    publish_rows(lake, PAGES.at("v2", "two"), SECOND)
    whole = PAGES.at("v1", "one").folder
    shutil.copytree(lake.storage.path(whole), tmp_path / "whole")
    spoil(lake, "v1", "one")
    recalled, deduped, cleaned = corpus_of(lake, "v2", tmp_path, base="v1")

    assert files_of(lake, "v1") == before, "the corpus before stays as it is"
    assert recalled.figures["carried_pages"] == 6 and recalled.figures["scored_pages"] == 5
    assert recalled.figures["new_pages"] == 4 and recalled.dropped == {"unchanged": 1, "less_likely": 1}
    assert deduped.figures["signed_pages"] == 4 and deduped.figures["carried_signatures"] == 6
    assert cleaned.figures["searched_pages"] == 4 and cleaned.figures["read_from_earlier_crawls"] == 0
    urls = set(lake.read_table(CORPUS.at("v2"), ["url"])["url"].to_pylist())
    assert urls == {LEAVER["url"], "https://leaver.org/2", CHANGED["url"], COPY["url"], ADDED["url"]}
    assert cleaned.dropped == {"duplicate": 3, "contaminated": 2}

    shutil.copytree(tmp_path / "whole", lake.storage.path(PAGES.at("full", "one").folder))
    publish_rows(lake, PAGES.at("full", "two"), SECOND)
    publish(lake, MATH_PAGES.at("full"), lake.read_table(MATH_PAGES.at("v2")).to_pylist())
    run(lake, dedup.STAGE, version="full")
    run(lake, decontaminate.STAGE, version="full", benchmarks=str(tmp_path / "bench"))
    for dataset in (SIGNATURES, DEDUPED, CONTAMINATION, CORPUS):
        assert lake.read_table(dataset.at("full")).equals(lake.read_table(dataset.at("v2"))), dataset.name


def survive(lake: Lake, version: str, base: str, pages: list[dict[str, Any]]) -> None:
    """A version that goes on from another, of which deduplication kept these pages."""
    scores = [{**{k: p[k] for k in ("page_id", "url", "domain")}, "score": 0.9, "tokens": 9, "round": 1} for p in pages]
    publish_rows(lake, MATH_PAGES.at(version), scores, base=base)
    kept = [{"page_id": p["page_id"], "url": p["url"], "cluster": p["page_id"], "survives": True, "similarity": 1.0,
             "reason": "unique"} for p in pages]  # fmt: skip
    publish_rows(lake, DEDUPED.at(version), kept)


@pytest.mark.spark
def test_what_the_base_does_not_know_or_holds_in_part_is_searched_and_read_again(tmp_path: Path) -> None:
    lake, settings = first_corpus(tmp_path), {"benchmarks": str(tmp_path / "bench")}
    publish_rows(lake, PAGES.at("v2", "two"), [ADDED, SECOND_QUIZ])
    pages = [GROUP, QUIZ, ADDED, SECOND_QUIZ]
    names = ("searched_pages", "read_from_earlier_crawls", "removed_pages", "cut_pages")
    survive(lake, "v2", "v1", pages)
    cut = run(lake, decontaminate.STAGE, version="v2", remove="passages", **settings)
    assert [cut.figures[n] for n in names] == [2, 1, 0, 2], "the page that went before is read again: its lines go now"
    assert not any(QUESTION in text for text in lake.read_table(CORPUS.at("v2"), ["text"])["text"].to_pylist())
    survive(lake, "v3", "v2", pages)
    (tmp_path / "bench" / "other.jsonl").write_text('{"question": "Which lemma has no number at all?"}\n')
    again = run(lake, decontaminate.STAGE, version="v3", **settings)
    assert [again.figures[n] for n in names] == [4, 2, 2, 0], "pages that were cut are read whole"


def test_what_cannot_be_gone_on_from_is_refused(lake: Lake, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="--base v1: this run itself writes version v1"):
        math_pages.MathPages(version="v1", base="v1")
    with pytest.raises(StageError, match="--base v1: there are no rounds in recalled/v1"):
        standing(lake, "v2", "v1")
    publish_round(lake, "v1", FIRST, tmp_path)
    assert standing(lake, "v2", "v1").recalled == RECALLED.at("v1", 1)
    publish_round(lake, "v2", FIRST, tmp_path)
    with pytest.raises(StageError, match="recalled/v2 holds rounds of its own"):
        standing(lake, "v2", "v1")
