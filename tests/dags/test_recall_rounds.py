"""recall_math run by Airflow itself, with the jobs' work left out: what runs, what is skipped, what is announced."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from airflow.providers.standard.operators.hitl import ApprovalOperator
from airflow.sdk.exceptions import AirflowFailException

from dags.submit import SparkJob
from jobs.lake.catalog import Lake
from jobs.lake.datasets import DOMAINS, RECALLED
from jobs.lake.manifest import Provenance

NOTHING = Provenance("test", {}, {}, {})
DOMAIN = {
    "domain": "proofs.example", "pages": 10, "recalled": 6, "share": 0.6, "share_low": 0.31, "share_high": 0.83,
    "tokens": 50, "missed_tokens": 40, "expected_tokens": 24, "mathematical": True, "prefixes": [],
}  # fmt: skip

States = dict[str, str]
RunRounds = Callable[..., States]


@pytest.fixture
def run_rounds(dags: dict[str, Any], database: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunRounds:
    """Run recall_math on a lake where a given round is the first saturated one, with a given answer to questions."""
    monkeypatch.setenv("LAKE", str(tmp_path))
    lake = Lake(str(tmp_path))
    outcome: dict[str, Any] = {}

    def job(self: SparkJob, context: Any) -> None:
        name = self.task_id.rpartition(".")[2]
        words = self.application_args or []
        number = int(words[words.index("--round") + 1]) if "--round" in words else 0
        if f"{name}{number}" == outcome["refused"]:
            raise AirflowFailException("the stage refused")
        if name == "recall":
            recalled = lake.begin(RECALLED.at("v1", number), NOTHING)
            assert recalled is not None
            recalled.finish(figures={"new_share": 0.5, "saturated": number >= outcome["saturated"]})
        if name == "domains":
            domains = lake.begin(DOMAINS.at("v1", number), NOTHING)
            assert domains is not None
            domains.write_table("part-00000.parquet", pa.Table.from_pylist([DOMAIN], schema=DOMAINS.schema))
            domains.finish()
        self.announce(context, words)

    def answer(self: ApprovalOperator, context: Any) -> Any:
        assert "`proofs.example`" in (self.body or "")
        given = outcome["answers"][int(self.task_id[len("round_")]) - 1]
        person = {"id": "1", "name": "Ada"}
        event = {
            "chosen_options": [given], "params_input": {}, "responded_at": datetime(2026, 11, 22, tzinfo=UTC),
            "responded_by_user": person,
        }  # fmt: skip
        return self.execute_complete(context, event)

    monkeypatch.setattr(SparkJob, "execute", job)
    monkeypatch.setattr(ApprovalOperator, "execute", answer)

    def run(saturated: int = 99, answers: tuple[str, ...] = (), refused: str = "", **conf: str) -> States:
        outcome.update(saturated=saturated, answers=answers, refused=refused)
        done = dags["recall_math"].test(run_conf=conf)
        return {ti.task_id: str(ti.state) for ti in done.get_task_instances()}

    return run


def succeeded(states: States) -> set[str]:
    return {task for task, state in states.items() if state == "success"}


def of_round(states: States, number: int) -> set[str]:
    return {task.partition(".")[2] for task in succeeded(states) if task.startswith(f"round_{number}.")}


BY_RULE = {"seeds", "classifier", "recall", "until_saturated", "domains", "approvals"}
BY_PERSON = BY_RULE | {"candidate_domains", "approve_domains"}
LAST = {"seeds", "classifier", "recall"}


def test_by_the_rule_all_four_rounds_run_and_nobody_is_asked(run_rounds: RunRounds) -> None:
    states = run_rounds(review="rule")
    assert [of_round(states, n) for n in (1, 2, 3, 4)] == [BY_RULE, BY_RULE, BY_RULE, LAST]
    assert states["math_pages"] == "success"


def test_a_saturated_round_is_the_last_and_its_pages_are_taken(run_rounds: RunRounds) -> None:
    states = run_rounds(saturated=2, review="rule")
    assert [of_round(states, n) for n in (1, 2, 3, 4)] == [BY_RULE, LAST | {"until_saturated"}, set(), set()]
    assert states["math_pages"] == "success"


def test_a_person_who_approves_lets_the_rounds_go_on(run_rounds: RunRounds) -> None:
    states = run_rounds(saturated=2, answers=("Approve",), review="person")
    assert of_round(states, 1) == BY_PERSON
    assert of_round(states, 2) == LAST | {"until_saturated"}
    assert states["math_pages"] == "success"


def test_a_rejection_skips_all_that_follows(run_rounds: RunRounds) -> None:
    states = run_rounds(answers=("Approve", "Reject"), review="person")
    assert of_round(states, 2) == BY_PERSON - {"approvals"}
    assert of_round(states, 3) == of_round(states, 4) == set()
    assert states["math_pages"] == "skipped"


def test_a_stage_that_refuses_stops_the_flow_and_is_not_tried_again(run_rounds: RunRounds) -> None:
    states = run_rounds(refused="domains1", review="rule")
    assert states["round_1.domains"] == "failed"
    assert states["math_pages"] == "upstream_failed"
    assert of_round(states, 2) == set()
