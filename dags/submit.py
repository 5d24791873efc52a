"""The only two operators of our DAGs: spark_job("recall", round=2) and training_job("sft", recipe=...).

Their keyword arguments become flags of `python -m jobs.recall` or `python -m training.sft`; values may be templates.
Paths, Java and the lake's root come from the deployment's environment (infra/airflow/environment.py shows a local one).
"""

import os
import time
from collections import deque
from datetime import timedelta
from pathlib import Path
from typing import Any

from airflow.providers.apache.spark.operators.spark_submit import SparkSubmitOperator
from airflow.sdk import BaseOperator, conf
from airflow.sdk.exceptions import AirflowException, AirflowFailException

from dags.backends import PROJECT, Backend, BackendError, JobState, LogTail, TrainingJob, backend
from jobs.lake.settings import lake_root

RUN_MODULE = str(PROJECT / "infra" / "spark" / "run_module.py")
REFUSED = 2  # exit status of a stage that refuses its input or settings: trying again cannot help
POLL_SECONDS = 1.0
TAIL_LINES = 30

VERSION = (
    "{{ (triggering_asset_events.values() | first | last).extra.version "
    "if triggering_asset_events else params.version }}"
)
"""The version of the data that started the run; of a run that a person started, the form's."""


def spark_job(name: str, *, task_id: str = "", **settings: Any) -> "SparkJob":
    """A stage of jobs/ by spark-submit; `retries`, `outlets` and other words of Airflow's own pass through."""
    operator = _split(settings)
    return SparkJob(
        task_id=task_id or name, pool="spark", application=RUN_MODULE, name=name,
        application_args=[f"jobs.{name}", *flags({"version": VERSION, **settings})],
        env_vars={"LAKE": lake_root()}, **operator,
    )  # fmt: skip


def training_job(name: str, *, task_id: str = "", **settings: Any) -> "TrainingStage":
    """A stage of training/ on this deployment's training backend."""
    operator = _split(settings)
    return TrainingStage(
        task_id=task_id or name, pool="gpu", module=f"training.{name}",
        arguments=flags({"version": VERSION, **settings}), execution_timeout=time_limit(), **operator,
    )  # fmt: skip


def time_limit() -> timedelta:
    """How long a training job may take here."""
    return timedelta(hours=float(os.environ.get("MATHQUARRY_TRAINING_HOURS") or 24))


def flags(settings: dict[str, Any]) -> list[str]:
    """{"keep_tokens": 5} -> ["--keep-tokens", "5"]"""
    return [word for name, value in settings.items() for word in (f"--{name.replace('_', '-')}", str(value))]


def _split(settings: dict[str, Any]) -> dict[str, Any]:
    """Take Airflow's own arguments out of a stage's settings."""
    return {name: settings.pop(name) for name in ("outlets", "trigger_rule", "doc_md") if name in settings}


class Announces:
    """Tells the DAGs that an update of an outlet starts which version was made."""

    def announce(self, context: Any, words: list[str]) -> None:
        version = words[words.index("--version") + 1]
        for asset in self.outlets:  # type: ignore[attr-defined]
            context["outlet_events"][asset].extra["version"] = version


class SparkJob(Announces, SparkSubmitOperator):
    """spark-submit, as by hand; a refusal fails at once, anything else may be tried again."""

    def execute(self, context: Any) -> None:
        try:
            super().execute(context)
        except AirflowException as error:
            process = self._hook._submit_sp if self._hook else None
            if process is not None and process.returncode == REFUSED:
                raise AirflowFailException(str(error)) from None
            raise
        self.announce(context, self.application_args or [])


class TrainingStage(Announces, BaseOperator):
    """Submits a training job, follows its log, and ends it when the task ends."""

    template_fields = ("arguments",)

    def __init__(self, *, module: str, arguments: list[str], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.module, self.arguments = module, arguments
        self._backend: Backend | None = None
        self._job_id = ""

    def job(self, log_name: str) -> TrainingJob:
        """The job as the backend gets it: what to run from the DAG, how large from the deployment."""
        return TrainingJob(
            module=self.module,
            arguments=tuple(self.arguments),
            nodes=int(os.environ.get("MATHQUARRY_TRAINING_NODES") or 1),
            gpus_per_node=int(os.environ.get("MATHQUARRY_TRAINING_GPUS_PER_NODE") or 0),
            image=os.environ.get("MATHQUARRY_TRAINING_IMAGE", ""),
            time_limit=self.execution_timeout or time_limit(),
            environment={"LAKE": lake_root()},
            log_address=str(Path(conf.get("logging", "base_log_folder")) / "training" / log_name),
        )

    def execute(self, context: Any) -> None:
        job = self.job(f"{context['ti'].id}-{context['ti'].try_number}.log")
        try:
            self._backend = backend()
            self._job_id = self._backend.submit(job)
        except BackendError as error:
            raise AirflowFailException(str(error)) from None
        try:
            self._follow(self._backend)
        except BaseException:
            self.on_kill()
            raise
        self.announce(context, self.arguments)

    def _follow(self, backend: Backend) -> None:
        address = backend.log_address(self._job_id)
        self.log.info("%s runs as job %s; its log: %s", self.module, self._job_id, address)
        tail, last = LogTail(address), deque[str](maxlen=TAIL_LINES)
        state = JobState.RUNNING
        while state is JobState.RUNNING:
            time.sleep(POLL_SECONDS)
            state = backend.poll(self._job_id)
            for line in tail.new_lines():
                self.log.info(line)
                last.append(line)
        if state is JobState.FAILED:
            raise AirflowException(f"{self.module} failed; its log is {address} and ends:\n" + "\n".join(last))

    def on_kill(self) -> None:
        if self._backend is not None and self._job_id:
            self._backend.cancel(self._job_id)
