"""Checkpoints of a run in the making and the model at its end, both as addresses of the lake, manifest last.

A checkpoint holds all that a run needs to go on bit for bit: model, optimizer, position, metrics so far. Data needs no
state: what a step trains on is a function of the seed and the step. A published model holds weights, config and
tokenizer in Hugging Face's layout.
"""

import json
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import safetensors.torch
import torch
from torch import Tensor

from jobs.lake.catalog import Damaged, Lake, Publication
from jobs.lake.datasets import CHECKPOINTS, MODELS, Address
from jobs.lake.manifest import Manifest, Provenance
from jobs.lake.settings import JsonValue
from jobs.lake.stage import StageError
from jobs.lake.storage import WrittenFile
from training.config import ModelConfig, Saving
from training.engine import Engine
from training.huggingface import from_huggingface, to_huggingface
from training.launch import TrainingRun, checkpoint_parts
from training.model import HEAD, Decoder
from training.tokenizer import FILE as TOKENIZER_FILE
from training.tokenizer import Tokenizer, read_tokenizer

WEIGHTS, CONFIG, METRICS = "model.safetensors", "config.json", "metrics.jsonl"
ENGINE_FOLDER, EXTRA_FOLDER = "engine", "extra"


@dataclass(frozen=True)
class Resumed:
    """Where a run goes on."""

    step: int
    """The next step to do; also the number of steps done."""
    metrics: bytes
    """JSON lines of the steps done."""
    extra: Mapping[str, bytes]
    """What the stage gave to `save` besides."""


class Checkpoints:
    """The checkpoints of one run: written every `saving.every` steps, resumed from the newest whole one."""

    def __init__(self, run: TrainingRun, saving: Saving, config: Mapping[str, JsonValue]) -> None:
        """`config`: the stage's resolved part of the recipe; a checkpoint of another one does not fit."""
        self._run, self._saving, self._config = run, saving, dict(config)

    def due(self, step: int, steps: int) -> bool:
        """Whether to save after `step` steps of `steps`."""
        return step % self._saving.every == 0 and step < steps

    def resume(self, engine: Engine) -> Resumed | None:
        """Load the newest complete checkpoint of this run into the engine; None where there is none. On every rank."""
        run = self._run
        wanted = run.ranks.first and getattr(run.options, "resume", True)
        part, processes = run.ranks.share(self._newest() if wanted else (None, 0))
        if part is None:
            return None
        if engine.parallel.zero_stage and processes != run.ranks.world:
            raise StageError(
                f"checkpoint {part} was written by {processes} processes under ZeRO, which only as many can read; "
                f"this run has {run.ranks.world}: start it with {processes}, or with --no-resume to begin again"
            )
        address = CHECKPOINTS.at(run.settings.version, part)
        with run.lake.storage.local_copy(address.folder) as folder:
            engine.load(folder / ENGINE_FOLDER)
            extra = {p.name: p.read_bytes() for p in sorted((folder / EXTRA_FOLDER).glob("*"))}
            metrics = (folder / METRICS).read_bytes()
        step = int(part.rpartition("-")[2])
        run.log(f"goes on after step {step} from {address}")
        return Resumed(step, metrics, extra)

    def save(self, engine: Engine, step: int, metrics: bytes, extra: Mapping[str, bytes] | None = None) -> None:
        """Write a checkpoint after `step` steps, then forget all but the newest ones. On every rank."""
        run = self._run
        address = CHECKPOINTS.at(run.settings.version, f"{run.part}-{step:08d}")
        publication = self._begin(address) if run.ranks.first else None
        run.ranks.wait()
        with tempfile.TemporaryDirectory(prefix="checkpoint-") as temporary:
            folder = Path(temporary)
            (folder / ENGINE_FOLDER).mkdir()
            engine.save(folder / ENGINE_FOLDER)
            if run.ranks.first:
                (folder / METRICS).write_bytes(metrics)
                (folder / EXTRA_FOLDER).mkdir()
                for name, data in (extra or {}).items():
                    (folder / EXTRA_FOLDER / name).write_bytes(data)
            files = run.ranks.gather(_upload(run.lake, address, folder))
        if publication is not None:
            for file in (f for of_rank in files for f in of_rank):
                publication.add(file)
            publication.finish(figures={"step": step})
            self._prune()

    def _provenance(self) -> Provenance:
        made = self._run.outputs[0].provenance
        # The engine's files depend on how many processes wrote them; under ZeRO only as many can read them.
        config = {**made.config, "plan": self._config, "processes": self._run.ranks.world}
        return replace(made, config=config)

    def _begin(self, address: Address) -> Publication:
        publication = self._run.lake.begin(address, self._provenance(), replace_existing=True)
        assert publication is not None, "replace_existing always begins"
        return publication

    def _newest(self) -> tuple[str | None, int]:
        """The newest checkpoint that is whole and of this run, and how many processes wrote it. Rank 0 only."""
        for part, manifest in self._fitting():
            try:
                self._run.lake.verify(CHECKPOINTS.at(self._run.settings.version, part))
            except Damaged as error:
                self._run.log(f"checkpoint {part} is damaged, the one before is tried: {error}")
                continue
            code, wanted = manifest.provenance.code, self._provenance().code
            changed = sorted(f for f in code.keys() | wanted.keys() if code.get(f) != wanted.get(f))
            if changed:
                self._run.log(f"checkpoint {part} was made by other code; changed since: {', '.join(changed)}")
            return part, int(str(manifest.provenance.config["processes"]))
        return None, 0

    def _fitting(self) -> list[tuple[str, Manifest]]:
        """Finished checkpoints of this run, newest first. Says why others of the stage do not fit."""
        run, found = self._run, []
        wanted = self._provenance()
        for part in reversed(checkpoint_parts(run.lake, run.settings.version, run.part)):
            try:
                manifest = run.lake.find(CHECKPOINTS.at(run.settings.version, part))
            except ValueError as error:
                run.log(f"checkpoint {part} is left alone: {error}")
                continue
            if manifest is None:
                continue  # its run died while it was written
            lines = [line for line in manifest.provenance.differences(wanted) if not line.startswith("code ")]
            if any(not line.startswith("config processes") for line in lines):
                run.log(f"checkpoint {part} is of another run and left alone: {'; '.join(lines)}")
                continue
            found.append((part, manifest))
        return found

    def _prune(self) -> None:
        for part, _ in self._fitting()[self._saving.keep :]:
            self._run.lake.storage.delete(CHECKPOINTS.at(self._run.settings.version, part).folder)


