"""Which documents a step of a training run saw, from the run's own record: its config, its seed, its shards.

    python -m training.ledger --stage pretrain --step 40000 > step.jsonl
    python -m training.ledger --stage sft --step 12 --examples cot.jsonl,tool.jsonl.gz

One JSON line for each part of each row, in order: row of the step, source, document (page_id, or FILE#ROW), URL, place
in the row, tokens, offset in the document. What a step sees is a function of the record, the same for every number of
processes; so nothing was written down while the run went on, and the ledger refuses data that has changed since.
"""

import json
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Annotated, Any, Literal

from jobs.lake.catalog import Lake, LakeError
from jobs.lake.datasets import CHECKPOINTS, DEFAULT_VERSION, MODELS, SHARDS, parse_address
from jobs.lake.manifest import Manifest
from jobs.lake.settings import LOCATION, RunOptions, SettingsError, parse
from jobs.lake.stage import LOG, StageError, start_log
from jobs.lake.token_shards import TokenShards
from training.batches import MixedSequences, PackedExamples, Span
from training.config import Mixture
from training.launch import checkpoint_parts
from training.sft_examples import encode, generated, read_records, split
from training.sft_records import RecordFiles
from training.tokenizer import read_tokenizer


@dataclass(frozen=True)
class Ledger:
    """Tell which documents or examples a step of a run saw, as JSON lines."""

    version: str = DEFAULT_VERSION
    """Version of the lake's datasets."""
    stage: Literal["pretrain", "sft"] = "pretrain"
    """Whose step."""
    step: int = 1
    """Number of the step, from 1, as metrics.jsonl counts."""
    examples: Annotated[tuple[str, ...], LOCATION] = ()
    """For sft: the files of examples that the run was given, wherever they are now."""


@dataclass(frozen=True)
class Record:
    """What is known of a run: from its model, or from its newest checkpoint where it has not ended."""

    where: str
    plan: dict[str, Any]
    """The stage's resolved part of the recipe."""
    seed: int
    inputs: dict[str, str]
    """Address or file:NAME -> fingerprint or digest."""


def recorded(lake: Lake, version: str, stage: str) -> Record:
    """The record of a stage's run. Raises LakeError where the stage has left none."""
    model = MODELS.at(version, stage)
    manifest = lake.find(model)
    if manifest is not None:
        return _record(str(model), manifest, json.loads(lake.storage.read(f"{model.folder}/recipe.json")))
    for part in reversed(checkpoint_parts(lake, version, stage)):
        address = CHECKPOINTS.at(version, part)
        manifest = lake.find(address)
        if manifest is not None:
            return _record(str(address), manifest, manifest.provenance.config["plan"])
    raise LakeError(f"ledger: {model} is not finished and has no checkpoint; run '{model.remedy}' first")


def _record(where: str, manifest: Manifest, plan: Any) -> Record:
    made = manifest.provenance
    return Record(where, plan, int(str(made.config["seed"])), made.inputs)


def trace(lake: Lake, settings: Ledger) -> list[Span]:
    """The parts of the rows of a step, in order. Raises LakeError or StageError."""
    record = recorded(lake, settings.version, settings.stage)
    if not 1 <= settings.step <= record.plan["steps"]:
        raise StageError(f"--step {settings.step}: {record.where} has steps 1 to {record.plan['steps']:,}")
    if settings.stage == "pretrain":
        rows: MixedSequences | PackedExamples = _sequences(lake, record)
        per_step = record.plan["sequences"]
    else:
        rows, per_step = _examples(lake, record, settings), record.plan["rows"]
    return rows.trace((settings.step - 1) * per_step, per_step)


def _sequences(lake: Lake, record: Record) -> MixedSequences:
    shards = {}
    for address, fingerprint in record.inputs.items():
        if address.startswith(f"{SHARDS.name}/"):
            found = TokenShards.open(lake, parse_address(address))
            _require_same(record, address, fingerprint, found.fingerprint)
            shards[found.source] = found
    shares = Mixture(tuple((source, share) for source, share in record.plan["mixture"]["shares"])).over(shards)
    context = record.plan["context"] or record.plan["model"]["context"]
    mask = record.plan["document_mask"]
    return MixedSequences([shards[s] for s in shares], list(shares.values()), context, record.seed, mask)


def _examples(lake: Lake, record: Record, settings: Ledger) -> PackedExamples:
    plan, base = record.plan, MODELS.at(settings.version, "pretrain")
    _require_same(record, str(base), record.inputs[str(base)], lake.require(base, "ledger").fingerprint)
    files = RecordFiles.named(settings.examples)
    wanted = {name.removeprefix("file:"): digest for name, digest in record.inputs.items() if name.startswith("file:")}
    found = files.digests()
    for name in sorted(wanted.keys() | found.keys()):
        _require_same(record, f"--examples {name}", wanted.get(name, "absent"), found.get(name, "absent"))

    def uncounted(reason: str, rows: int) -> None:
        """The run itself has told what it left out."""

    records = read_records(files, uncounted) if files.paths else generated(plan["examples"], record.seed)
    side = split(records, plan["held_out"], record.seed).train
    tokenizer = read_tokenizer(lake, base)
    examples = encode(side, tokenizer, plan["context"], plan["suffix"] == "kind", uncounted)
    return PackedExamples(examples, plan["context"], record.seed)


def _require_same(record: Record, what: str, then: str, now: str) -> None:
    if then != now:
        raise StageError(
            f"{record.where} was made from {what} {then}, here it is {now}: the ledger would tell of others"
        )


def main(argv: Sequence[str] | None = None) -> None:
    start_log()
    words = sys.argv[1:] if argv is None else argv
    try:
        settings, options = parse(words, "python -m training.ledger", Ledger, RunOptions)
        spans = trace(Lake(options.lake), settings)
    except (LakeError, StageError, SettingsError) as error:
        LOG.error("%s", error)
        raise SystemExit(2) from error
    first = spans[0].row
    tokens: Counter[str] = Counter()
    for span in spans:
        tokens[span.source] += span.tokens
        print(json.dumps({**asdict(span), "row": span.row - first}))
    documents = len({(s.source, s.document) for s in spans})
    shares = ", ".join(f"{source} {count:,}" for source, count in sorted(tokens.items()))
    LOG.info(
        "step %s: %s rows, %s documents, %s tokens: %s",
        settings.step, f"{spans[-1].row - first + 1:,}", f"{documents:,}", f"{tokens.total():,}", shares,
    )  # fmt: skip


if __name__ == "__main__":
    main()
