"""What a stage would be, without data, GPUs or memory: `python -m training.pretrain --recipe math_7b --dry-run`.

The model is built on PyTorch's meta device, so its shapes are real and its weights are not.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

from training.config import ModelConfig, OptimizerConfig, ParallelConfig, Recipe
from training.conformance import findings
from training.losses import CHUNK
from training.model import Decoder

GB = 1e9


@dataclass(frozen=True)
class Memory:
    """Bytes on each GPU, by what they hold."""

    weights: float
    gradients: float
    optimizer: float
    activations: float
    logits: float

    @property
    def total(self) -> float:
        return self.weights + self.gradients + self.optimizer + self.activations + self.logits


@dataclass(frozen=True)
class Work:
    """How much a stage does: updates, rows in each, positions in a row at most."""

    steps: int
    rows: int
    length: int

    @property
    def tokens(self) -> int:
        return self.steps * self.rows * self.length


def report(stage: str, recipe: Recipe) -> str:
    """Parameters, memory, steps, schedule and conformance of a stage, as text for people."""
    shape, config = recipe.pretrain.model, getattr(recipe, stage)
    with torch.device("meta"):
        parameters = Decoder(shape).parameter_count()
    lines = [f"{stage} of recipe {recipe.name}", _model_line(shape, parameters)]
    if stage != "evaluate":
        work = amount(stage, config, shape)
        lines += _work_lines(work, config.parallel, parameters)
        lines.append(_memory_line(memory(shape, parameters, config.parallel, work.length, stage), config.parallel))
        lines.append(_schedule_line(config.optimizer, work.steps))
    found = findings(stage, recipe)
    lines.append(f"conformance {sum(f.verdict == 'as the paper' for f in found)} settings as the paper; besides:")
    lines += [f"  {f.verdict}: {f.text}" for f in found if f.verdict != "as the paper"]
    return "\n".join(lines)


def amount(stage: str, config: Any, shape: ModelConfig) -> Work:
    """Updates of a stage, rows of one update over all processes, and the longest row."""
    if stage == "pretrain":
        return Work(config.steps, config.sequences, config.length)
    if stage == "sft":
        return Work(config.steps, config.rows, config.context)
    if stage == "reward_model":
        solutions = config.questions * config.samples * config.epochs
        return Work(-(-solutions // config.rows), config.rows, shape.context)
    return Work(
        config.steps * config.iterations * config.updates, config.questions_per_step * config.group, shape.context
    )


def memory(shape: ModelConfig, parameters: int, parallel: ParallelConfig, length: int, stage: str) -> Memory:
    """Bytes on each GPU. Weights, gradients and optimizer are arithmetic of ZeRO's partitioning (Rajbhandari 2020);
    activations and logits are estimates. A loss of tokens holds the logits of one chunk and the gradient of its matrix
    twice; GRPO needs the whole distribution; a reward model has one output.
    """
    half, shards, zero = parallel.precision == "bf16", parallel.gpus, parallel.zero_stage
    stored = 2.0 if half and zero else 4.0
    summed = 6.0 if half and zero == 1 else 4.0  # ZeRO 1 keeps bfloat16 gradients and their float32 sums whole
    moments = 12.0 if zero else 8.0  # with the float32 master copy that sharding adds
    references = 2 if stage == "grpo" else 1  # GRPO's reference model
    positions = parallel.micro_batch * length
    width = 2 if half else 4
    layer = positions * (8 * shape.hidden + 4 * shape.intermediate) * width
    kept = shape.layers * positions * shape.hidden * width + layer
    chunked = stage in ("pretrain", "sft")
    outputs = 1 if stage == "reward_model" else shape.vocabulary
    logits = (min(positions, CHUNK) if chunked else positions) * outputs * (width + 8)  # and in float32, and gradient
    return Memory(
        weights=references * parameters * stored / (shards if zero == 3 else 1),
        gradients=parameters * summed / (shards if zero >= 2 else 1),
        optimizer=parameters * moments / (shards if zero >= 1 else 1),
        activations=kept if parallel.activation_checkpointing else shape.layers * layer,
        logits=logits + (2 * 4 * shape.vocabulary * shape.hidden if chunked else 0),
    )


def _model_line(shape: ModelConfig, parameters: int) -> str:
    return (
        f"model       {parameters:,} parameters ({parameters / 1e9:.2f} B): hidden {shape.hidden}, "
        f"{shape.layers} layers, {shape.heads} heads, {shape.kv_heads} key/value heads, "
        f"intermediate {shape.intermediate}, vocabulary {shape.vocabulary}, context {shape.context}"
    )


def _work_lines(work: Work, parallel: ParallelConfig, parameters: int) -> list[str]:
    most = -(-work.rows // parallel.gpus)
    passes = -(-most // parallel.micro_batch)
    idle = 1 - work.rows / (most * parallel.gpus)
    whole = (
        f"work        {work.steps:,} steps of {work.rows:,} rows of up to {work.length:,} tokens: "
        f"{work.rows * work.length:,} tokens a step, {work.tokens:,} in all; "
        f"6 N D = {6 * parameters * work.tokens:.2e} FLOP"
    )
    step = (
        f"a step      {parallel.gpus} GPUs, each {passes} forward passes of {parallel.micro_batch} rows; "
        f"{idle:.1%} of row places stay empty"
    )
    return [whole, step]


def _memory_line(found: Memory, parallel: ParallelConfig) -> str:
    checkpointing = "with" if parallel.activation_checkpointing else "without"
    return (
        f"memory      {found.total / GB:.2f} GB on each of {parallel.gpus} GPUs (ZeRO {parallel.zero_stage}, "
        f"{parallel.precision}, {checkpointing} activation checkpointing): weights {found.weights / GB:.2f}, "
        f"gradients {found.gradients / GB:.2f}, optimizer {found.optimizer / GB:.2f}, "
        f"activations about {found.activations / GB:.2f}, logits about {found.logits / GB:.2f}"
    )


def _schedule_line(optimizer: OptimizerConfig, steps: int) -> str:
    rates = ", ".join(
        f"step {s:,}: {optimizer.peak * optimizer.schedule.factor(s, steps):.4g}" for s in points(optimizer, steps)
    )
    return f"schedule    peak {optimizer.peak:.4g}; {rates}"


def points(optimizer: OptimizerConfig, steps: int) -> Sequence[int]:
    """The steps where the learning rate turns, and the last of each flat part."""
    warmup = optimizer.schedule.warmup_steps
    turns = [0, warmup - 1, warmup]
    for share, _ in optimizer.schedule.drops:
        turns += [round(share * steps) - 1, round(share * steps)]
    return sorted({t for t in [*turns, steps - 1] if 0 <= t < steps})
