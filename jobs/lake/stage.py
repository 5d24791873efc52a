"""What every stage does, whatever it computes: flags in, inputs checked, outputs published, counts told.

    STAGE = Stage(Recall, recall, reads=reads, writes=writes)
    if __name__ == "__main__":
        main(STAGE)

Spark jobs go through `jobs.runner`, which adds a session; training stages through `training.launch`, which adds ranks.
"""

import hashlib
import logging
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jobs.lake import removals
from jobs.lake import settings as settings_module
from jobs.lake.catalog import Lake, LakeError, Publication
from jobs.lake.datasets import DEFAULT_VERSION, Address, Dataset
from jobs.lake.manifest import Manifest, Provenance, source_digests
from jobs.lake.settings import JsonValue, RunOptions, SettingsError
from jobs.lake.tables import SchemaMismatch

LOG = logging.getLogger("mathquarry")
SAMPLE_BYTES = 1 << 16


class StageError(RuntimeError):
    """Bad input or a failed check; the message says what, the value, where it came from and what to do."""


@dataclass(frozen=True)
class StageSettings:
    """What all stages share."""

    version: str = DEFAULT_VERSION
    """Version of everything in the lake that this run reads and writes."""


def no_reads(settings: Any, lake: Lake) -> Sequence[Address]:
    return ()


def no_sources(settings: Any) -> dict[str, str]:
    return {}


@dataclass(frozen=True)
class Stage:
    """A stage: its settings, what it does, the addresses it reads and writes, and what it reads outside the lake."""

    settings: type
    body: Callable[[Any, Any], None]
    """Called with the settings and a Run."""
    writes: Callable[[Any], Sequence[Address]]
    reads: Callable[[Any, Lake], Sequence[Address]] = no_reads
    sources: Callable[[Any], dict[str, str]] = no_sources
    """Settings -> name -> digest of files outside the lake, so that changed files count as another input."""
    check: Callable[["Run", Publication], None] | None = None
    """Called after writing, before publishing; raises StageError to keep a bad dataset out of readers' sight."""

    @property
    def module(self) -> str:
        """The module that runs it, as in `python -m jobs.recall`."""
        module = self.settings.__module__
        spec = getattr(sys.modules.get(module), "__spec__", None)
        return spec.name if module == "__main__" and spec else module


@dataclass
class Run:
    """One run of a stage: the lake, what may be read, what is being written, and the counts so far."""

    stage: Stage
    settings: Any
    options: RunOptions
    lake: Lake
    name: str
    inputs: dict[str, Manifest] = field(default_factory=dict)
    outputs: list[Publication] = field(default_factory=list)
    rows_in: int = 0
    dropped: dict[str, int] = field(default_factory=dict)
    figures: dict[str, JsonValue] = field(default_factory=dict)

    def output(self, dataset: Dataset) -> Publication:
        """The publication of one of the datasets this stage writes."""
        (found,) = [p for p in self.outputs if p.address.dataset is dataset]
        return found

    def input(self, address: Address) -> Manifest:
        """The manifest of a declared input; an undeclared one is a mistake in the stage."""
        return self.inputs[str(address)]

    def count_in(self, rows: int) -> None:
        self.rows_in += rows

    def drop(self, reason: str, rows: int = 1) -> None:
        """Count rows that went in and do not come out, by reason."""
        if rows:
            self.dropped[reason] = self.dropped.get(reason, 0) + rows

    def figure(self, name: str, value: JsonValue) -> None:
        """A small result that reports show."""
        self.figures[name] = value

    def log(self, message: str) -> None:
        LOG.info("%s | %s", self.name, message)


