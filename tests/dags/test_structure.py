"""The flow, task by task: change a DAG and this file says what else changed."""

from typing import Any

import pytest

ROUND = {
    "seeds": ["classifier"],
    "classifier": ["recall"],
    "recall": ["/math_pages", "until_saturated"],
    "until_saturated": ["domains"],
    "domains": ["approvals", "candidate_domains"],
    "candidate_domains": ["approve_domains"],
    "approve_domains": ["/math_pages", "approvals"],
}


def in_round(number: int) -> dict[str, list[str]]:
    """The tasks of a reviewed round; a name with a slash stands outside it."""

    def full(name: str) -> str:
        return name[1:] if name.startswith("/") else f"round_{number}.{name}"

    tasks = {full(task): sorted(map(full, after)) for task, after in ROUND.items()}
    return tasks | {f"round_{number}.approvals": [f"round_{number + 1}.seeds"]}


FLOW = {
    "crawl_to_pages": {
        "input_is_sample": ["sample_crawl"],
        "sample_crawl": ["crawl"],
        "crawl": ["pages"],
        "pages": [],
    },
    "recall_math": {
        **in_round(1),
        **in_round(2),
        **in_round(3),
        "round_4.seeds": ["round_4.classifier"],
        "round_4.classifier": ["round_4.recall"],
        "round_4.recall": ["math_pages"],
        "math_pages": [],
    },
    "build_corpus": {
        "dedup": ["decontaminate"],
        "decontaminate": ["tokenizer"],
        "tokenizer": ["shards_math"],
        "shards_math": ["shards_natural_language"],
        "shards_natural_language": [],
    },
    "pretrain": {"pretrain": ["evaluate"], "evaluate": []},
    "align": {
        "sft": ["evaluate_sft", "reward_model"],
        "evaluate_sft": ["grpo"],
        "reward_model": ["grpo"],
        "grpo": ["evaluate_grpo"],
        "evaluate_grpo": ["corpus_report"],
        "corpus_report": [],
    },
    "corpus_refresh": {
        "choose_snapshot": ["crawl"],
        "crawl": ["pages"],
        "pages": ["math_pages"],
        "math_pages": ["dedup"],
        "dedup": ["decontaminate"],
        "decontaminate": ["tokenizer"],
        "tokenizer": ["shards_math"],
        "shards_math": ["shards_natural_language"],
        "shards_natural_language": ["changes"],
        "changes": [],
    },
}
STARTED_BY = {
    "crawl_to_pages": [],
    "recall_math": ["pages"],
    "build_corpus": ["math_pages"],
    "pretrain": ["shards"],
    "align": ["base_model"],
    "corpus_refresh": [],
}
UPDATES = {
    "crawl_to_pages": {"pages": ["pages"]},
    "recall_math": {"math_pages": ["math_pages"]},
    "build_corpus": {"shards_natural_language": ["shards"]},
    "pretrain": {"evaluate": ["base_model"]},
    "align": {"evaluate_grpo": ["aligned_model"]},
    "corpus_refresh": {"shards_natural_language": ["shards"]},
}


def test_every_dag_of_the_flow_loads_and_no_other(dags: dict[str, Any]) -> None:
    assert sorted(dags) == sorted(FLOW)


@pytest.mark.parametrize("name", FLOW)
def test_tasks_and_what_follows_them(dags: dict[str, Any], name: str) -> None:
    assert {t.task_id: sorted(t.downstream_task_ids) for t in dags[name].tasks} == FLOW[name]


@pytest.mark.parametrize("name", FLOW)
def test_assets_between_dags(dags: dict[str, Any], name: str) -> None:
    dag = dags[name]
    condition = getattr(dag.timetable, "asset_condition", None)
    assert [asset.name for asset in getattr(condition, "objects", [])] == STARTED_BY[name]
    assert {t.task_id: [a.name for a in t.outlets] for t in dag.tasks if t.outlets} == UPDATES[name]


def test_run_dags_runs_the_flow_in_the_order_of_its_assets() -> None:
    import run_dags

    assert [name for name in FLOW if name != "corpus_refresh"] == list(run_dags.DAGS)
    made = [asset for name in run_dags.DAGS for assets in UPDATES[name].values() for asset in assets]
    assert made[:-1] == [asset for name in run_dags.DAGS for asset in STARTED_BY[name]]
