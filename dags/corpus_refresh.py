"""
### Refresh the corpus from a new Common Crawl snapshot
Once a month, off until switched on: asks a person which snapshot to take and which version to go on from, then
crawl -> pages -> math_pages -> dedup -> decontaminate -> tokenizer -> shards -> changes.

The snapshot's id becomes the version, so that older corpora stay as they are; of those only results are read, not
pages. There are no rounds: the last classifier of the version that it goes on from finds the new pages. Ends with the
report on what changed. The snapshot is asked for because Common Crawl's ids follow no calendar, and because a rule
such as "the newest" would give a repeated run other data. **Reject** leaves a month out; no answer within a week fails
the run.
"""

from datetime import UTC, datetime

from airflow.providers.standard.operators.hitl import ApprovalOperator
from airflow.sdk import CronTriggerTimetable, Param, chain, dag

from dags.alerts import approval_waits, run_failed
from dags.assets import SHARDS
from dags.parameters import NAME, REVIEW_TIME, default, parameters
from dags.submit import spark_job

ANSWER = "ti.xcom_pull(task_ids='choose_snapshot')['params_input']"
SNAPSHOT, SEGMENTS, BASE = (f"{{{{ {ANSWER}['{name}'] }}}}" for name in ("crawl", "segments", "base"))
FORM = {
    "crawl": Param(
        "CC-MAIN-", type="string", pattern=r"^CC-MAIN-\d{4}-\d{2}$", title="Snapshot",
        description="Its id, from Common Crawl's list: https://index.commoncrawl.org/",
    ),
    "segments": Param(1, type="integer", minimum=1, maximum=100, title="Segments", description="How many of its 100."),
    "base": Param(
        default("version", "v1"), type="string", pattern=NAME, title="Go on from",
        description="Version whose corpus this one goes on from.",
    ),
}  # fmt: skip


@dag(
    schedule=CronTriggerTimetable("0 6 1 * *", timezone="UTC"),
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    is_paused_upon_creation=True,
    max_active_runs=1,
    doc_md=__doc__,
    tags=["data", "spark", "review", "schedule"],
    default_args={"owner": "data", "retries": 2, "retry_exponential_backoff": 2},
    params=parameters("benchmarks"),
    on_failure_callback=run_failed,
)
def corpus_refresh() -> None:
    choose_snapshot = ApprovalOperator(
        task_id="choose_snapshot",
        subject="Which Common Crawl snapshot is this month's?",
        params=FORM,
        response_timeout=REVIEW_TIME,
        notifiers=[approval_waits],
    )
    chain(
        choose_snapshot,
        spark_job("crawl", version=SNAPSHOT, crawl=SNAPSHOT, input="commoncrawl", segments=SEGMENTS),
        spark_job("pages", version=SNAPSHOT, crawl=SNAPSHOT),
        spark_job("math_pages", version=SNAPSHOT, base=BASE),
        spark_job("dedup", version=SNAPSHOT),
        spark_job("decontaminate", version=SNAPSHOT, benchmarks="{{ params.benchmarks }}"),
        spark_job("tokenizer", version=SNAPSHOT),
        spark_job("shards", task_id="shards_math", version=SNAPSHOT, source="math"),
        spark_job("shards", task_id="shards_natural_language", version=SNAPSHOT, source="natural_language",
                  outlets=[SHARDS]),
        spark_job("changes", version=SNAPSHOT),
    )  # fmt: skip


corpus_refresh()
