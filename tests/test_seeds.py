"""Seeds: our own text of pages that are in the crawl, no seed among the negatives, what people approved joins later."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from page_rows import VERSION, publish_pages
from round_rows import approval, crawl_page, maths, news, publish_round, recalled_row

from jobs import seeds
from jobs.lake.catalog import Lake, Unfinished
from jobs.lake.datasets import APPROVALS, RECALLED, SEEDS
from jobs.lake.settings import SettingsError
from jobs.lake.stage import StageError, execute
from jobs.runner import SparkOptions, SparkRun

OUTSIDE = "https://elsewhere.org/seed"


def seed_file(path: Path, *urls: str, broken: bool = False) -> str:
    rows = [json.dumps({"url": url, "text": f"another tool's text of {url}"}) for url in urls]
    path.write_text("\n".join(rows + (['{"url": "https://e.org/"}', "nonsense"] if broken else [])))
    return str(path)


def run_seeds(lake: Lake, **changed: Any) -> SparkRun:
    settings = seeds.Seeds(version=VERSION, parts=2, **changed)
    run = execute(seeds.STAGE, settings, SparkOptions(lake=lake.root, replace=True), SparkRun)
    assert isinstance(run, SparkRun)
    return run


def rows_of(lake: Lake, number: int) -> dict[str, dict[str, Any]]:
    return {row["url"]: row for row in lake.read_table(SEEDS.at(VERSION, number)).to_pylist()}


@pytest.fixture
def crawl(lake: Lake) -> list[dict[str, Any]]:
    """Two seeds, one of them crawled twice at spellings of one address, a maths page, eight news pages; and a page with
    formulas that is no seed."""
    pages = [
        maths("https://m.org/a", 1), crawl_page("http://www.m.org/a/#twin", "the twin's text"),
        maths("https://m.org/b", 2), maths("https://m.org/deep/c", 3),
        *(news(f"https://n{i}.org/", i) for i in range(8)),
    ]  # fmt: skip
    publish_pages(lake, "one", [*pages, {**maths("https://unknown.org/", 4), "formulas_kept": 3}])
    return pages


@pytest.mark.spark
@pytest.mark.usefixtures("crawl")
def test_round_1(lake: Lake, tmp_path: Path) -> None:
    path = seed_file(tmp_path / "s.jsonl", "https://m.org/a", "https://m.org/b/", OUTSIDE, broken=True)
    run = run_seeds(lake, seeds=path)
    rows = rows_of(lake, 1)
    positives = {url: row for url, row in rows.items() if row["label"] == "math"}
    assert len(positives) == 3 and positives.keys() >= {"https://m.org/b", OUTSIDE}
    assert "lemma" in positives["https://m.org/b"]["text"], "a seed in the crawl is learnt from our own text"
    assert positives[OUTSIDE]["text"].startswith("another tool's") and positives[OUTSIDE]["page_id"] == ""
    negatives = rows.keys() - positives.keys()
    assert len(negatives) == 3 and not any("m.org/a" in url or "m.org/b" in url for url in negatives)
    assert run.dropped == {"seed_no_text": 1, "seed_not_json": 1}
    assert (run.figures["positives"], run.figures["negatives"]) == (3, 3)
    assert run.figures["deviations"] == ["3 positives instead of 500,000", "3 negatives instead of 500,000"]


@pytest.mark.spark
@pytest.mark.usefixtures("crawl")
def test_a_rerun_gives_the_same_bytes_and_another_seed_other_negatives(lake: Lake, tmp_path: Path) -> None:
    path = seed_file(tmp_path / "s.jsonl", "https://m.org/a", OUTSIDE)

    def files() -> dict[str, str]:
        return {f.name: f.sha256 for f in lake.require(SEEDS.at(VERSION, 1), "test").files}

    run_seeds(lake, seeds=path)
    first, negatives = files(), {r["url"] for r in rows_of(lake, 1).values() if r["label"] == "other"}
    run_seeds(lake, seeds=path)
    assert files() == first
    run_seeds(lake, seeds=path, seed=1)
    assert {r["url"] for r in rows_of(lake, 1).values() if r["label"] == "other"} != negatives


@pytest.mark.spark
def test_round_2_adds_what_was_approved_and_teaches_nothing_against_what_was_recalled(
    lake: Lake, crawl: list[dict[str, Any]]
) -> None:
    found, missed, spam = maths("https://p.org/ok/1", 1), maths("https://p.org/ok/2", 2), news("https://p.org/ads/3", 3)
    publish_pages(lake, "two", [found, missed, spam])
    publish_round(lake, SEEDS, 1, [
        {"page_id": crawl[0]["page_id"], "url": crawl[0]["url"], "text": "x", "label": "math", "origin": "seed file"},
        {"page_id": "", "url": OUTSIDE, "text": "from the file", "label": "math", "origin": "seed file"},
        {"page_id": crawl[5]["page_id"], "url": crawl[5]["url"], "text": "x", "label": "other", "origin": "crawl"},
    ])  # fmt: skip
    publish_round(lake, RECALLED, 1, [recalled_row(p) for p in (crawl[0], found, crawl[3])])
    publish_round(lake, APPROVALS, 1, [approval("p.org"), approval("p.org/ads", "reject")])
    run = run_seeds(lake, round=2, negatives=100)
    rows = rows_of(lake, 2)
    assert {url: row["origin"] for url, row in rows.items() if row["label"] == "math"} == {
        crawl[0]["url"]: "seed file", OUTSIDE: "seed file",
        found["url"]: "approved:p.org", missed["url"]: "approved:p.org",
    }  # fmt: skip
    assert rows[OUTSIDE]["text"] == "from the file"
    assert run.figures["positives_approved"] == 2
    negatives = {url for url, row in rows.items() if row["label"] == "other"}
    assert len(negatives) == 4, "as many as positives"
    assert not negatives & {crawl[3]["url"], crawl[1]["url"], "https://unknown.org/"}, (
        "recalled pages, twins of seeds and pages with formulas stay out"
    )


@pytest.mark.spark
def test_where_not_all_may_join_domains_take_turns_and_those_with_positives_come_later(lake: Lake) -> None:
    big, small = ([maths(f"https://{name}.org/{n}", n) for n in range(count)] for name, count in (("b", 9), ("s", 2)))
    publish_pages(lake, "one", [*big, *small, *(news(f"https://n{i}.org/", i) for i in range(8))])
    publish_round(lake, SEEDS, 1, [
        {"page_id": p["page_id"], "url": p["url"], "text": "x", "label": "math", "origin": "seed file"} for p in big[:3]
    ])  # fmt: skip
    publish_round(lake, RECALLED, 1, [recalled_row(p) for p in big])
    publish_round(lake, APPROVALS, 1, [approval("b.org"), approval("s.org")])

    def joined(at_most: int) -> list[str]:
        run_seeds(lake, round=2, approved=at_most)
        return sorted(row["url"] for row in rows_of(lake, 2).values() if row["origin"].startswith("approved:"))

    assert joined(2) == ["https://s.org/0", "https://s.org/1"]
    assert [url[8:13] for url in joined(3)] == ["b.org", "s.org", "s.org"]
    assert len(joined(100)) == 8


@pytest.mark.spark
def test_pages_whose_approval_was_taken_back_are_no_positives_any_more(lake: Lake) -> None:
    kept, withdrawn, rejected = (
        maths("https://p.org/ok/1", 1),
        maths("https://u.org/2", 2),
        maths("https://p.org/no/3", 3),
    )
    publish_pages(lake, "one", [kept, withdrawn, rejected, *(news(f"https://n{i}.org/", i) for i in range(8))])
    origins = {"p.org/ok": kept, "u.org": withdrawn, "p.org/no": rejected}
    publish_round(lake, SEEDS, 2, [
        {"page_id": p["page_id"], "url": p["url"], "text": "x", "label": "math", "origin": f"approved:{prefix}"}
        for prefix, p in origins.items()
    ])  # fmt: skip
    for number in (1, 2):
        publish_round(lake, RECALLED, number, [recalled_row(p) for p in origins.values()])
    publish_round(lake, APPROVALS, 1, [approval(prefix) for prefix in origins])
    publish_round(lake, APPROVALS, 2, [approval("u.org", "undo"), approval("p.org/no", "reject")])
    run = run_seeds(lake, round=3)
    assert {url for url, row in rows_of(lake, 3).items() if row["label"] == "math"} == {kept["url"]}
    assert run.dropped["no_longer_approved"] == 2


@pytest.mark.spark
def test_a_crawl_of_nothing_but_seeds_is_refused(lake: Lake, tmp_path: Path) -> None:
    publish_pages(lake, "one", [maths("https://m.org/a", 1)])
    with pytest.raises(StageError, match="no page of the crawl is left to serve as a negative"):
        run_seeds(lake, seeds=seed_file(tmp_path / "s.jsonl", "https://m.org/a"))
    assert lake.find(SEEDS.at(VERSION, 1)) is None


def test_without_pages_it_says_what_to_run(lake: Lake, tmp_path: Path) -> None:
    with pytest.raises(StageError, match="no pages of version t .*run 'make crawl' and 'make pages' first"):
        run_seeds(lake, seeds=seed_file(tmp_path / "s.jsonl", OUTSIDE))


@pytest.mark.parametrize(
    ("changed", "error", "complaint"),
    [
        ({"seeds": "nowhere.jsonl"}, StageError, "no such file or folder"),
        ({"seeds": "sample"}, Unfinished, "sample/t has no manifest"),
        ({"round": 2}, Unfinished, "seeds/t/round=1 has no manifest"),
    ],
)
@pytest.mark.usefixtures("crawl")
def test_inputs_that_are_not_there_are_refused(lake: Lake, changed: Any, error: type, complaint: str) -> None:
    with pytest.raises(error, match=complaint):
        run_seeds(lake, **changed)


def test_rounds_count_from_one() -> None:
    with pytest.raises(SettingsError, match="--round 0"):
        seeds.Seeds(round=0)


def test_a_changed_seed_file_is_another_input(tmp_path: Path) -> None:
    settings: Callable[[], seeds.Seeds] = lambda: seeds.Seeds(seeds=str(tmp_path / "s.jsonl"))  # noqa: E731
    seed_file(tmp_path / "s.jsonl", OUTSIDE)
    before = seeds.sources(settings())
    seed_file(tmp_path / "s.jsonl", OUTSIDE, OUTSIDE + "2")
    assert seeds.sources(settings()) != before
