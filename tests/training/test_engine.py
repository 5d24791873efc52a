"""The engine: the paper's schedule to the step, sums that do not depend on how a batch is cut, bad steps left out."""

import copy
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Literal

import pytest
import torch
from torch import Tensor, distributed, nn
from torch.nn import functional as F

from jobs.lake.stage import StageError
from training.config import ModelConfig, OptimizerConfig, ParallelConfig, Schedule
from training.engine import Engine, adamw
from training.launch import Ranks
from training.model import Decoder
from training.recipes import RECIPES

SHAPE = ModelConfig(hidden=16, layers=1, heads=2, kv_heads=2, intermediate=24, vocabulary=31, context=16, init_std=0.1)
OPTIMIZER = OptimizerConfig(peak=1e-2, schedule=Schedule(warmup_steps=0, drops=()), clip=0.5, stop_after_skipped=3)
PLAIN = ParallelConfig(micro_batch=8)


@pytest.fixture
def rows() -> tuple[Tensor, Tensor, Tensor]:
    """Eight rows of tokens, targets and weights; each row has another number of targets that count."""
    generator = torch.Generator().manual_seed(1)
    tokens = torch.randint(0, 31, (8, 12), generator=generator)
    targets = torch.randint(0, 31, (8, 12), generator=generator)
    weights = (torch.arange(12)[None] <= torch.arange(8)[:, None] + 2).float()
    return tokens, targets, weights


def new_engine(
    optimizer: OptimizerConfig = OPTIMIZER,
    parallel: ParallelConfig = PLAIN,
    steps: int = 10,
    shape: ModelConfig = SHAPE,
) -> Engine:
    torch.manual_seed(0)
    return Engine(Decoder(shape), optimizer, parallel, steps, Ranks())


def train(engine: Engine, rows: tuple[Tensor, Tensor, Tensor], micro: int, steps: int = 3) -> dict[str, Tensor]:
    tokens, targets, weights = rows
    parts = [slice(i, i + micro) for i in range(0, 8, micro)]
    for _ in range(steps):
        engine.update(
            parts,
            lambda p: engine.model(tokens[p], targets=targets[p], weights=weights[p]) / weights.sum(),
        )
    return engine.weights()


def test_the_papers_schedule_to_the_step() -> None:
    optimizer = RECIPES["math_7b"]().pretrain.optimizer
    rates = {s: optimizer.peak * optimizer.schedule.factor(s, 50_000) for s in (0, 1999, 2000, 39_999, 40_000, 44_999)}
    assert rates == {
        0: pytest.approx(4.2e-4 / 2000),
        1999: 4.2e-4,
        2000: 4.2e-4,
        39_999: 4.2e-4,
        40_000: pytest.approx(4.2e-4 * 0.316),
        44_999: pytest.approx(4.2e-4 * 0.316),
    }
    assert optimizer.peak * optimizer.schedule.factor(45_000, 50_000) == pytest.approx(4.2e-5)


def test_the_engine_follows_the_schedule(rows: tuple[Tensor, Tensor, Tensor]) -> None:
    engine = new_engine(replace(OPTIMIZER, schedule=Schedule(warmup_steps=2)), steps=10)
    rates = [engine.update([0], lambda _: engine.model(rows[0]).square().mean()).rate for _ in range(10)]
    assert rates == pytest.approx([0.005, 0.01, 0.01, 0.01, 0.01, 0.01, 0.01, 0.01, 0.00316, 0.001])


@pytest.mark.parametrize("micro", [1, 2, 4])
def test_accumulation_gives_what_one_large_batch_gives(rows: tuple[Tensor, Tensor, Tensor], micro: int) -> None:
    whole, cut = train(new_engine(), rows, 8), train(new_engine(), rows, micro)
    assert max(float((whole[n] - cut[n]).abs().max()) for n in whole) <= 1e-6


def test_a_micro_batch_without_weight_adds_nothing(rows: tuple[Tensor, Tensor, Tensor]) -> None:
    """The row that stands in where a rank has none left."""
    tokens, targets, weights = rows

    def weights_after(parts: list[Tensor]) -> dict[str, Tensor]:
        engine = new_engine()
        engine.update(parts, lambda w: engine.model(tokens, targets=targets, weights=w) / weights.sum())
        return engine.weights()

    filled, plain = weights_after([weights, torch.zeros_like(weights)]), weights_after([weights])
    assert all(torch.equal(filled[n], w) for n, w in plain.items())


