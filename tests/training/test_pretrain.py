"""Pretraining on a small lake: what it publishes, the mixture it takes, and what it refuses."""

import json
import math
from dataclasses import replace

import pytest
import torch

from jobs.lake.catalog import Lake, Unfinished
from jobs.lake.datasets import MODELS, SHARDS, TOKENIZER
from jobs.lake.stage import StageError
from training import launch
from training.checkpoints import read_weights
from training.config import Mixture, ModelConfig, Recipe
from training.launch import TrainingOptions
from training.pretrain import STAGE, Pretrain, present_shares
from training.recipes import RECIPES

MODEL = MODELS.at("v1", "pretrain")


def run(lake: Lake) -> launch.TrainingRun | None:
    return launch.execute(STAGE, Pretrain(), TrainingOptions(lake=lake.root))


def test_a_run_learns_and_publishes_model_metrics_and_events(small_lake: Lake, small_recipe: Recipe) -> None:
    steps = 30
    saving = replace(small_recipe.pretrain.saving, every=1000)
    RECIPES["tiny"] = lambda: replace(small_recipe, pretrain=replace(small_recipe.pretrain, steps=steps, saving=saving))
    assert run(small_lake) is not None
    manifest = small_lake.require(MODEL, "test")
    names = {f.name.split("/")[-1].split(".")[0] for f in manifest.files}
    assert {"model", "config", "tokenizer", "metrics", "recipe", "speed", "events"} <= names
    lines = [json.loads(line) for line in small_lake.storage.read(f"{MODEL.folder}/metrics.jsonl").splitlines()]
    assert [line["step"] for line in lines] == list(range(1, steps + 1))
    assert lines[0]["loss"] == pytest.approx(math.log(small_recipe.pretrain.model.vocabulary), abs=0.1)
    assert lines[-1]["loss"] < lines[0]["loss"] - 0.5
    assert manifest.figures["realised_shares"] == {
        "math": pytest.approx(0.56 / 0.66, abs=0.04),
        "natural_language": pytest.approx(0.10 / 0.66, abs=0.04),
    }
    assert run(small_lake) is None, "a finished run is not done again"


def test_bfloat16_arithmetic_starts_at_the_same_loss_learns_and_keeps_float32_weights(
    small_lake: Lake, small_recipe: Recipe
) -> None:
    found = []
    for precision in ("fp32", "bf16"):
        parallel = replace(small_recipe.pretrain.parallel, precision=precision)
        RECIPES["tiny"] = lambda p=parallel: replace(  # type: ignore[misc]
            small_recipe, pretrain=replace(small_recipe.pretrain, parallel=p)
        )
        launch.execute(STAGE, Pretrain(), TrainingOptions(lake=small_lake.root, replace=True))
        found.append([json.loads(x) for x in small_lake.storage.read(f"{MODEL.folder}/metrics.jsonl").splitlines()])
    exact, half = ([line["loss"] for line in lines] for lines in found)
    assert half == pytest.approx(exact, rel=5e-3) and half != exact
    assert half[-1] < half[0]
    assert {w.dtype for w in read_weights(small_lake, MODEL).values()} == {torch.float32}


def test_absent_sources_give_their_share_to_present_ones_only_where_the_recipe_says_so(small_lake: Lake) -> None:
    shares = (("math", 0.5), ("natural_language", 0.25), ("arxiv", 0.25))
    assert present_shares(Mixture(shares), small_lake, "v1") == dict(shares)
    found = present_shares(Mixture(shares, only_present=True), small_lake, "v1")
    assert found == {"math": pytest.approx(2 / 3), "natural_language": pytest.approx(1 / 3)}


def test_a_missing_source_is_refused_by_name(small_lake: Lake, small_recipe: Recipe) -> None:
    mixture = Mixture((("math", 0.9), ("arxiv", 0.1)))
    RECIPES["tiny"] = lambda: replace(small_recipe, pretrain=replace(small_recipe.pretrain, mixture=mixture))
    with pytest.raises(Unfinished, match=r"shards/v1/source=arxiv has no manifest .* 'make shards SOURCE=arxiv'"):
        run(small_lake)


def test_an_empty_lake_is_refused(tmp_path_factory: pytest.TempPathFactory, small_recipe: Recipe) -> None:
    with pytest.raises(Unfinished, match="pretrain: tokenizer/v1 has no manifest"):
        run(Lake(str(tmp_path_factory.mktemp("empty"))))


def test_a_tokenizer_larger_than_the_embedding_is_refused(small_lake: Lake, small_recipe: Recipe) -> None:
    shape: ModelConfig = replace(small_recipe.pretrain.model, vocabulary=300)
    RECIPES["tiny"] = lambda: replace(small_recipe, pretrain=replace(small_recipe.pretrain, model=shape))
    with pytest.raises(StageError, match="the tokenizer has 400 ids, recipe 'tiny' has an embedding of 300 rows"):
        run(small_lake)
    assert small_lake.find(MODEL) is None


def test_shards_of_another_tokenizer_are_refused(small_lake: Lake, small_recipe: Recipe) -> None:
    address = TOKENIZER.at("v1")
    manifest = small_lake.require(address, "test")
    changed = small_lake.storage.read(f"{address.folder}/tokenizer.json") + b"\n"
    publication = small_lake.begin(address, manifest.provenance, replace_existing=True)
    assert publication is not None
    publication.write("tokenizer.json", changed)
    publication.finish()
    with pytest.raises(Exception, match=f"{SHARDS.at('v1', 'math')} was tokenised by"):
        run(small_lake)