def _upload(lake: Lake, address: Address, folder: Path) -> list[WrittenFile]:
    """Copy all files below a local folder to an address, durably; the manifest comes after all of them."""
    files = []
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        name = path.relative_to(folder).as_posix()
        with path.open("rb") as source:
            files.append(replace(lake.storage.put(f"{address.folder}/{name}", source), name=name))
    return files


def publish_model(
    run: TrainingRun,
    weights: Mapping[str, Tensor],
    config: ModelConfig,
    tokenizer: Tokenizer,
    recipe: Mapping[str, JsonValue],
    metrics: bytes,
) -> None:
    """Write a model into this run's models address: a folder that Hugging Face's AutoModelForCausalLM can load.

    `weights` as of `Engine.weights()`; `recipe`: the stage's resolved settings; `metrics`: JSON lines, one a step.
    Rank 0 only.
    """
    publication = run.output(MODELS)
    with tempfile.TemporaryDirectory(prefix="model-") as temporary:
        path = Path(temporary) / WEIGHTS
        once = {name: w for name, w in weights.items() if not (config.tied and name == HEAD)}
        tensors = {name: w.contiguous() for name, w in sorted(once.items())}
        safetensors.torch.save_file(tensors, path, metadata={"format": "pt"})
        publication.put(WEIGHTS, str(path))
    ends: dict[str, JsonValue] = {"eos_token_id": tokenizer.eos, "pad_token_id": tokenizer.pad}
    publication.write_json(CONFIG, {**to_huggingface(config), **ends})
    publication.write(TOKENIZER_FILE, tokenizer.source.encode())
    publication.write_json("tokenizer_config.json", tokenizer.huggingface_config())
    publication.write_json("recipe.json", dict(recipe))
    publication.write(METRICS, metrics)


def read_config(lake: Lake, address: Address) -> ModelConfig:
    """The shape of a published model. Raises ValueError where it is no Llama this project can build."""
    return from_huggingface(json.loads(lake.storage.read(f"{address.folder}/{CONFIG}")))


def read_weights(lake: Lake, address: Address) -> dict[str, Tensor]:
    with lake.storage.local_copy(f"{address.folder}/{WEIGHTS}") as path:
        # A copy in memory: the file may be a temporary one, and a mapped one must not change below the model.
        return {name: w.clone() for name, w in safetensors.torch.load_file(path).items()}


def read_model(
    lake: Lake, address: Address, device: torch.device | None = None, activation_checkpointing: bool = False
) -> tuple[Decoder, Tokenizer]:
    """A published language model and its tokenizer; the address must have been required. Raises StageError."""
    config = read_config(lake, address)
    tokenizer = read_tokenizer(lake, address)
    with torch.device("meta"):
        model = Decoder(config, activation_checkpointing)
    missing, unexpected = model.load_state_dict(read_weights(lake, address), strict=False, assign=True)
    if missing or unexpected:
        raise StageError(f"{address}/{WEIGHTS} lacks {missing[:3]} and has unknown {unexpected[:3]}; build it again")
    return model.to(device or torch.device("cpu")), tokenizer
