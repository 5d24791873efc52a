"""Recipes construct, say what they are in a dry run, and tell the paper's settings from their own."""

import pytest

from jobs.lake.catalog import Lake
from training import dry_run, launch, pretrain, sft
from training.config import Mixture, ParallelConfig, as_json
from training.conformance import LATER_STAGES, findings, paper_settings
from training.dry_run import memory
from training.model import expected_parameters
from training.recipes import RECIPES

STAGES = ("pretrain", *LATER_STAGES)


@pytest.mark.parametrize("recipe", RECIPES)
@pytest.mark.parametrize("stage", STAGES)
def test_every_stage_of_every_recipe_can_be_told_in_a_dry_run(recipe: str, stage: str) -> None:
    text = dry_run.report(stage, RECIPES[recipe]())
    assert text.startswith(f"{stage} of recipe {recipe}\n")
    assert f"{expected_parameters(RECIPES[recipe]().pretrain.model):,} parameters" in text


def test_the_7b_dry_run_prints_the_papers_figures() -> None:
    text = dry_run.report("pretrain", RECIPES["math_7b"]())
    for figure in (
        "6,910,365,696 parameters (6.91 B)",
        "50,000 steps of 2,441 rows of up to 4,096 tokens: 9,998,336 tokens a step, 499,916,800,000 in all",
        "step 0: 2.1e-07, step 1,999: 0.00042, step 2,000: 0.00042, step 39,999: 0.00042, step 40,000: 0.0001327",
        "step 45,000: 4.2e-05",
        "on each of 64 GPUs (ZeRO 1, bf16, with activation checkpointing)",
    ):
        assert figure in text
    assert "DIFFERS" not in text


def test_zero_shards_what_its_stage_says() -> None:
    shape = RECIPES["math_7b"]().pretrain.model
    count = expected_parameters(shape)
    stages = [memory(shape, count, ParallelConfig(1, 64, s, "bf16", True), 4096, "pretrain") for s in (1, 2, 3)]
    assert [round(m.weights / count, 2) for m in stages] == [2.0, 2.0, 0.03]
    assert [round(m.gradients / count, 2) for m in stages] == [6.0, 0.06, 0.06]
    assert {round(m.optimizer / count * 64) for m in stages} == {12}
    alone = memory(shape, count, ParallelConfig(1), 4096, "pretrain")
    assert (alone.weights, alone.gradients, alone.optimizer) == (4.0 * count, 4.0 * count, 8.0 * count)


def test_the_7b_recipe_follows_the_paper_in_every_setting_of_every_stage() -> None:
    recipe = RECIPES["math_7b"]()
    for stage in STAGES:
        verdicts = [f.verdict for f in findings(stage, recipe)]
        assert "DIFFERS" not in verdicts
        assert verdicts.count("as the paper") == len(paper_settings(stage, "7B"))


def test_a_departure_from_the_paper_is_told_with_both_values() -> None:
    found = [f.text for f in findings("pretrain", RECIPES["tiny"]()) if f.verdict == "DIFFERS"]
    assert "model.hidden = 128; the paper: 4,096 (DeepSeek-LLM, which 2.3 follows)" in found


def test_the_tiny_model_has_about_a_million_parameters() -> None:
    assert 0.8e6 <= expected_parameters(RECIPES["tiny"]().pretrain.model) <= 1.5e6


def test_a_mixture_that_does_not_add_up_is_refused() -> None:
    with pytest.raises(ValueError, match="add up to 1, not 0.9"):
        Mixture((("math", 0.5), ("arxiv", 0.4)))


def test_a_config_is_plain_json() -> None:
    record = as_json(RECIPES["tiny"]().pretrain)
    assert record["mixture"]["shares"][0] == ["math", 0.56]  # type: ignore[index,call-overload]


@pytest.mark.parametrize("stage", [pretrain.STAGE, sft.STAGE])
def test_a_dry_run_needs_no_lake_and_publishes_nothing(
    stage: launch.Stage, small_lake: Lake, capsys: pytest.CaptureFixture[str]
) -> None:
    before = small_lake.storage.files("")
    word = stage.module.rpartition(".")[2]
    launch.main(stage, lambda s: dry_run.report(word, s.plan), ["--dry-run", "--lake", small_lake.root])
    assert f"{word} of recipe tiny" in capsys.readouterr().out
    assert small_lake.storage.files("") == before
