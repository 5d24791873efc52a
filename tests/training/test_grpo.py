import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from small_models import QUESTIONS, coin_flipper, publish, write_questions

from jobs.lake.catalog import Lake, Unfinished
from jobs.lake.datasets import MODELS
from jobs.lake.stage import StageError
from training import grpo, launch, reward_model
from training.benchmarks.questions import Question
from training.checkpoints import read_model, read_weights
from training.config import GrpoConfig, OptimizerConfig, ParallelConfig, Recipe, RewardModelConfig, Saving, Schedule
from training.launch import TrainingOptions
from training.progress import Progress
from training.recipes import RECIPES
from training.tokenizer import Tokenizer

OPTIMIZER = OptimizerConfig(peak=3e-3, schedule=Schedule(0, ()), weight_decay=0.0)
SMALL = GrpoConfig(
    optimizer=OPTIMIZER, parallel=ParallelConfig(micro_batch=16), questions=20, questions_per_step=4, steps=8,
    saving=Saving(every=2), group=8, max_new_tokens=24, reward="verifier", suffix="none",
)  # fmt: skip
REWARD_MODEL = RewardModelConfig(
    optimizer=OPTIMIZER, parallel=ParallelConfig(micro_batch=16), questions=20, samples=4, saving=Saving(every=100),
    completions=2, supervision="process", rows=16, epochs=2, max_new_tokens=24, held_out=0.2, suffix="none",
)  # fmt: skip


@pytest.fixture
def use(monkeypatch: pytest.MonkeyPatch) -> Callable[[GrpoConfig], None]:
    """Recipe tiny with this GRPO config."""
    tiny = RECIPES["tiny"]()

    def set_recipe(config: GrpoConfig) -> None:
        recipe: Recipe = replace(tiny, grpo=config, reward_model=REWARD_MODEL)
        monkeypatch.setitem(RECIPES, "tiny", lambda: recipe)

    return set_recipe


@pytest.fixture
def lake(tmp_path: Path, tokenizer: Tokenizer) -> Lake:
    return _lake(tmp_path / "lake", tokenizer)


def _lake(root: Path, tokenizer: Tokenizer) -> Lake:
    found = Lake(str(root))
    for stage in ("pretrain", "sft"):
        publish(found, stage, tokenizer, coin_flipper(tokenizer))
    return found


def _run(lake: Lake, questions: str) -> list[dict[str, float]]:
    launch.execute(grpo.STAGE, grpo.Grpo(questions=questions), TrainingOptions(lake=lake.root))
    data = lake.storage.read(f"{MODELS.at('v1', 'grpo').folder}/metrics.jsonl")
    return [json.loads(line) for line in data.splitlines()]


def test_reward_rises_and_every_step_says_what_informs(
    lake: Lake, tmp_path: Path, use: Callable[[GrpoConfig], None]
) -> None:
    use(SMALL)
    metrics = _run(lake, write_questions(tmp_path))
    assert len(metrics) == 8
    assert 0.1 < metrics[0]["reward"] < 0.8 and metrics[-1]["reward"] > metrics[0]["reward"] + 0.2
    for step in metrics:
        assert step["ratio"] == pytest.approx(1.0, abs=1e-5) and step["clipped"] == 0
        assert step["kl"] >= 0 and step["entropy"] > 0 and 5 < step["length"] <= 24 and step["finished"] > 0.8
        assert 0 <= step["zero_variance"] <= 1 and step["unscored"] == 0 and step["right"] == step["reward"]
    assert metrics[0]["kl"] == pytest.approx(0, abs=1e-6) and metrics[-1]["kl"] > 1e-4
    model, _ = read_model(lake, MODELS.at("v1", "grpo"))
    manifest = lake.require(MODELS.at("v1", "grpo"), "test")
    assert model.config.hidden == 32 and "models/v1/stage=sft" in manifest.provenance.inputs


def test_reference_becomes_the_policy_after_an_iteration(
    lake: Lake, tmp_path: Path, use: Callable[[GrpoConfig], None]
) -> None:
    use(replace(SMALL, steps=3, iterations=2))
    kl = [step["kl"] for step in _run(lake, write_questions(tmp_path))]
    assert len(kl) == 6 and kl[2] > 1e-4
    assert kl[3] == pytest.approx(0, abs=1e-6) and kl[5] > 1e-6


