"""The ledger tells which documents a step saw, as the run itself saw them."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from jobs.lake.catalog import Lake
from jobs.lake.datasets import MODELS, SHARDS
from jobs.lake.stage import StageError
from training import launch, ledger, pretrain, sft
from training.config import Recipe
from training.launch import TrainingOptions, TrainingRun
from training.ledger import Ledger, trace
from training.pretrain import Pretrain
from training.recipes import RECIPES
from training.sft import Sft
from training.tokenizer import Tokenizer


@pytest.fixture
def pretrained(small_lake: Lake, small_recipe: Recipe) -> Lake:
    launch.execute(pretrain.STAGE, Pretrain(seed=5), TrainingOptions(lake=small_lake.root))
    return small_lake


def printed(capsys: pytest.CaptureFixture[str], *words: str) -> Iterator[dict[str, Any]]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ledger, "start_log", lambda: None)  # its handler would outlive the test's standard error
        ledger.main(words)
    return map(json.loads, capsys.readouterr().out.splitlines())


@pytest.mark.parametrize("step", [1, 7])
def test_every_token_of_a_step_is_told_with_its_document(
    step: int, pretrained: Lake, tokenizer: Tokenizer, texts: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    run = TrainingRun(pretrain.STAGE, Pretrain(seed=5), TrainingOptions(), pretrained, "pretrain")
    rows = pretrain.open_mixture(Pretrain(seed=5), run, tokenizer)
    documents = {f"math-{i}": t for i, t in enumerate(texts[:200])}
    documents |= {f"natural_language-{i}": t for i, t in enumerate(texts[200:])}
    per_step = run.settings.plan.pretrain.sequences
    told = list(printed(capsys, "--lake", pretrained.root, "--step", str(step)))
    for number in range(per_step):
        row = rows.row((step - 1) * per_step + number).tokens
        parts = [p for p in told if p["row"] == number]
        assert sum(p["tokens"] for p in parts) == len(row)
        for part in parts:
            document = [*tokenizer.encode(documents[part["document"]]), tokenizer.eos]
            inside = row[part["place"] : part["place"] + part["tokens"]].tolist()
            assert inside == document[part["offset"] : part["offset"] + part["tokens"]]
            assert part["document"].startswith(part["source"])


def test_a_run_that_has_not_ended_is_told_from_its_checkpoint(small_lake: Lake, small_recipe: Recipe) -> None:
    launch.execute(pretrain.STAGE, Pretrain(), TrainingOptions(lake=small_lake.root))
    wanted = trace(small_lake, Ledger(step=3))
    small_lake.storage.delete(MODELS.at("v1", "pretrain").folder)
    assert trace(small_lake, Ledger(step=3)) == wanted
    for name in small_lake.storage.folders("checkpoints/v1"):
        small_lake.storage.delete(f"checkpoints/v1/{name}")
    with pytest.raises(Exception, match="is not finished and has no checkpoint; run 'make pretrain' first"):
        trace(small_lake, Ledger(step=3))


def test_shards_that_were_made_again_since_are_refused(pretrained: Lake) -> None:
    address = SHARDS.at("v1", "math")
    manifest = pretrained.require(address, "test")
    changed = replace(manifest.provenance, config={"seed": 8})
    files = {file.name: pretrained.storage.read(f"{address.folder}/{file.name}") for file in manifest.files}
    publication = pretrained.begin(address, changed, replace_existing=True)
    assert publication is not None
    for name, data in files.items():
        publication.write(name, data)
    publication.finish()
    with pytest.raises(StageError, match="was made from shards/v1/source=math .* here it is"):
        trace(pretrained, Ledger())


@pytest.mark.parametrize("step", [0, 13])
def test_a_step_that_the_run_does_not_have_is_refused(
    step: int, pretrained: Lake, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        list(printed(capsys, "--lake", pretrained.root, "--step", str(step)))
    with pytest.raises(StageError, match=f"--step {step}: models/v1/stage=pretrain has steps 1 to 12"):
        trace(pretrained, Ledger(step=step))


def test_examples_of_a_fine_tuning_step_are_told(
    pretrained: Lake, small_recipe: Recipe, tokenizer: Tokenizer, tmp_path: Path
) -> None:
    file = tmp_path / "examples.jsonl"
    rows = [{"question": f"What is {i} + 1?", "answer": f"The answer is {i + 1}."} for i in range(40)]
    file.write_text("".join(json.dumps(r) + "\n" for r in rows))
    RECIPES["tiny"] = lambda: replace(small_recipe, sft=replace(small_recipe.sft, held_out=0.1))
    settings = Sft(examples=(str(file),), seed=2)
    run = launch.execute(sft.STAGE, settings, TrainingOptions(lake=pretrained.root))
    assert run is not None
    packed, _ = sft.packed_rows(settings, run, tokenizer)
    told = trace(pretrained, Ledger(stage="sft", step=4, examples=(str(file),)))
    assert len({s.row for s in told}) == small_recipe.sft.rows
    for span in told:
        number = int(span.document.removeprefix("examples.jsonl#"))
        row, inside = packed.row(span.row), slice(span.place, span.place + span.tokens)
        answer = row.targets[inside][row.weights[inside] > 0]
        assert tokenizer.decode(answer.tolist()) == f" {rows[number]['answer']}"
        assert len(np.unique(row.documents[inside])) == 1
    with pytest.raises(StageError, match=r"was made from --examples examples\.jsonl .* here it is absent"):
        trace(pretrained, Ledger(stage="sft", step=4))


def test_generated_examples_need_no_file(pretrained: Lake) -> None:
    launch.execute(sft.STAGE, Sft(), TrainingOptions(lake=pretrained.root))
    told = trace(pretrained, Ledger(stage="sft", step=1))
    assert told and all(s.document.startswith("word_problems#") for s in told)