def open_run(stage: Stage, settings: Any, options: RunOptions, run_class: type[Run] = Run) -> Run | None:
    """Check inputs and take the output addresses; None where everything stands there finished already.

    Raises LakeError or StageError.
    """
    lake, name = Lake(options.lake), run_name(stage, settings)
    inputs = {str(a): lake.require(a, name) for a in stage.reads(settings, lake)}
    addresses = list(stage.writes(settings))
    inputs |= removals.list_input(lake, name, addresses, inputs)
    provenance = Provenance(
        stage=stage.module,
        config=settings_module.identity(settings),
        inputs={
            **{a: m.fingerprint for a, m in sorted(inputs.items())},
            **{f"file:{k}": v for k, v in sorted(stage.sources(settings).items())},
        },
        code=source_digests(stage.module),
    )
    described, identity = settings_module.describe(settings), settings_module.identity(settings)
    locations = {name: str(value) for name, value in described.items() if name not in identity}
    found = [lake.find(a) for a in addresses]
    if all(m is not None and m.fingerprint == provenance.fingerprint for m in found) and not options.replace:
        for address, manifest in zip(addresses, found, strict=True):
            if manifest is not None:
                lake.require(address, name)
                LOG.info("%s | finished before: %s, made %s; nothing to do", name, address, manifest.finished_at)
        return None
    run = run_class(stage, settings, options, lake, name, inputs)
    for address, manifest in zip(addresses, found, strict=True):
        # A stage with two outputs that died between their manifests: the finished one is made again with the other.
        same = manifest is not None and manifest.fingerprint == provenance.fingerprint
        publication = lake.begin(address, provenance, options.replace or same, locations)
        assert publication is not None, "a finished address was kept back above"
        run.outputs.append(publication)
    return run


def close_run(run: Run) -> None:
    """Check what was written, publish it, and tell the counts."""
    if run.stage.check is not None:
        for publication in run.outputs:
            run.stage.check(run, publication)
    for publication in run.outputs:
        manifest = publication.finish(run.rows_in, run.dropped, run.figures)
        made = f"{manifest.rows:,} rows" if manifest.rows else f"{len(manifest.files)} files"
        run.log(f"wrote {manifest.address}: {made}, {manifest.size:,} bytes, fingerprint {manifest.fingerprint}")
    dropped = ", ".join(f"{reason} {count:,}" for reason, count in sorted(run.dropped.items())) or "nothing"
    run.log(f"in {run.rows_in:,}, out {sum(f.rows for p in run.outputs for f in p.files):,}, dropped: {dropped}")


def run_name(stage: Stage, settings: Any) -> str:
    """How logs and errors call this run: `recall round 2`."""
    name = stage.module.rpartition(".")[2]
    part = getattr(settings, "round", None)
    return f"{name} round {part}" if part is not None else name


def execute(stage: Stage, settings: Any, options: RunOptions, run_class: type[Run] = Run) -> Run | None:
    """Run a stage in this process. Returns the run, None where it was finished before."""
    started = time.monotonic()
    run = open_run(stage, settings, options, run_class)
    if run is None:
        return None
    config = {**settings_module.describe(settings), **settings_module.describe(options)}
    run.log("config " + " ".join(f"{k}={v}" for k, v in config.items()))
    stage.body(settings, run)
    close_run(run)
    run.log(f"done in {time.monotonic() - started:.1f} s")
    return run


def main(
    stage: Stage,
    argv: Sequence[str] | None = None,
    run_class: type[Run] = Run,
    options_class: type[RunOptions] = RunOptions,
) -> None:
    """The entry point of a stage's module: exits 0 when done or done before, 2 with a plain message when refused."""
    start_log()
    words = sys.argv[1:] if argv is None else argv
    try:
        settings, options = settings_module.parse(words, f"python -m {stage.module}", stage.settings, options_class)
        execute(stage, settings, options, run_class)
    except (LakeError, StageError, SettingsError, SchemaMismatch) as error:
        LOG.error("%s", error)
        raise SystemExit(2) from error


def start_log() -> None:
    """One line an event on standard error, with the time of day."""
    if not LOG.handlers:
        handler = logging.StreamHandler()
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname).1s %(message)s", "%H:%M:%S"))
        LOG.addHandler(handler)
        LOG.setLevel(logging.INFO)
        LOG.propagate = False


def sampled_digest(paths: Sequence[Path]) -> str:
    """A digest of names, sizes and both ends of files: tells changed input at once, whatever its size.

    Ends are 64 KiB each; a change in the middle of a large file of equal size is not seen.
    """
    digest = hashlib.sha256()
    for path in sorted(paths, key=lambda p: p.name):
        size = path.stat().st_size
        with path.open("rb") as stream:
            digest.update(f"{path.name} {size}\n".encode() + stream.read(SAMPLE_BYTES))
            stream.seek(max(0, size - SAMPLE_BYTES))
            digest.update(stream.read(SAMPLE_BYTES))
    return digest.hexdigest()[:16]
