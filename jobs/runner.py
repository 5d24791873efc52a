"""Runs a Spark stage: settings from flags, inputs checked, a session when one is needed, outputs published.

python -m jobs.recall --round 2
spark-submit infra/spark/run_module.py jobs.recall --round 2      (the same on a cluster)
"""

import os
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import pyarrow as pa

from jobs import spark_tables
from jobs.java import java_home
from jobs.lake.datasets import Address, Dataset
from jobs.lake.manifest import PROJECT
from jobs.lake.settings import RunOptions
from jobs.lake.stage import Run, Stage, StageSettings, main

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

PROGRESS_SECONDS = 10.0
LOCAL_CONFIG = PROJECT / "infra" / "spark" / "local"
"""Memory, addresses and log level of Spark on this machine; SPARK_CONF_DIR names another folder."""
LEAST_PARTS, ROWS_A_PART = 4, 500_000
TASK_ATTEMPTS = 4
"""Attempts of a task on this machine, as clusters have by default: a worker that the kernel killed costs a task, not
the stage. Parts are written whole or not at all, so another attempt gives the same bytes."""
ARROW_BATCH_ROWS = 256  # pages of text: 256 rows keep a batch near a megabyte


@dataclass(frozen=True)
class SparkSettings(StageSettings):
    """What all Spark stages share."""

    parts: int = 0
    """Parquet files to write; 0: one for every 500,000 rows that the stage reads, at least 4. Nothing of the machine
    decides, so that a rerun elsewhere gives the same bytes."""


@dataclass(frozen=True)
class SparkOptions(RunOptions):
    """How a Spark stage is run."""

    master: str = ""
    """Spark master; empty: what spark-submit says, else all cores of this machine."""


@dataclass
class SparkRun(Run):
    """A run with a Spark session that starts when it is first asked for."""

    @cached_property
    def spark(self) -> "SparkSession":
        return session(self.options)

    @property
    def parts(self) -> int:
        """Files to write: as the settings say, else by the rows of all inputs."""
        rows = sum(manifest.rows for manifest in self.inputs.values())
        return int(self.settings.parts) or max(LEAST_PARTS, -(-rows // ROWS_A_PART))

    def read(self, *addresses: Address, columns: Sequence[str] = ()) -> "DataFrame":
        """The rows of declared inputs of one dataset, as one frame; counted as rows in."""
        manifests = [self.input(a) for a in addresses]
        self.count_in(sum(m.rows for m in manifests))
        return spark_tables.read(self.spark, self.lake, addresses, manifests, columns)

    def write(self, dataset: Dataset, frame: "DataFrame", key: str) -> int:
        """Write a frame in `parts` files split and sorted by a key that is unique, so that a rerun gives the same
        bytes. Returns rows written."""
        publication = self.output(dataset)
        with Progress(self):
            files = spark_tables.write(frame, self.lake, publication.address, key, self.parts)
        for file in files:
            publication.add(file)
        return sum(f.rows for f in files)

    def write_table(self, dataset: Dataset, table: pa.Table) -> None:
        """Write a table that fits in memory as one file."""
        self.output(dataset).write_table("part-00000.parquet", table)


class Progress:
    """Says every ten seconds how far Spark is; quiet in shorter runs."""

    def __init__(self, run: SparkRun) -> None:
        self._run, self._ended = run, threading.Event()
        self._thread = threading.Thread(target=self._report, daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *error: object) -> None:
        self._ended.set()
        self._thread.join()

    def _report(self) -> None:
        tracker = self._run.spark.sparkContext.statusTracker()
        while not self._ended.wait(PROGRESS_SECONDS):
            stages = [s for i in tracker.getActiveStageIds() if (s := tracker.getStageInfo(i))]
            for stage in stages:
                self._run.log(f"{stage.name.split(' at ')[0]}: {stage.numCompletedTasks} of {stage.numTasks} tasks")


def session(options: RunOptions) -> "SparkSession":
    """The session of this process: spark-submit's own settings win, then --master, then all local cores."""
    submitted = "PYSPARK_GATEWAY_PORT" in os.environ
    if not submitted:
        os.environ["JAVA_HOME"] = java_home()
        os.environ.setdefault("SPARK_CONF_DIR", str(LOCAL_CONFIG))
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    os.environ.setdefault("SPARK_LOCAL_HOSTNAME", "localhost")
    from pyspark.sql import SparkSession

    builder = SparkSession.builder.appName("mathquarry")
    master = getattr(options, "master", "")
    if master or not submitted:
        builder = builder.master(master or f"local[*,{TASK_ATTEMPTS}]")
    spark = (
        builder.config("spark.sql.execution.arrow.pyspark.enabled", "true")
        .config("spark.sql.execution.arrow.maxRecordsPerBatch", str(ARROW_BATCH_ROWS))
        .config("spark.sql.session.timeZone", "UTC")
        .config("spark.ui.showConsoleProgress", "false")
        .getOrCreate()
    )
    spark.sparkContext.setLogLevel("ERROR")
    return spark


def run(stage: Stage) -> None:
    """The entry point of a Spark stage's module."""
    main(stage, run_class=SparkRun, options_class=SparkOptions)
