"""Runs a training stage on one process or on many: flags, inputs and publishing as every stage, plus ranks.

python -m training.pretrain --recipe tiny                      (one process)
torchrun --nproc-per-node 8 -m training.pretrain --recipe math_1b
deepspeed --module training.pretrain --recipe math_7b          (also with --no_local_rank)

Rank 0 opens the run and publishes; the other ranks wait for its decision, read the same inputs and write nothing but
their part of a checkpoint.
"""

import logging
import os
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Literal

import torch
from torch import distributed

from jobs.lake import settings as settings_module
from jobs.lake.catalog import Lake, LakeError
from jobs.lake.datasets import CHECKPOINTS, MODELS
from jobs.lake.settings import RunOptions, SettingsError
from jobs.lake.stage import LOG, Run, Stage, StageError, StageSettings, close_run, open_run, run_name, start_log
from jobs.lake.tables import SchemaMismatch
from training.config import Recipe
from training.recipes import RECIPES

REFUSALS = (LakeError, StageError, SettingsError, SchemaMismatch)
COLLECTIVE_TIMEOUT = timedelta(minutes=30)


@dataclass(frozen=True)
class TrainingSettings(StageSettings):
    """What all training stages share."""

    recipe: Literal["tiny", "math_1b", "math_7b"] = "tiny"
    """Complete settings of every training stage: tiny (CPU, minutes), math_1b and math_7b (the paper's)."""
    seed: int = 1
    """Decides initial weights, the order of data and every sample."""

    @property
    def plan(self) -> Recipe:
        return RECIPES[self.recipe]()


@dataclass(frozen=True)
class TrainingOptions(RunOptions):
    """How a training stage is run."""

    device: Literal["auto", "cpu", "cuda"] = "auto"
    """Where tensors live; auto: the GPU of this rank where there is one."""
    resume: bool = True
    """Go on from the newest complete checkpoint of this very run; --no-resume begins at step 0."""
    dry_run: bool = False
    """Print parameters, memory, steps and open choices of the stage and publish nothing; needs no data."""


@dataclass(frozen=True)
class Ranks:
    """This process among all processes of the run."""

    rank: int = 0
    world: int = 1
    local_rank: int = 0
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))

    @property
    def first(self) -> bool:
        return self.rank == 0

    def share(self, value: Any) -> Any:
        """Rank 0's value, on every rank."""
        if self.world == 1:
            return value
        box = [value]
        distributed.broadcast_object_list(box, src=0, device=self.device)
        return box[0]

    def gather(self, value: Any) -> list[Any]:
        """Every rank's value, in the order of ranks, on every rank."""
        if self.world == 1:
            return [value]
        values: list[Any] = [None] * self.world
        distributed.all_gather_object(values, value)
        return values

    def total(self, value: float) -> float:
        """The sum of a number over all ranks."""
        if self.world == 1:
            return value
        box = torch.tensor(value, dtype=torch.float64, device=self.device)
        distributed.all_reduce(box)
        return float(box)

    def wait(self) -> None:
        """Until every rank is here."""
        if self.world > 1:
            distributed.barrier()


@dataclass
class TrainingRun(Run):
    """A run of a training stage on this rank; only rank 0 has outputs."""

    ranks: Ranks = field(default_factory=Ranks)

    @property
    def device(self) -> torch.device:
        return self.ranks.device

    @property
    def part(self) -> str:
        """The stage's word in addresses: `pretrain` in models/v1/stage=pretrain."""
        return self.stage.module.rpartition(".")[2]

    def log(self, message: str) -> None:
        if self.ranks.first:
            super().log(message)


def ranks_from_environment(device: str = "auto") -> Ranks:
    """Join the processes that torchrun or deepspeed started; one process where neither did. Raises StageError."""
    rank, world = int(os.environ.get("RANK", 0)), int(os.environ.get("WORLD_SIZE", 1))
    local_rank = int(os.environ.get("LOCAL_RANK", 0))
    has_gpu = torch.cuda.is_available()
    if device == "cuda" and not has_gpu:
        raise StageError("--device cuda: PyTorch finds no GPU here; use --device cpu or install a CUDA build")
    place = torch.device("cuda", local_rank) if has_gpu and device != "cpu" else torch.device("cpu")
    if place.type == "cuda":
        torch.cuda.set_device(place)
    else:
        os.environ.setdefault("DS_ACCELERATOR", "cpu")  # deepspeed would warn and guess
        # Sums over threads depend on their number: one thread gives the same weights on every machine.
        torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", 1)))
    if world > 1 and not distributed.is_initialized():
        backend = "cpu:gloo,cuda:nccl" if place.type == "cuda" else "gloo"
        distributed.init_process_group(backend, timeout=COLLECTIVE_TIMEOUT)
    return Ranks(rank, world, local_rank, place)


