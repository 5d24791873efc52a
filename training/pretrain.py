"""Pretraining on the mixture of sources (paper 2.2, 2.3).

    python -m training.pretrain --recipe tiny
    torchrun --nproc-per-node 8 -m training.pretrain --recipe math_1b
    python -m training.pretrain --recipe math_7b --start-from deepseek-coder-7b-base-v1.5
    python -m training.pretrain --recipe math_7b --dry-run

The paper goes on from a code model, DeepSeek-Coder-Base-v1.5 7B: --start-from takes any Llama checkpoint folder of
Hugging Face's layout, whose shape then replaces the recipe's. Without it weights are random.
"""

from dataclasses import dataclass, replace
from pathlib import Path

import torch

from jobs.lake.catalog import Lake
from jobs.lake.datasets import MODELS, SHARDS, TOKENIZER, Address
from jobs.lake.settings import Location
from jobs.lake.stage import Stage, StageError
from jobs.lake.token_shards import TokenShards, require_same_tokenizer, tokenizer_fingerprint
from training import dry_run, launch
from training.batches import MixedSequences
from training.checkpoints import publish_model
from training.config import Mixture, Recipe, as_json
from training.engine import Engine
from training.huggingface import LlamaFolder
from training.launch import TrainingRun, TrainingSettings
from training.loop import Loop, train
from training.model import Decoder
from training.tokenizer import Tokenizer, read_tokenizer


@dataclass(frozen=True)
class Pretrain(TrainingSettings):
    """Train a model on the recipe's mixture of token shards (paper 2.2, 2.3)."""

    start_from: Location = ""
    """A folder with a Llama checkpoint as Hugging Face lays it out, to train on; empty: random weights."""

    @property
    def plan(self) -> Recipe:
        """The recipe; with --start-from the checkpoint's shape, and sequences as long as the recipe's."""
        recipe = super().plan
        if not self.start_from:
            return recipe
        config, shape = recipe.pretrain, LlamaFolder(Path(self.start_from)).config()
        if config.length > shape.context:
            raise StageError(
                f"recipe {self.recipe!r} trains on sequences of {config.length:,} tokens, the checkpoint in "
                f"--start-from {self.start_from} has a context of {shape.context:,}"
            )
        choices = {**recipe.open_choices, "pretrain.initial_weights": f"the checkpoint in {self.start_from}"}
        return replace(recipe, pretrain=replace(config, model=shape, context=config.length), open_choices=choices)


def reads(settings: Pretrain, lake: Lake) -> list[Address]:
    sources = present_shares(settings.plan.pretrain.mixture, lake, settings.version)
    return [TOKENIZER.at(settings.version), *(SHARDS.at(settings.version, source) for source in sources)]


def sources(settings: Pretrain) -> dict[str, str]:
    return {"start_from": LlamaFolder(Path(settings.start_from)).digest()} if settings.start_from else {}


def writes(settings: Pretrain) -> list[Address]:
    return [MODELS.at(settings.version, "pretrain")]


def present_shares(mixture: Mixture, lake: Lake, version: str) -> dict[str, float]:
    """Source -> share. Under `only_present` the shares of absent sources go to the present ones in proportion."""
    every = {source for source, _ in mixture.shares}
    present = every & {a.part for a in lake.finished(SHARDS, version)} if mixture.only_present else every
    return mixture.over(present or every)  # with none present all are wanted, and the first missing one is told of


def pretrain(settings: Pretrain, run: TrainingRun) -> None:
    config = settings.plan.pretrain
    tokenizer = read_tokenizer(run.lake, TOKENIZER.at(settings.version))
    folder = LlamaFolder(Path(settings.start_from)) if settings.start_from else None
    if folder:
        folder.require_tokenizer(tokenizer)
    rows = open_mixture(settings, run, tokenizer)
    sequences = config.steps * config.sequences
    for source, epochs in rows.epochs(sequences).items():
        run.log(f"source {source}: {rows.realised(sequences)[source]:.3%} of the tokens, {epochs:.2f} epochs")

    torch.manual_seed(settings.seed)
    model = Decoder(config.model, config.parallel.activation_checkpointing)
    if folder:
        folder.load_into(model)
        run.log(f"weights of the checkpoint in {settings.start_from}")
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
    return MixedSequences(shards, list(shares.values()), config.length, settings.seed, config.document_mask)


STAGE = Stage(Pretrain, pretrain, writes=writes, reads=reads, sources=sources)

if __name__ == "__main__":
    launch.main(STAGE, lambda settings: dry_run.report("pretrain", settings.plan))
