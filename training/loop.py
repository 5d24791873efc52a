"""The loop that pretraining and supervised fine-tuning share: rows in, updates, progress, checkpoints."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from jobs.lake.settings import JsonValue
from training.batches import Batch, Rows, step_batches
from training.checkpoints import Checkpoints
from training.config import Saving
from training.engine import Engine
from training.launch import TrainingRun
from training.progress import Progress


@dataclass(frozen=True)
class Loop:
    """How long to train, on how many rows a step, and what identifies the run."""

    steps: int
    rows_per_step: int
    saving: Saving
    config: Mapping[str, JsonValue]
    """The stage's resolved settings: a checkpoint made under others is not resumed."""
    keep_documents: bool = True
    """Tokens attend to their own document only."""
    validation: "Validation | None" = None


@dataclass(frozen=True)
class Validation:
    """Rows that are never trained on, and how often their loss is measured."""

    rows: Rows
    count: int
    """All rows: 0 to count - 1."""
    every: int
    """Steps between measurements; the last step has one."""

    def loss(self, engine: Engine, run: TrainingRun) -> float:
        """Mean loss over the targets that count, over all processes; every rank calls it."""
        batches = step_batches(self.rows, 0, self.count, engine.parallel.micro_batch, run.ranks)
        engine.module.eval()
        total = 0.0
        with torch.no_grad(), engine.arithmetic():
            for batch in batches:
                total += float(
                    engine.module(batch.tokens, documents=batch.documents, targets=batch.targets, weights=batch.weights)
                )
        engine.module.train()
        return run.ranks.total(total) / run.ranks.total(sum(b.weight for b in batches))


def train(run: TrainingRun, engine: Engine, rows: Rows, loop: Loop) -> bytes:
    """Train from the newest checkpoint, or from the start, to the last step. Returns metrics.jsonl.

    The loss is the mean over the step's targets that count, over all processes. Raises StageError where the loss
    diverges.
    """
    checkpoints = Checkpoints(run, loop.saving, loop.config)
    resumed = checkpoints.resume(engine)
    progress = Progress(run, loop.steps, resumed.metrics if resumed else b"")
    for step in range(resumed.step if resumed else 0, loop.steps):
        batches = step_batches(
            rows, step, loop.rows_per_step, engine.parallel.micro_batch, run.ranks, loop.keep_documents
        )
        targets = run.ranks.total(sum(b.weight for b in batches))

        def objective(batch: Batch, targets: float = targets) -> Tensor:
            loss = engine.model(batch.tokens, documents=batch.documents, targets=batch.targets, weights=batch.weights)
            return loss / targets

        update = engine.update(batches, objective)
        metrics = {"loss": update.loss, "rate": update.rate, "gradient_norm": update.gradient_norm}
        if update.skipped:
            metrics["skipped"] = 1
        held = loop.validation
        if held and (step + 1 == loop.steps or (step + 1) % held.every == 0):
            metrics["validation_loss"] = held.loss(engine, run)
            run.figure("validation_loss", metrics["validation_loss"])
        progress.step(step + 1, metrics, round(run.ranks.total(sum(b.tokens.numel() for b in batches))))
        if checkpoints.due(step + 1, loop.steps):
            checkpoints.save(engine, step + 1, progress.lines())
    progress.close()
    run.figure("steps", loop.steps)
    run.figure("skipped_steps", engine.skipped)
    return progress.lines()
