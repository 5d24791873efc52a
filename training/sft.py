"""Supervised fine-tuning on questions and worked answers (paper 3).

    python -m training.sft --recipe tiny
    python -m training.sft --recipe math_7b --examples cot.jsonl,pot.parquet,tool.jsonl.gz

Examples are chain of thought, programs, or text with programs and their output (`training.sft_records` has the schema),
as `User: {question}\\n\\nAssistant: {answer}<eos>`, joined at random up to the context. The loss is on the model's own
tokens. A share of the questions is kept apart, and their loss is told along with the training's.
"""

from collections import Counter
from dataclasses import dataclass
from typing import Annotated

from jobs.lake.catalog import Lake
from jobs.lake.datasets import MODELS, Address
from jobs.lake.settings import LOCATION
from jobs.lake.stage import Stage, StageError
from training import dry_run, launch
from training.batches import PackedExamples
from training.checkpoints import publish_model, read_model
from training.config import as_json
from training.engine import Engine
from training.launch import TrainingRun, TrainingSettings
from training.loop import Loop, Validation, train
from training.sft_examples import encode, generated, read_records, split
from training.sft_records import RecordFiles
from training.tokenizer import Tokenizer


@dataclass(frozen=True)
class Sft(TrainingSettings):
    """Fine-tune the pretrained model on questions with worked answers (paper 3)."""

    examples: Annotated[tuple[str, ...], LOCATION] = ()
    """Files of examples, .jsonl, .jsonl.gz or .parquet, a row {"question": ..., "answer": ...} or {"question": ...,
    "turns": [{"text": ...}, {"code": ...}, {"output": ...}, ...]}; none: generated word problems."""


def reads(settings: Sft, lake: Lake) -> list[Address]:
    return [MODELS.at(settings.version, "pretrain")]


def writes(settings: Sft) -> list[Address]:
    return [MODELS.at(settings.version, "sft")]


def sources(settings: Sft) -> dict[str, str]:
    return RecordFiles.named(settings.examples).digests()


def sft(settings: Sft, run: TrainingRun) -> None:
    config = settings.plan.sft
    model, tokenizer = read_model(
        run.lake, MODELS.at(settings.version, "pretrain"), run.device, config.parallel.activation_checkpointing
    )
    if config.context > model.config.context:
        raise StageError(
            f"recipe {settings.recipe!r} packs examples to {config.context} tokens, the pretrained model has a context "
            f"of {model.config.context}"
        )
    rows, validation = packed_rows(settings, run, tokenizer)
    engine = Engine(model, config.optimizer, config.parallel, config.steps, run.ranks)
    loop = Loop(config.steps, config.rows, config.saving, as_json(config), validation=validation)
    metrics = train(run, engine, rows, loop)
    weights = engine.weights()
    if run.ranks.first:
        publish_model(run, weights, model.config, tokenizer, as_json(config), metrics)


def packed_rows(settings: Sft, run: TrainingRun, tokenizer: Tokenizer) -> tuple[PackedExamples, Validation | None]:
    """Rows to train on and rows to validate on; what was read, left out and kept apart goes into the run's figures."""
    config = settings.plan.sft
    files = RecordFiles.named(settings.examples)
    records = read_records(files, run.drop) if files.paths else generated(config.examples, settings.seed)
    run.count_in(len(records) + sum(run.dropped.values()))
    sides = split(records, config.held_out, settings.seed)
    with_suffix = config.suffix == "kind"
    train_side, held = (
        encode(side, tokenizer, config.context, with_suffix, run.drop) for side in (sides.train, sides.validation)
    )
    if not train_side:
        raise StageError(f"all {len(sides.train)} examples are longer than the context of {config.context} tokens")
    rows = PackedExamples(train_side, config.context, settings.seed)
    tokens, own = (sum(len(e.tokens) for e in train_side), sum(int(e.weights.sum()) for e in train_side))
    epochs = config.steps * config.rows / rows.rows_of_first_epoch
    run.log(
        f"{len(train_side):,} examples of {tokens:,} tokens, {own:,} of them the answers' own, in "
        f"{rows.rows_of_first_epoch:,} rows: {epochs:.2f} epochs; {len(held):,} kept apart to validate on"
    )
    run.figure("examples", len(train_side))
    run.figure("validation_examples", len(held))
    run.figure("examples_by_kind", dict(sorted(Counter(r.kind for r in records).items())))
    run.figure("epochs", round(epochs, 4))
    if not held:
        return rows, None
    apart = PackedExamples(held, config.context, settings.seed)
    return rows, Validation(apart, apart.rows_of_first_epoch, config.validate_every)


STAGE = Stage(Sft, sft, writes=writes, reads=reads, sources=sources)

if __name__ == "__main__":
    launch.main(STAGE, lambda settings: dry_run.report("sft", settings.plan))