def test_the_loss_told_is_the_mean_over_targets(rows: tuple[Tensor, Tensor, Tensor]) -> None:
    engine = new_engine()
    tokens, targets, weights = rows
    with torch.no_grad():
        counted = weights > 0
        wanted = F.cross_entropy(engine.model(tokens)[counted], targets[counted])
    update = engine.update(
        [slice(0, 3), slice(3, 8)],
        lambda p: engine.model(tokens[p], targets=targets[p], weights=weights[p]) / weights.sum(),
    )
    assert update.loss == pytest.approx(float(wanted), abs=1e-6)


def test_the_gradient_is_clipped_to_its_norm() -> None:
    """One step of plain arithmetic: AdamW's first step does not depend on the gradient's size, so the norm is told."""
    module = nn.Linear(3, 1, bias=False)
    engine = Engine(module, OPTIMIZER, PLAIN, 10, Ranks())
    seen: list[Tensor] = []
    engine._backend.optimizer.register_step_pre_hook(  # type: ignore[attr-defined]
        lambda *_: seen.append(module.weight.grad.clone())  # type: ignore[union-attr]
    )
    update = engine.update([0], lambda _: module(torch.tensor([3.0, 4.0, 0.0])).sum())
    assert update.gradient_norm == pytest.approx(5.0)
    assert torch.allclose(seen[0], torch.tensor([[0.3, 0.4, 0.0]]), atol=1e-6)


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_a_step_that_is_not_finite_changes_nothing_and_is_counted(
    rows: tuple[Tensor, Tensor, Tensor], bad: float
) -> None:
    engine, untouched = new_engine(), new_engine()
    train(engine, rows, 8, steps=1)
    train(untouched, rows, 8, steps=1)
    before = copy.deepcopy(engine.weights())
    update = engine.update([0, 1], lambda i: engine.model(rows[0]).mean() * (bad if i else 1.0))
    assert update.skipped and engine.skipped == 1 and engine.updates == 2
    assert all(torch.equal(before[n], w) for n, w in engine.weights().items())
    after, wanted = train(engine, rows, 8, steps=1), train(untouched, rows, 8, steps=1)
    assert all(torch.equal(after[n], wanted[n]) for n in wanted), "the optimizer's state must not have moved either"


def test_many_bad_steps_in_a_row_stop_the_run(rows: tuple[Tensor, Tensor, Tensor]) -> None:
    engine = new_engine()
    for _ in range(2):
        engine.update([0], lambda _: engine.model(rows[0]).mean() * float("nan"))
    train(engine, rows, 8, steps=1)  # a good one between starts the count again
    for _ in range(2):
        engine.update([0], lambda _: engine.model(rows[0]).mean() * float("nan"))
    with pytest.raises(StageError, match="not finite in 3 steps in a row"):
        engine.update([0], lambda _: engine.model(rows[0]).mean() * float("nan"))


def test_norms_have_no_weight_decay() -> None:
    decayed, free = adamw(Decoder(SHAPE), OPTIMIZER).param_groups
    assert (decayed["weight_decay"], free["weight_decay"]) == (0.1, 0.0)
    assert {p.dim() for p in decayed["params"]} == {2} and {p.dim() for p in free["params"]} == {1}
    assert len(decayed["params"]) + len(free["params"]) == len(list(Decoder(SHAPE).parameters()))


@pytest.fixture(scope="module")
def deepspeed_environment() -> Iterator[None]:
    """DeepSpeed keeps one process group for the life of the process."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DS_ACCELERATOR", "cpu")
        patch.setenv("LOCAL_RANK", "0")
        yield
    if distributed.is_initialized():
        distributed.destroy_process_group()


@pytest.mark.parametrize(("stage", "tied"), [(1, False), (2, False), (3, False), (3, True)])
def test_zero_equals_plain_and_goes_on_from_its_checkpoint(
    rows: tuple[Tensor, Tensor, Tensor],
    stage: Literal[1, 2, 3],
    tied: bool,
    tmp_path: Path,
    deepspeed_environment: None,
) -> None:
    shape = replace(SHAPE, tied=tied)
    plain = new_engine(shape=shape)
    sharded = new_engine(parallel=ParallelConfig(micro_batch=2, zero_stage=stage), shape=shape)
    wanted = train(plain, rows, 2)
    found = train(sharded, rows, 2)
    assert max(float((wanted[n] - found[n]).abs().max()) for n in found) <= 1e-5
    assert set(wanted) - set(found) == ({"lm_head.weight"} if tied else set())

    sharded.save(tmp_path)
    update = sharded.update([0], lambda _: sharded.model(rows[0]).mean() * float("nan"))
    assert update.skipped
    assert all(torch.equal(found[n], w) for n, w in sharded.weights().items())
    after = train(sharded, rows, 2, steps=1)
    sharded.load(tmp_path)
    assert sharded.updates == 3
    again = train(sharded, rows, 2, steps=1)
    assert all(torch.equal(after[n], again[n]) for n in after)
