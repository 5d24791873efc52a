"""Recall keeps the best pages up to the budget and the minimum score, and knows what is new."""

import json
from typing import Any

import pytest
from page_rows import VERSION, publish_pages
from round_rows import crawl_page, maths, news, publish_round, recalled_row

from jobs import recall
from jobs.classifier import Classifier, scaled_settings
from jobs.fasttext_model import LABEL, train
from jobs.lake.catalog import Lake
from jobs.lake.datasets import CLASSIFIER, RECALLED
from jobs.lake.manifest import Provenance
from jobs.lake.stage import StageError, execute
from jobs.runner import SparkOptions, SparkRun
from jobs.selection import score_at
from jobs.text.linear_model import LINEAR, write_linear
from jobs.text.normalise import count_tokens, normalise

PAGES = [
    *(maths(f"https://m.org/{n}", n) for n in range(6)),
    *(news(f"https://n.org/{n}", n) for n in range(6)),
    crawl_page("https://m.org/empty", " \n"),
]
FIRST = {p["url"] for p in PAGES[:6]}


@pytest.fixture
def crawl(lake: Lake, tmp_path: Any) -> None:
    publish_pages(lake, "one", PAGES[:9])
    publish_pages(lake, "two", PAGES[5:])  # the pages that both crawls hold are the same pages
    lines = [f"{LABEL}{'math' if p['url'] in FIRST else 'other'} {normalise(p['text'])}" for p in PAGES[:12]]
    (tmp_path / "examples.txt").write_text("\n".join(lines * 5) + "\n")
    chosen, _ = scaled_settings(Classifier(dim=16, min_learning=200), 60, 5_000)
    model = train(tmp_path / "examples.txt", tmp_path / "whole.bin", chosen)
    write_linear(tmp_path / LINEAR, model.words, model.towards(f"{LABEL}math"), model.word_ngrams)
    for number in (1, 2):
        publication = lake.begin(CLASSIFIER.at(VERSION, number), Provenance("tests", {}, {}, {}))
        assert publication is not None
        publication.put(LINEAR, str(tmp_path / LINEAR))
        publication.finish()


def run_recall(lake: Lake, **changed: Any) -> SparkRun:
    settings = recall.Recall(version=VERSION, parts=2, **changed)
    run = execute(recall.STAGE, settings, SparkOptions(lake=lake.root, replace=True), SparkRun)
    assert isinstance(run, SparkRun)
    return run


def rows_of(lake: Lake, number: int = 1) -> list[dict[str, Any]]:
    return lake.read_table(RECALLED.at(VERSION, number)).to_pylist()


def marginal(lake: Lake) -> list[dict[str, Any]]:
    lines = lake.storage.read(f"{RECALLED.at(VERSION, 1).folder}/marginal.jsonl").decode().splitlines()
    return [json.loads(line) for line in lines]


@pytest.mark.spark
@pytest.mark.usefixtures("crawl")
def test_without_a_binding_budget_the_minimum_score_ends_the_ranking(lake: Lake) -> None:
    run = run_recall(lake)
    rows = rows_of(lake)
    assert {r["url"] for r in rows} == FIRST
    assert all(
        r["score"] >= 0.5 and r["newly_recalled"] and r["tokens"] == count_tokens(PAGES[0]["text"]) for r in rows
    )
    assert run.dropped == {"no_text": 1, "less_likely": 6}
    share = run.figures["estimated_share"]
    assert isinstance(share, float) and 0.4 < share < 0.6, "six of twelve pages"
    assert (run.figures["threshold"], run.figures["budget_binding"]) == (score_at(0.5, share), False)
    assert (run.figures["pages"], run.figures["new_share"], run.figures["saturated"]) == (6, 1.0, False)
    (file,) = lake.require(CLASSIFIER.at(VERSION, 1), "test").files
    assert run.figures["model"] == {"file": f"classifier/{VERSION}/round=1/linear.npy", "sha256": file.sha256}
    assert run.figures["domains_gained"] == [
        {"domain": "m.org", "new_pages": 6, "new_tokens": 6 * count_tokens(PAGES[0]["text"])}
    ]
    sample = lake.storage.read(f"{RECALLED.at(VERSION, 1).folder}/sample.jsonl").decode().splitlines()
    assert {json.loads(line)["url"] for line in sample} == FIRST
    histogram = run.figures["score_histogram"]
    assert isinstance(histogram, list) and len(histogram) == 20 and sum(histogram[10:]) == 6 and sum(histogram) == 12


