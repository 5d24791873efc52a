"""What every DAG of ours keeps to."""

import subprocess
import sys
from typing import Any

import pytest
from airflow.providers.standard.operators.hitl import HITLOperator

from dags.backends import PROJECT as ROOT

TAGS = {"data", "training", "spark", "gpu", "review", "schedule"}
TEAMS = {"data", "training"}
POOLS = {"spark", "gpu", "default_pool"}
DAG_FILES = sorted((ROOT / "dags").glob("*.py"))
MOST_LINES = 100


def each(dags: dict[str, Any]) -> list[tuple[Any, Any]]:
    return [(dag, task) for dag in dags.values() for task in dag.tasks]


def test_every_dag_is_documented_tagged_and_says_its_schedule(dags: dict[str, Any]) -> None:
    for name, dag in dags.items():
        assert dag.doc_md and dag.doc_md.strip().startswith("### "), name
        assert dag.tags and set(dag.tags) <= TAGS, name
        assert "schedule=" in (ROOT / "dags" / f"{name}.py").read_text(), name
        assert dag.max_active_runs == 1, name
        assert not dag.catchup, name
        assert dag.on_failure_callback, name


def test_every_task_has_an_owner_retries_and_a_pool_that_exists(dags: dict[str, Any]) -> None:
    for dag, task in each(dags):
        assert task.owner in TEAMS, f"{dag.dag_id}.{task.task_id}"
        assert task.retries >= 1, f"{dag.dag_id}.{task.task_id}"
        assert task.pool in POOLS, f"{dag.dag_id}.{task.task_id}"


def test_every_form_field_is_typed_titled_and_explained(dags: dict[str, Any]) -> None:
    for name, dag in dags.items():
        for field in dag.params:
            schema = dag.params.get_param(field).schema
            assert schema.get("type") and schema.get("title") and schema.get("section"), f"{name}: {field}"
            assert schema.get("description_md") or schema.get("enum"), f"{name}: {field}"


def test_silence_never_answers_a_question(dags: dict[str, Any]) -> None:
    questions = [task for _, task in each(dags) if isinstance(task, HITLOperator)]
    assert len(questions) == 4
    for question in questions:
        assert question.defaults is None and question.response_timeout and question.notifiers


def test_only_the_refresh_is_off_until_switched_on(dags: dict[str, Any]) -> None:
    assert {name: dag.is_paused_upon_creation for name, dag in dags.items()} == {
        name: (True if name == "corpus_refresh" else None) for name in dags
    }


@pytest.mark.parametrize(
    "name", ["crawl_to_pages", "recall_math", "build_corpus", "pretrain", "align", "corpus_refresh"]
)
def test_a_dag_file_is_a_table_of_contents(name: str) -> None:
    assert len((ROOT / "dags" / f"{name}.py").read_text().splitlines()) <= MOST_LINES


def test_parsing_imports_no_heavy_library_and_no_job() -> None:
    modules = [f"dags.{f.stem}" for f in DAG_FILES if f.stem != "__init__"]
    heavy = "('pyspark', 'torch', 'pandas', 'jobs.runner', 'training')"
    code = f"import sys; import {', '.join(modules)}; print([m for m in {heavy} if m in sys.modules])"
    answer = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert answer.stdout.strip().splitlines()[-1] == "[]"


def test_helpers_are_kept_from_airflow_and_dags_are_not(dags: dict[str, Any]) -> None:
    ignored = {line for line in (ROOT / "dags" / ".airflowignore").read_text().splitlines() if line}
    assert {f.name for f in DAG_FILES} == ignored | {f"{name}.py" for name in dags}