def execute(
    stage: Stage, settings: Any, options: TrainingOptions | None = None, ranks: Ranks | None = None
) -> TrainingRun | None:
    """Run a training stage on this rank. Returns the run, None where it was finished before.

    Raises LakeError or StageError, on every rank where rank 0 refuses.
    """
    started = time.monotonic()
    options = options or TrainingOptions()
    ranks = ranks or ranks_from_environment(options.device)
    run = _open(stage, settings, options, ranks)
    if run is None:
        return None
    config = {**settings_module.describe(settings), **settings_module.describe(options), "processes": ranks.world}
    run.log("config " + " ".join(f"{k}={v}" for k, v in config.items()))
    stage.body(settings, run)
    if ranks.first:
        close_run(run)
    ranks.wait()
    run.log(f"done in {time.monotonic() - started:.1f} s")
    return run


def _open(stage: Stage, settings: Any, options: TrainingOptions, ranks: Ranks) -> TrainingRun | None:
    """Rank 0 decides whether there is work, and all ranks follow its decision."""
    run: Run | None = None
    refusal: Exception | None = None
    if ranks.first:
        try:
            _forget_finished(stage, settings, options)
            run = open_run(stage, settings, options, TrainingRun)
        except REFUSALS as error:
            refusal = error
    decision = ranks.share((run is not None, str(refusal) if refusal else ""))
    if refusal is not None:
        raise refusal
    if decision[1]:
        raise StageError(decision[1])
    if not decision[0]:
        return None
    if not ranks.first:
        lake, name = Lake(options.lake), run_name(stage, settings)
        inputs = {str(a): lake.require(a, name) for a in stage.reads(settings, lake)}
        run = TrainingRun(stage, settings, options, lake, name, inputs)
    assert isinstance(run, TrainingRun)
    run.ranks = ranks
    return run


def _forget_finished(stage: Stage, settings: Any, options: TrainingOptions) -> None:
    """--replace of a finished model trains it again: its checkpoints would jump to the end. One that was interrupted
    on the way has no finished model, and goes on from its checkpoints."""
    lake = Lake(options.lake)
    models = [a for a in stage.writes(settings) if a.dataset is MODELS]
    for model in models:
        if options.replace and lake.find(model) is not None:
            for part in checkpoint_parts(lake, settings.version, model.part):
                lake.storage.delete(CHECKPOINTS.at(settings.version, part).folder)


def checkpoint_parts(lake: Lake, version: str, stage: str) -> list[str]:
    """Parts of the checkpoints dataset that a stage has, finished or not, oldest step first."""
    parts = [f.partition("=")[2] for f in lake.storage.folders(f"{CHECKPOINTS.name}/{version}")]
    return sorted(p for p in parts if p.rpartition("-")[0] == stage)


def main(stage: Stage, dry_run: Callable[[Any], str], argv: Sequence[str] | None = None) -> None:
    """The entry point of a training stage's module: exits 0 when done, 2 with a plain message when refused.

    `dry_run` makes from the settings the text that --dry-run prints.
    """
    start_log()
    words = [w for w in (sys.argv[1:] if argv is None else argv) if not w.startswith("--local_rank=")]  # deepspeed's
    ranks = Ranks()
    try:
        parsed = settings_module.parse(words, f"python -m {stage.module}", stage.settings, TrainingOptions)
        settings, options = parsed
        if options.dry_run:
            print(dry_run(settings))
            return
        ranks = ranks_from_environment(options.device)
        if not ranks.first:
            LOG.setLevel(logging.WARNING)
        execute(stage, settings, options, ranks)
    except REFUSALS as error:
        if ranks.first:
            LOG.error("%s", error)
        raise SystemExit(2) from error
    finally:
        if distributed.is_initialized():
            distributed.destroy_process_group()
