"""The classifier: the paper's settings where data allow, stated changes where not, the same bytes twice."""

import json
from typing import Any

import pytest
from page_rows import VERSION
from round_rows import MATHS, NEWS, publish_round

from jobs import classifier
from jobs.classifier import Classifier, scaled_settings
from jobs.lake.catalog import Lake
from jobs.lake.datasets import CLASSIFIER, SEEDS
from jobs.lake.settings import RunOptions
from jobs.lake.stage import Run, StageError, execute

SMALL = {"dim": 16, "min_learning": 400.0, "version": VERSION}


def example(number: int, label: str, text: str) -> dict[str, Any]:
    return {"page_id": "", "url": f"https://{label}{number}.org/", "text": text, "label": label, "origin": "seed file"}


def publish_seeds(lake: Lake, labels: tuple[str, ...] = ("math", "other"), count: int = 60) -> None:
    texts = {"math": MATHS, "other": NEWS}
    words = {label: texts[label].split() for label in labels}
    rows = [example(n, label, " ".join(w[n % 7 :: 1 + n % 2])) for n in range(count) for label, w in words.items()]
    publish_round(lake, SEEDS, 1, [*rows, example(999, "math", " \n ")])


def run_classifier(lake: Lake, **changed: Any) -> Run:
    run = execute(classifier.STAGE, Classifier(**{**SMALL, **changed}), RunOptions(lake=lake.root, replace=True))
    assert run is not None
    return run


def test_a_million_examples_train_with_the_papers_settings() -> None:
    chosen, deviations = scaled_settings(Classifier(), 1_000_000, 10**9)
    assert (chosen.dim, chosen.lr, chosen.word_ngrams, chosen.min_count, chosen.epoch) == (256, 0.1, 3, 3, 3)
    assert chosen.bucket == 2_000_000 and deviations == []


def test_few_examples_get_a_higher_rate_more_passes_and_fewer_buckets_and_it_is_said() -> None:
    chosen, deviations = scaled_settings(Classifier(), 500, 1_000_000)
    assert (chosen.lr, chosen.epoch, chosen.bucket) == (1.0, 15, 262_144)
    assert deviations == [
        "learning rate 1.0 and 15 epochs instead of 0.1 and 3: 500 examples",
        "262,144 n-gram buckets instead of 2,000,000: 1,000,000 tokens of training text",
    ]


def test_the_rule_can_be_switched_off() -> None:
    chosen, _ = scaled_settings(Classifier(min_learning=0), 500, 1_000_000)
    assert (chosen.lr, chosen.epoch) == (0.1, 3)


def test_it_learns_measures_itself_and_gives_the_same_bytes_twice(lake: Lake) -> None:
    publish_seeds(lake)
    run = run_classifier(lake)
    files = lake.require(CLASSIFIER.at(VERSION, 1), "test").files
    assert [f.name for f in files] == ["linear.npy", "metrics.json", "model.bin"]
    metrics = json.loads(lake.storage.read(f"{CLASSIFIER.at(VERSION, 1).folder}/metrics.json"))
    assert metrics["held_out"]["auc"] == 1.0 and metrics["held_out"]["precision"] > 0.8
    assert metrics["held_out"]["examples"] + metrics["examples"] == 120, "what is measured on was not learnt from"
    assert metrics["training"]["dim"] == 16
    assert run.dropped == {"no_text": 1} and run.rows_in == 121
    run_classifier(lake)
    assert lake.require(CLASSIFIER.at(VERSION, 1), "test").files == files


def test_the_order_of_examples_changes_nothing(lake: Lake) -> None:
    publish_seeds(lake)
    run_classifier(lake)
    files = lake.require(CLASSIFIER.at(VERSION, 1), "test").files
    rows = lake.read_table(SEEDS.at(VERSION, 1)).to_pylist()
    publish_round(lake, SEEDS, 1, rows[::-1])
    run_classifier(lake)
    assert lake.require(CLASSIFIER.at(VERSION, 1), "test").files == files


def test_nothing_held_out_gives_no_metrics_but_a_model(lake: Lake) -> None:
    publish_seeds(lake)
    assert run_classifier(lake, held_out=0.0).figures["held_out"] == {"examples": 0}


def test_examples_of_one_kind_are_refused(lake: Lake) -> None:
    publish_seeds(lake, ("math",))
    with pytest.raises(StageError, match="only math examples to learn from in seeds/t/round=1"):
        run_classifier(lake)
    assert lake.find(CLASSIFIER.at(VERSION, 1)) is None


def test_words_that_are_all_rare_are_refused(lake: Lake) -> None:
    publish_round(lake, SEEDS, 1, [example(1, "math", "one"), example(2, "other", "two")])
    with pytest.raises(StageError, match="cannot learn from seeds/t/round=1: no word occurs 3 times"):
        run_classifier(lake, held_out=0.0)
