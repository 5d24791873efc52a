"""What a training run says while it works: lines for people, JSON lines for machines, TensorBoard events.

Metrics of a step go to `metrics.jsonl`, the same bytes in every run; speed and TensorBoard events, which differ from
run to run, go to the folder `telemetry` beside it. On a local lake the events can be watched while the run goes on:
tensorboard --logdir LAKE/models
"""

import json
import math
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jobs.lake.catalog import Publication
from jobs.lake.datasets import MODELS
from training.launch import TrainingRun

SECONDS_BETWEEN_LINES = 5.0
TELEMETRY, SPEED = "telemetry", "speed.jsonl"


class Progress:
    """Tells each step's metrics. Only rank 0 prints and writes; the other ranks may call it and nothing happens."""

    def __init__(self, run: TrainingRun, steps: int, history: bytes = b"", unit: str = "tokens") -> None:
        """`steps`: of the whole run; `history`: metrics.jsonl from before a resume; `unit`: what `count` counts."""
        self._run, self._steps, self._unit = run, steps, unit
        self._lines = history.decode().splitlines()
        self._speed: list[str] = []
        self._said = float("-inf")
        self._started = self._last = time.monotonic()
        self._done = 0
        self._publication = run.output(MODELS) if run.ranks.first else None
        self._writer, self._folder = _open_writer(self._publication)
        for line in self._lines:
            record = json.loads(line)
            self._plot(record.pop("step"), record)

    def step(self, step: int, metrics: Mapping[str, float], count: int) -> None:
        """Tell what step `step` (from 1) gave, and the units, over all processes, that it worked on."""
        now = time.monotonic()
        seconds, self._last = now - self._last, now
        self._done += 1
        if self._publication is None:
            return
        finite = {name: value if math.isfinite(value) else None for name, value in metrics.items()}  # JSON has no NaN
        self._lines.append(json.dumps({"step": step, **finite}))
        self._speed.append(json.dumps({"step": step, "seconds": round(seconds, 4), self._unit: count}))
        self._plot(step, {**metrics, f"{self._unit}_per_second": count / seconds})
        if now - self._said >= SECONDS_BETWEEN_LINES or step == self._steps or metrics.get("skipped"):
            self._said = now
            left = (now - self._started) / self._done * (self._steps - step)
            shown = "  ".join(f"{name} {_shown(value)}" for name, value in metrics.items())
            speed = f"{_shown(count / seconds)} {self._unit}/s"
            self._run.log(f"step {step}/{self._steps}  {shown}  {speed}  {_clock(left)} left")

    def lines(self) -> bytes:
        """metrics.jsonl so far."""
        return "".join(line + "\n" for line in self._lines).encode()

    def close(self) -> None:
        """Add speed and events to the model being published."""
        if self._publication is None or self._writer is None:
            return
        self._writer.close()
        self._publication.write(f"{TELEMETRY}/{SPEED}", "".join(line + "\n" for line in self._speed).encode())
        for path in sorted(self._folder.glob("events.*")):
            # On a local lake this writes the file over itself, by way of a copy; elsewhere it uploads.
            self._publication.put(f"{TELEMETRY}/{path.name}", str(path))

    def _plot(self, step: int, metrics: Mapping[str, float | None]) -> None:
        if self._writer is not None:
            for name, value in metrics.items():
                if value is not None:
                    self._writer.add_scalar(f"{self._run.part}/{name}", value, step)


def _open_writer(publication: Publication | None) -> tuple[Any, Path]:
    """A TensorBoard writer into the model's own folder where that is local, else into a temporary one."""
    if publication is None:
        return None, Path()
    from torch.utils.tensorboard import SummaryWriter

    storage = publication.lake.storage
    name = publication.name(TELEMETRY)
    folder = Path(storage.path(name)) if storage.is_local else Path(tempfile.mkdtemp(prefix="telemetry-"))
    folder.mkdir(parents=True, exist_ok=True)
    return SummaryWriter(str(folder)), folder


def _shown(value: float) -> str:
    if isinstance(value, int) or abs(value) >= 10_000:
        return f"{value:,.0f}"
    return f"{value:.4g}"


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
