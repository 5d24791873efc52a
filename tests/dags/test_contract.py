"""A DAG cannot name a flag that its stage lacks, or a value that the stage refuses."""

import json
import subprocess
from typing import Any

from dags.backends import PROJECT as ROOT
from dags.submit import SparkJob, TrainingStage

PARSE = """
import contextlib, importlib, io, json, sys
from jobs.lake.settings import SettingsError, parse
wrong = []
for where, module, words in json.load(sys.stdin):
    said = io.StringIO()
    try:
        with contextlib.redirect_stderr(said):
            parse(words, module, importlib.import_module(module).STAGE.settings)
    except (SystemExit, SettingsError) as error:
        wrong.append(f"{where}: {said.getvalue().strip().splitlines()[-1:] or error}")
print(json.dumps(wrong))
"""
PERSON = {
    "chosen_options": ["Approve"],
    "params_input": {"decisions": None, "note": "read them all"},
    "responded_at": "2026-11-22T10:00:00+00:00",
    "responded_by_user": {"id": "1", "name": "Ada"},
}

SNAPSHOT = {"params_input": {"crawl": "CC-MAIN-2026-43", "segments": 2, "base": "v1"}}


class Answered:
    """A task instance as templates see it: what the person answered, if one was asked."""

    def __init__(self, answer: dict[str, Any] | None) -> None:
        self._answer = answer

    def xcom_pull(self, task_ids: str) -> dict[str, Any] | None:
        return self._answer


def words(task: Any, answer: dict[str, Any] | None = None, event_version: str = "") -> list[str]:
    """A task's module and flags as they reach the stage, with the form's defaults."""
    events = {"asset": [Event(event_version)]} if event_version else {}
    context = {"params": task.dag.params.dump(), "ti": Answered(answer), "triggering_asset_events": events}
    own = [f"{task.module}", *task.arguments] if isinstance(task, TrainingStage) else task.application_args
    return list(task.render_template(own, context, task.dag.get_template_env()))


class Event:
    """An asset event that says which version was made."""

    def __init__(self, version: str) -> None:
        self.extra = {"version": version}


def refused(rendered: list[tuple[str, list[str]]]) -> list[str]:
    """What the stages' own settings say to flags, asked in the jobs' environment."""
    asked = [(where, flags[0], flags[1:]) for where, flags in rendered]
    python = ROOT / ".venv" / "bin" / "python"
    answer = subprocess.run(
        [python, "-c", PARSE], cwd=ROOT, input=json.dumps(asked), capture_output=True, text=True, check=False
    )
    assert answer.returncode == 0, answer.stderr
    return list(json.loads(answer.stdout.splitlines()[-1]))


def test_every_task_gives_flags_that_its_stage_takes(dags: dict[str, Any]) -> None:
    tasks = [t for dag in dags.values() for t in dag.tasks if isinstance(t, (SparkJob, TrainingStage))]
    assert len(tasks) > 30
    rendered = [
        (f"{t.dag_id}.{t.task_id}", words(t, SNAPSHOT if t.dag_id == "corpus_refresh" else None)) for t in tasks
    ]
    approvals = dags["recall_math"].get_task("round_1.approvals")
    rendered.append(("approved by a person", words(approvals, PERSON)))
    with_file = PERSON | {"params_input": {"decisions": "/data/decided.csv", "note": None}}
    rendered.append(("approved with a file", words(approvals, with_file)))
    assert refused(rendered) == []


def test_a_flag_that_a_stage_lacks_is_found(dags: dict[str, Any]) -> None:
    recall = words(dags["recall_math"].get_task("round_2.recall"))
    (said,) = refused([("recall", [*recall, "--keep-pages", "5"])])
    assert "unrecognized arguments: --keep-pages 5" in said


def test_a_round_hands_its_number_and_the_forms_values_on(dags: dict[str, Any]) -> None:
    assert words(dags["recall_math"].get_task("round_2.recall")) == [
        "jobs.recall", "--version", "v1", "--round", "2", "--keep-tokens", "40000000000",
    ]  # fmt: skip


def test_a_run_that_data_started_takes_the_datas_version(dags: dict[str, Any]) -> None:
    dedup = dags["build_corpus"].get_task("dedup")
    assert words(dedup) == ["jobs.dedup", "--version", "v1"]
    assert words(dedup, event_version="CC-MAIN-2026-43") == ["jobs.dedup", "--version", "CC-MAIN-2026-43"]


def test_a_refresh_makes_the_snapshot_its_version_and_goes_on_from_another(dags: dict[str, Any]) -> None:
    refresh = dags["corpus_refresh"]
    assert words(refresh.get_task("crawl"), SNAPSHOT) == [
        "jobs.crawl", "--version", "CC-MAIN-2026-43", "--crawl", "CC-MAIN-2026-43", "--input", "commoncrawl",
        "--segments", "2",
    ]  # fmt: skip
    assert words(refresh.get_task("math_pages"), SNAPSHOT) == [
        "jobs.math_pages", "--version", "CC-MAIN-2026-43", "--base", "v1",
    ]  # fmt: skip


def test_a_persons_answer_reaches_approvals(dags: dict[str, Any]) -> None:
    approvals = dags["recall_math"].get_task("round_1.approvals")
    flags = words(approvals, PERSON | {"params_input": {"decisions": "/data/decided.csv", "note": "twice"}})
    said = dict(zip(flags[1::2], flags[2::2], strict=True))
    assert said == {
        "--version": "v1", "--round": "1", "--rule": "", "--decisions": "/data/decided.csv", "--note": "twice",
        "--reviewer": "Ada", "--decided-at": "2026-11-22T10:00:00+00:00",
    }  # fmt: skip
