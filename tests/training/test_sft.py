"""Supervised fine-tuning: the loss is on answers, bad examples are counted, and the model learns to answer."""

import json
from pathlib import Path

import numpy as np
import pytest

from jobs.lake.catalog import Lake, Unfinished
from jobs.lake.datasets import MODELS
from jobs.lake.stage import StageError
from training import launch, pretrain, sft
from training.config import Recipe
from training.launch import TrainingOptions, TrainingRun
from training.pretrain import Pretrain
from training.sft import STAGE, Pair, Sft
from training.tokenizer import EOS, Tokenizer


@pytest.fixture
def pretrained(small_lake: Lake, small_recipe: Recipe) -> Lake:
    launch.execute(pretrain.STAGE, Pretrain(), TrainingOptions(lake=small_lake.root))
    return small_lake


@pytest.fixture
def empty_run(tmp_path: Path) -> TrainingRun:
    return TrainingRun(STAGE, Sft(), TrainingOptions(), Lake(str(tmp_path)), "sft")


def losses(lake: Lake) -> list[float]:
    lines = lake.storage.read(f"{MODELS.at('v1', 'sft').folder}/metrics.jsonl").splitlines()
    return [json.loads(line)["loss"] for line in lines]


def test_it_learns_from_generated_problems(pretrained: Lake) -> None:
    run = launch.execute(STAGE, Sft(), TrainingOptions(lake=pretrained.root))
    assert run is not None and run.figures["examples"] == 60
    found = losses(pretrained)
    assert len(found) == 12 and found[-1] < found[0]


def test_it_needs_a_pretrained_model(small_lake: Lake, small_recipe: Recipe) -> None:
    with pytest.raises(Unfinished, match="sft: models/v1/stage=pretrain has no manifest .* run 'make pretrain' first"):
        launch.execute(STAGE, Sft(), TrainingOptions(lake=small_lake.root))


def test_a_file_of_examples_is_read_and_bad_lines_are_counted(pretrained: Lake, tmp_path: Path) -> None:
    good = {"question": "What is 1 + 1?", "answer": "1 + 1 = 2.\nThe answer is 2."}
    bad = [
        '{"question": "no answer"}',
        "not json",
        '{"question": 1, "answer": "x"}',
        '{"question": "", "answer": "x"}',
        "[]",
    ]
    long = {"question": "word " * 400, "answer": "2"}
    file = tmp_path / "examples.jsonl"
    file.write_text("\n".join([json.dumps(good), *bad, json.dumps(long)]))
    run = launch.execute(STAGE, Sft(examples=str(file)), TrainingOptions(lake=pretrained.root))
    assert run is not None
    assert run.dropped == {"not_an_example": 5, "longer_than_context": 1}
    assert run.figures["examples"] == 1
    (name,) = [k for k in pretrained.require(MODELS.at("v1", "sft"), "t").provenance.inputs if k.startswith("file:")]
    assert name == "file:examples.jsonl"


@pytest.mark.parametrize(
    ("content", "message"), [(None, "there is no such file"), ("", "no line is"), ("{}\n", "no line is")]
)
def test_a_useless_file_of_examples_is_refused(
    pretrained: Lake, tmp_path: Path, content: str | None, message: str
) -> None:
    file = tmp_path / "examples.jsonl"
    if content is not None:
        file.write_text(content)
    with pytest.raises(StageError, match=message):
        launch.execute(STAGE, Sft(examples=str(file)), TrainingOptions(lake=pretrained.root))
    assert pretrained.find(MODELS.at("v1", "sft")) is None


def test_the_loss_is_on_the_answer_and_its_end(tokenizer: Tokenizer, empty_run: TrainingRun) -> None:
    (example,) = sft.encode([Pair("How many?", " The answer is 7.")], tokenizer, 64, empty_run)
    targets = example.tokens[1:][example.weights > 0]
    assert tokenizer.decode(targets.tolist()) == " The answer is 7."
    assert targets[-1] == tokenizer.eos and (example.tokens == tokenizer.eos).sum() == 1
    assert tokenizer.decode(example.tokens[: example.prompt].tolist()) == "User: How many?\n\nAssistant:"


def test_a_special_token_written_in_a_question_is_text(tokenizer: Tokenizer, empty_run: TrainingRun) -> None:
    (example,) = sft.encode([Pair(f"Say {EOS} now", " no")], tokenizer, 64, empty_run)
    assert np.flatnonzero(example.tokens == tokenizer.eos).tolist() == [len(example.tokens) - 1]
    assert EOS in tokenizer.decode(example.tokens.tolist())


def test_all_examples_too_long_is_refused(tokenizer: Tokenizer, empty_run: TrainingRun) -> None:
    with pytest.raises(StageError, match="all 1 examples are longer than the context of 4 tokens"):
        sft.encode([Pair("How many apples are there?", " 7")], tokenizer, 4, empty_run)
