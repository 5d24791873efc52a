"""Supervised fine-tuning: the loss is on answers, bad examples are counted, and the model learns to answer."""

import gzip
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from jobs.lake.catalog import Lake, Unfinished
from jobs.lake.datasets import MODELS
from jobs.lake.stage import StageError
from training import launch, pretrain
from training.checkpoints import read_model
from training.config import Recipe
from training.launch import TrainingOptions
from training.pretrain import Pretrain
from training.recipes import RECIPES
from training.sft import STAGE, Sft
from training.sft_examples import encode, generated, split
from training.sft_records import record
from training.tokenizer import EOS, Tokenizer


@pytest.fixture
def pretrained(small_lake: Lake, small_recipe: Recipe) -> Lake:
    launch.execute(pretrain.STAGE, Pretrain(), TrainingOptions(lake=small_lake.root))
    return small_lake


def metrics(lake: Lake) -> list[dict[str, float]]:
    lines = lake.storage.read(f"{MODELS.at('v1', 'sft').folder}/metrics.jsonl").splitlines()
    return [json.loads(line) for line in lines]


def no_drop(reason: str, rows: int) -> None:
    raise AssertionError(f"{rows} rows dropped: {reason}")


def test_it_learns_from_generated_problems(pretrained: Lake) -> None:
    run = launch.execute(STAGE, Sft(), TrainingOptions(lake=pretrained.root))
    assert run is not None
    assert (run.figures["examples"], run.figures["validation_examples"]) == (59, 1)
    found = [line["loss"] for line in metrics(pretrained)]
    assert len(found) == 12 and found[-1] < found[0]


def test_questions_kept_apart_give_a_validation_loss_while_it_trains(pretrained: Lake, small_recipe: Recipe) -> None:
    part = replace(small_recipe.sft, held_out=0.2, validate_every=5)
    RECIPES["tiny"] = lambda: replace(small_recipe, sft=part)
    run = launch.execute(STAGE, Sft(), TrainingOptions(lake=pretrained.root))
    assert run is not None
    assert (run.figures["examples"], run.figures["validation_examples"]) == (48, 12)
    told = {line["step"]: line["validation_loss"] for line in metrics(pretrained) if "validation_loss" in line}
    assert list(told) == [5, 10, 12] and told[12] < told[5]
    # The last one is the published model's, measured here by hand.
    model, tokenizer = read_model(pretrained, MODELS.at("v1", "sft"))
    held = split(generated(60, 1), 0.2, 1).validation
    total = weight = 0.0
    with torch.no_grad():
        for example in encode(held, tokenizer, 128, False, no_drop):
            row, weights = torch.from_numpy(example.tokens)[None], torch.from_numpy(example.weights)[None]
            total += float(model(row[:, :-1], targets=row[:, 1:], weights=weights))
            weight += float(weights.sum())
    assert told[12] == pytest.approx(total / weight, abs=1e-5)
    assert run.figures["validation_loss"] == told[12]


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
    file, other = tmp_path / "examples.jsonl", tmp_path / "more.jsonl.gz"
    file.write_text("\n".join([json.dumps(good), *bad, json.dumps(long)]))
    program = {"question": "What is 2 + 2?", "turns": [{"code": "print(2 + 2)"}]}
    other.write_bytes(gzip.compress(json.dumps(program).encode()))
    run = launch.execute(STAGE, Sft(examples=(str(file), str(other))), TrainingOptions(lake=pretrained.root))
    assert run is not None and run.rows_in == 8
    assert run.dropped == {"no_answer": 1, "not_an_object": 2, "no_question": 2, "longer_than_context": 1}
    assert run.figures["examples"] == 2
    assert run.figures["examples_by_kind"] == {"cot": 2, "pot": 1}
    names = [k for k in pretrained.require(MODELS.at("v1", "sft"), "t").provenance.inputs if k.startswith("file:")]
    assert names == ["file:examples.jsonl", "file:more.jsonl.gz"]


@pytest.mark.parametrize(
    ("content", "message"),
    [(None, "there is no such file"), ("", "no row is"), ("{}\n", "no row is an example: {'no_q")],
)
def test_a_useless_file_of_examples_is_refused(
    pretrained: Lake, tmp_path: Path, content: str | None, message: str
) -> None:
    file = tmp_path / "examples.jsonl"
    if content is not None:
        file.write_text(content)
    with pytest.raises(StageError, match=message):
        launch.execute(STAGE, Sft(examples=(str(file),)), TrainingOptions(lake=pretrained.root))
    assert pretrained.find(MODELS.at("v1", "sft")) is None


def test_the_loss_is_on_the_answer_and_its_end(tokenizer: Tokenizer) -> None:
    found = record({"question": "How many?", "answer": "The answer is 7."}, "f#0")
    (example,) = encode([found], tokenizer, 64, False, no_drop)
    targets = example.tokens[1:][example.weights > 0]
    assert tokenizer.decode(targets.tolist()) == " The answer is 7."
    assert targets[-1] == tokenizer.eos and (example.tokens == tokenizer.eos).sum() == 1
    before = example.tokens[: int(np.flatnonzero(example.weights)[0]) + 1]
    assert tokenizer.decode(before.tolist()) == "User: How many?\n\nAssistant:"


def test_a_special_token_written_in_a_question_is_text(tokenizer: Tokenizer) -> None:
    (example,) = encode([record({"question": f"Say {EOS} now", "answer": "no"}, "f#0")], tokenizer, 64, False, no_drop)
    assert np.flatnonzero(example.tokens == tokenizer.eos).tolist() == [len(example.tokens) - 1]
    assert EOS in tokenizer.decode(example.tokens.tolist())


def test_all_examples_too_long_is_refused(pretrained: Lake, tmp_path: Path) -> None:
    file = tmp_path / "long.jsonl"
    file.write_text(json.dumps({"question": "word " * 400, "answer": "2"}))
    with pytest.raises(StageError, match="all 1 examples are longer than the context of 128 tokens"):
        launch.execute(STAGE, Sft(examples=(str(file),)), TrainingOptions(lake=pretrained.root))


def test_two_files_of_one_name_are_refused(pretrained: Lake, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    files = (tmp_path / "a.jsonl", tmp_path / "other" / "a.jsonl")
    for file in files:
        file.write_text(json.dumps({"question": "q", "answer": "a"}))
    with pytest.raises(StageError, match=r"two files are called a\.jsonl"):
        launch.execute(STAGE, Sft(examples=tuple(map(str, files))), TrainingOptions(lake=pretrained.root))


def test_a_question_is_never_on_both_sides() -> None:
    rows = [{"question": f"What is {i} + 1?", "answer": str(i + 1)} for i in range(50)]
    spelled = [{**r, "question": f"  what  IS {i} + 1?\n"} for i, r in enumerate(rows)]
    records = [record(r, f"f#{i}") for i, r in enumerate([*rows, *spelled])]
    sides = split(records, 0.2, seed=3)
    apart = {" ".join(r.question.casefold().split()) for r in sides.validation}
    assert len(apart) == 10 and len(sides.validation) == 20 and len(sides.train) == 80
    assert not apart & {" ".join(r.question.casefold().split()) for r in sides.train}
    assert {r.name for r in split(records[::-1], 0.2, seed=3).validation} == {r.name for r in sides.validation}
    assert {r.name for r in split(records, 0.2, seed=4).validation} != {r.name for r in sides.validation}
