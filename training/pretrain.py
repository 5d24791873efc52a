"""Pretraining on the mixture of sources (paper 2.2, 2.3).

    python -m training.pretrain --recipe tiny
    torchrun --nproc-per-node 8 -m training.pretrain --recipe math_1b
    python -m training.pretrain --recipe math_7b --dry-run

Left out on purpose: the paper goes on from DeepSeek-Coder-Base-v1.5 7B, this stage starts from random weights.
"""

from dataclasses import dataclass

import torch

from jobs.lake.catalog import Lake
from jobs.lake.datasets import MODELS, SHARDS, TOKENIZER, Address
from jobs.lake.stage import Stage, StageError
from jobs.lake.token_shards import TokenShards, require_same_tokenizer, tokenizer_fingerprint
from training import dry_run, launch
from training.batches import MixedSequences
from training.checkpoints import publish_model
from training.config import Mixture, as_json
from training.engine import Engine
from training.launch import TrainingRun, TrainingSettings
from training.loop import Loop, train
from training.model import Decoder
from training.tokenizer import Tokenizer, read_tokenizer


@dataclass(frozen=True)
class Pretrain(TrainingSettings):
    """Train a model from random weights on the recipe's mixture of token shards (paper 2.2)."""


def reads(settings: Pretrain, lake: Lake) -> list[Address]:
    sources = present_shares(settings.plan.pretrain.mixture, lake, settings.version)
    return [TOKENIZER.at(settings.version), *(SHARDS.at(settings.version, source) for source in sources)]


def writes(settings: Pretrain) -> list[Address]:
    return [MODELS.at(settings.version, "pretrain")]


def present_shares(mixture: Mixture, lake: Lake, version: str) -> dict[str, float]:
    """Source -> share. Under `only_present` the shares of absent sources go to the present ones in proportion."""
    shares = dict(mixture.shares)
    if mixture.only_present:
        present = {a.part for a in lake.finished(SHARDS, version)}
        found = {source: share for source, share in shares.items() if source in present}
        # With none present all are wanted, and the first missing one is told of.
        shares = found or shares
    whole = sum(shares.values())
    return {source: share / whole for source, share in shares.items()}


def pretrain(settings: Pretrain, run: TrainingRun) -> None:
    config = settings.plan.pretrain
    tokenizer = read_tokenizer(run.lake, TOKENIZER.at(settings.version))
    rows = open_mixture(settings, run, tokenizer)
    sequences = config.steps * config.sequences
    for source, epochs in rows.epochs(sequences).items():
        run.log(f"source {source}: {rows.realised(sequences)[source]:.3%} of the tokens, {epochs:.2f} epochs")

    torch.manual_seed(settings.seed)
    model = Decoder(config.model, config.parallel.activation_checkpointing)
    run.log(f"{model.parameter_count():,} parameters; {config.steps} steps of {config.tokens_per_step:,} tokens")
    engine = Engine(model, config.optimizer, config.parallel, config.steps, run.ranks)
    loop = Loop(config.steps, config.sequences, config.saving, as_json(config), config.document_mask)
    metrics = train(run, engine, rows, loop)

    weights = engine.weights()
    if run.ranks.first:
        publish_model(run, weights, config.model, tokenizer, as_json(config), metrics)
    run.count_in(sequences)
    run.figure("realised_shares", rows.realised(sequences))
    run.figure("epochs", rows.epochs(sequences))
    run.figure("parameters", sum(w.numel() for w in weights.values()))


def open_mixture(settings: Pretrain, run: TrainingRun, tokenizer: Tokenizer) -> MixedSequences:
    """The recipe's mixture over the lake's shards. Raises StageError where tokens and model do not fit."""
    config = settings.plan.pretrain
    shares = present_shares(config.mixture, run.lake, settings.version)
    shards = [TokenShards.open(run.lake, SHARDS.at(settings.version, source)) for source in shares]
    require_same_tokenizer(shards, tokenizer_fingerprint(tokenizer.source.encode()))
    if tokenizer.vocabulary > config.model.vocabulary:
        raise StageError(
            f"the tokenizer has {tokenizer.vocabulary:,} ids, recipe {settings.recipe!r} has an embedding of "
            f"{config.model.vocabulary:,} rows; train a smaller one with 'make tokenizer ARGS=\"--vocabulary N\"'"
        )
    return MixedSequences(shards, list(shares.values()), config.model.context, settings.seed, config.document_mask)


STAGE = Stage(Pretrain, pretrain, writes=writes, reads=reads)

if __name__ == "__main__":
    launch.main(STAGE, lambda settings: dry_run.report("pretrain", settings.plan))