@pytest.mark.spark
@pytest.mark.usefixtures("crawl")
def test_the_budget_cuts_exactly_and_alike_every_time(lake: Lake) -> None:
    everything = sorted((-r["score"], r["page_id"]) for r in (run_recall(lake), rows_of(lake))[1])
    tokens = count_tokens(PAGES[0]["text"])
    run = run_recall(lake, keep_tokens=3 * tokens + tokens // 2)
    assert sorted((-r["score"], r["page_id"]) for r in rows_of(lake)) == everything[:3]
    assert run.figures["budget_binding"] is True and run.dropped["beyond_budget"] == 9
    near = marginal(lake)
    assert [(r["kept"], -r["score"], r["page_id"]) for r in near[:3]] == [(True, *row) for row in everything[:3]]
    assert [(-r["score"], r["page_id"]) for r in near[3:6]] == everything[3:] and len(near) == 12
    assert not any(r["kept"] for r in near[3:])
    files = lake.require(RECALLED.at(VERSION, 1), "test").files
    run_recall(lake, keep_tokens=3 * tokens + tokens // 2)
    assert lake.require(RECALLED.at(VERSION, 1), "test").files == files


@pytest.mark.spark
@pytest.mark.usefixtures("crawl")
def test_the_pages_nearest_to_the_cut_are_listed_for_a_person(lake: Lake) -> None:
    run_recall(lake, marginal=100)
    ranking = marginal(lake)
    assert [(-r["score"], r["page_id"]) for r in ranking] == sorted((-r["score"], r["page_id"]) for r in ranking)
    assert {r["url"] for r in ranking if r["kept"]} == FIRST and len(ranking) == 12, "all but the page without text"
    run_recall(lake, marginal=2)
    assert marginal(lake) == ranking[4:8]
    assert set(ranking[0]) == {"kept", "score", "url", "domain", "tokens", "page_id"}


@pytest.mark.spark
@pytest.mark.usefixtures("crawl")
def test_a_later_round_tells_what_is_new(lake: Lake) -> None:
    publish_round(lake, RECALLED, 1, [recalled_row(p) for p in (*PAGES[:4], PAGES[7])])
    run = run_recall(lake, round=2)
    assert {r["url"] for r in rows_of(lake, 2) if r["newly_recalled"]} == {p["url"] for p in PAGES[4:6]}
    assert (run.figures["new_pages"], run.figures["saturated"]) == (2, False)
    assert run.figures["new_share"] == pytest.approx(2 / 6)
    assert run.figures["known_share"] == pytest.approx(4 / 6)
    publish_round(lake, RECALLED, 1, [recalled_row(p) for p in PAGES[:6]])
    assert run_recall(lake, round=2).figures["saturated"] is True


@pytest.mark.spark
@pytest.mark.usefixtures("crawl")
def test_a_classifier_without_a_linear_model_is_refused(lake: Lake) -> None:
    publication = lake.begin(CLASSIFIER.at(VERSION, 1), Provenance("tests", {}, {}, {}), True)
    assert publication is not None
    publication.write("model.bin", b"as earlier releases wrote it")
    publication.finish()
    with pytest.raises(StageError, match="classifier/t/round=1 holds no linear.npy.*make classifier ROUND=1"):
        run_recall(lake)


@pytest.mark.spark
@pytest.mark.usefixtures("crawl")
def test_a_round_that_keeps_nothing_is_refused(lake: Lake) -> None:
    with pytest.raises(StageError, match="no page scores .* or more within 5 tokens"):
        run_recall(lake, keep_tokens=5)
    assert lake.find(RECALLED.at(VERSION, 1)) is None
