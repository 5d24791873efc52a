"""
### Recall mathematics from the crawl
seeds -> classifier -> recall -> domains -> **approval** -> the next round's seeds. Up to four rounds, as in the paper
(section 2.1). Starts when `pages` changes; ends by updating `math_pages`, which starts `build_corpus`.

- **until_saturated** ends the rounds early: when a round found hardly any new tokens, the later ones are skipped.
- **approve_domains** waits under *Required Actions* where the form says that a person reviews; else the rule decides.
  The fourth round is not reviewed: nothing comes after it that could use an answer.
- **Reject** skips all that follows: `math_pages` stays as it was. No answer within a week fails the run: silence never
  means yes.
"""

from typing import Any

from airflow.providers.standard.operators.hitl import ApprovalOperator
from airflow.sdk import chain, dag, task_group

from dags.alerts import approval_waits, run_failed
from dags.assets import MATH_PAGES, PAGES
from dags.parameters import REVIEW_FORM, REVIEW_TIME, parameters
from dags.review import candidate_domains, decision, until_saturated
from dags.submit import spark_job

REVIEWED_ROUNDS = (1, 2, 3)
LAST_ROUND = 4


def search(number: int) -> tuple[Any, Any]:
    """Train a classifier on the round's seeds and recall the pages that it finds mathematical."""
    seeds = spark_job("seeds", round=number, seeds="{{ params.seeds }}")
    classifier = spark_job("classifier", round=number)
    recall = spark_job("recall", round=number, keep_tokens="{{ params.keep_tokens }}")
    chain(seeds, classifier, recall)
    return seeds, recall


@task_group
def reviewed_round(number: int) -> tuple[Any, Any, Any, Any]:
    """Recall pages; unless that found hardly any more, let a person or the rule judge the domains that turned up."""
    seeds, recall = search(number)
    domains = spark_job("domains", round=number)
    approve_domains = ApprovalOperator(
        task_id="approve_domains",
        subject=f"Round {number}: are these domains mathematical?",
        body=f"{{{{ ti.xcom_pull(task_ids='round_{number}.candidate_domains') }}}}",
        params=REVIEW_FORM,
        response_timeout=REVIEW_TIME,
        notifiers=[approval_waits],
    )
    approvals = spark_job("approvals", round=number, **decision(number), trigger_rule="none_failed_min_one_success")
    chain(recall, until_saturated(number), domains, candidate_domains(number), approve_domains, approvals)
    domains >> approvals  # the way where the rule reviews and the question is skipped
    return seeds, recall, approve_domains, approvals


@task_group
def last_round(number: int) -> tuple[Any, Any]:
    """Recall pages once more, from all that was approved."""
    return search(number)


@dag(
    schedule=[PAGES],
    max_active_runs=1,
    doc_md=__doc__,
    tags=["data", "spark", "review"],
    default_args={"owner": "data", "retries": 2, "retry_exponential_backoff": 2},
    params=parameters("version", "seeds", "keep_tokens", "review", "rule"),
    on_failure_callback=run_failed,
)
def recall_math() -> None:
    math_pages = spark_job("math_pages", trigger_rule="none_failed_min_one_success", outlets=[MATH_PAGES])
    before: Any = []
    for number in REVIEWED_ROUNDS:
        seeds, recall, approve_domains, approvals = reviewed_round.override(group_id=f"round_{number}")(number)
        chain(before, seeds)
        [recall, approve_domains] >> math_pages  # the second so that a rejection skips it at once
        before = approvals
    seeds, recall = last_round.override(group_id=f"round_{LAST_ROUND}")(LAST_ROUND)
    chain(before, seeds)
    recall >> math_pages


recall_math()