@pytest.mark.parametrize(("updates", "iterations", "stop"), [(1, 1, 5), (2, 1, 3), (1, 2, 7), (2, 2, 6)], ids=str)
def test_resume_is_bit_for_bit(
    tmp_path: Path,
    tokenizer: Tokenizer,
    use: Callable[[GrpoConfig], None],
    monkeypatch: pytest.MonkeyPatch,
    updates: int,
    iterations: int,
    stop: int,
) -> None:
    """Also with several updates per exploration and past the change of the reference, where a generation buffer or a
    forgotten reference would show."""
    use(replace(SMALL, steps=4 * (3 - iterations), updates=updates, iterations=iterations))
    questions = write_questions(tmp_path)
    whole, broken = _lake(tmp_path / "whole", tokenizer), _lake(tmp_path / "broken", tokenizer)
    expected = _run(whole, questions)
    tell = Progress.step

    def fail(self: Progress, step: int, metrics: dict[str, float], count: int) -> None:
        if step == stop:
            raise KeyboardInterrupt
        tell(self, step, metrics, count)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Progress, "step", fail)
        _run(broken, questions)
    assert broken.find(MODELS.at("v1", "grpo")) is None
    assert _run(broken, questions) == expected
    left, right = (read_weights(found, MODELS.at("v1", "grpo")) for found in (whole, broken))
    assert all(torch.equal(left[name], right[name]) for name in left)


@pytest.mark.parametrize("supervision", ["outcome", "process"])
def test_learns_from_the_reward_model(
    lake: Lake, tmp_path: Path, use: Callable[[GrpoConfig], None], supervision: str
) -> None:
    """The reward is a probability, not the verdict, and following it makes answers right."""
    use(replace(SMALL, steps=3, reward="reward_model", supervision=supervision))
    questions = write_questions(tmp_path)
    with pytest.raises(Unfinished, match="reward_model"):
        _run(lake, questions)
    settings = reward_model.RewardModel(questions=questions)
    launch.execute(reward_model.STAGE, settings, TrainingOptions(lake=lake.root))
    metrics = _run(lake, questions)
    assert all(0 < step["reward"] < 1 for step in metrics)
    assert metrics[-1]["right"] > metrics[0]["right"] + 0.2


def test_process_supervision_without_a_model_of_steps_is_refused(
    lake: Lake, tmp_path: Path, use: Callable[[GrpoConfig], None]
) -> None:
    use(replace(SMALL, supervision="process"))
    with pytest.raises(StageError, match="needs a reward model of steps"):
        _run(lake, write_questions(tmp_path))


def test_questions_come_round_once_an_epoch() -> None:
    questions = [Question(str(n), q, (), "7") for n, q in enumerate(QUESTIONS)]
    first = [q.id for step in range(5) for q in grpo.pick(questions, step, 4, seed=1)]
    second = [q.id for step in range(5, 10) for q in grpo.pick(questions, step, 4, seed=1)]
    assert sorted(first) == sorted(second) == sorted(q.id for q in questions) and first != second
    across = [q.id for step in range(5) for q in grpo.pick(questions[:10], step, 4, seed=1)]
    assert sorted(across[:10]) == sorted(across[10:])


@pytest.mark.parametrize(("questions", "group", "world"), [(16, 64, 64), (4, 8, 2), (4, 8, 1), (1, 8, 8), (6, 4, 3)])
def test_ranks_in_order_hold_the_outputs_in_order(questions: int, group: int, world: int) -> None:
    asked = [Question(str(n), "", (), "7") for n in range(questions)]
    parts = [grpo.share(asked, group, rank, world) for rank in range(world)]
    assert [q.id for mine, each in parts for q in mine for _ in range(each)] == [
        q.id for q in asked for _ in range(group)
    ]


@pytest.mark.parametrize(("questions", "group", "world"), [(3, 8, 2), (1, 8, 3), (1, 4, 8)])
def test_outputs_that_cannot_be_shared_evenly_are_refused(questions: int, group: int, world: int) -> None:
    with pytest.raises(StageError, match="cannot be shared evenly"):
        grpo.share([Question(str(n), "", (), "7") for n in range(questions)], group, 0, world)
