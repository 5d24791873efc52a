import json
from dataclasses import replace
from pathlib import Path

import pytest
from small_models import coin_flipper, publish, write_questions

from jobs.lake.catalog import Differs, Lake, Unfinished
from jobs.lake.datasets import EVALUATIONS
from jobs.lake.stage import StageError
from training import evaluate, launch
from training.benchmarks.word_problems import examples
from training.config import EvaluateConfig
from training.grading import grade
from training.launch import TrainingOptions
from training.prompts import prompt
from training.recipes import RECIPES
from training.tokenizer import Tokenizer

SMALL = EvaluateConfig(questions=6, rows=8, max_new_tokens=14, samples=4, suffix="none")
ADDRESS = EVALUATIONS.at("v1", "sft")


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    recipe = replace(RECIPES["tiny"](), evaluate=SMALL)
    monkeypatch.setitem(RECIPES, "tiny", lambda: recipe)


@pytest.fixture
def lake(tmp_path: Path, tokenizer: Tokenizer) -> Lake:
    found = Lake(str(tmp_path / "lake"))
    publish(found, "sft", tokenizer, coin_flipper(tokenizer))
    return found


def _run(lake: Lake, **flags: str) -> bool:
    settings = evaluate.Evaluate(model="sft", **flags)
    return launch.execute(evaluate.STAGE, settings, TrainingOptions(lake=lake.root)) is not None


def test_every_answer_is_stored_with_its_verdict(lake: Lake, tmp_path: Path) -> None:
    _run(lake, questions=write_questions(tmp_path))
    rows = lake.read_table(ADDRESS).to_pylist()
    manifest = lake.require(ADDRESS, "test")
    assert sum(r["benchmark"] == "cases" for r in rows) == 20 * 5
    for name, asked in (("cases", 20), ("generated", manifest.figures["generated"]["questions"])):
        greedy = [r for r in rows if r["benchmark"] == name and r["mode"] == "cot"]
        sampled = [r for r in rows if r["benchmark"] == name and r["mode"] == "sample"]
        assert len(greedy) == len({r["item"] for r in greedy}) == asked and len(sampled) == 4 * asked
        figures = manifest.figures[name]
        assert figures["right"] == sum(r["correct"] for r in greedy) and figures["k"] == 4
        assert figures["low"] <= figures["accuracy"] <= figures["high"] and 0 <= figures["pass_at_k"] <= 1
    for row in rows:
        verdict = grade(row["answer"], row["gold"])
        assert (row["correct"], row["rule"], row["extracted"]) == (verdict.correct, verdict.rule, verdict.answer)
    cases = [r for r in rows if r["benchmark"] == "cases" and r["mode"] == "sample"]
    assert 0.2 < sum(r["correct"] for r in cases) / len(cases) < 0.8


def test_questions_of_the_generated_benchmark_are_never_training_questions(lake: Lake) -> None:
    _run(lake)
    asked = {r["prompt"] for r in lake.read_table(ADDRESS).to_pylist()}
    trained = {prompt(q.question) for split in ("sft", "rl") for q in examples(split, 3000, seed=1)}
    assert asked and not asked & trained


def test_prompts_without_room_for_an_answer_are_counted(lake: Lake) -> None:
    """The model's context is 64 tokens; some of the six questions leave no room for 14 more."""
    _run(lake)
    manifest = lake.require(ADDRESS, "test")
    left_out = manifest.dropped.get("prompt_longer_than_context", 0)
    assert left_out + manifest.figures["generated"]["questions"] == 6 == manifest.rows_in


def test_the_same_evaluation_gives_the_same_bytes_and_is_not_done_twice(
    lake: Lake, tmp_path: Path, tokenizer: Tokenizer
) -> None:
    other = Lake(str(tmp_path / "other"))
    publish(other, "sft", tokenizer, coin_flipper(tokenizer))
    assert _run(lake) and _run(other) and not _run(lake)
    first, second = (found.require(ADDRESS, "test") for found in (lake, other))
    assert first.files == second.files and first.figures == second.figures


def test_missing_models_and_questions_are_refused(lake: Lake, tmp_path: Path) -> None:
    with pytest.raises(StageError, match="no such file or folder"):
        _run(lake, questions=str(tmp_path / "nowhere.jsonl"))
    settings = evaluate.Evaluate(model="grpo")
    with pytest.raises(Unfinished, match="make grpo"):
        launch.execute(evaluate.STAGE, settings, TrainingOptions(lake=lake.root))


def test_other_questions_at_the_same_address_are_refused(lake: Lake, tmp_path: Path) -> None:
    file = Path(write_questions(tmp_path))
    _run(lake, questions=str(file))
    inputs = lake.require(ADDRESS, "test").provenance.inputs
    assert "file:cases" in inputs and "models/v1/stage=sft" in inputs
    file.write_text(file.read_text() + json.dumps({"question": "More?", "answer": "#### 1"}) + "\n")
    with pytest.raises(Differs, match="file:cases"):
        _run(lake, questions=str(file))
