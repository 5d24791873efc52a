"""
### Refresh the corpus from a new Common Crawl snapshot
Once a month, off until switched on: asks a person which snapshot to take, then starts `crawl_to_pages` with it; from
there on the other DAGs follow.

The snapshot's id becomes the version, so that older corpora stay as they are. It is asked for because Common Crawl's
ids follow no calendar, and because a rule such as "the newest" would give a repeated run other data. **Reject** leaves
a month out; no answer within a week fails the run.
"""

from datetime import UTC, datetime

from airflow.providers.standard.operators.hitl import ApprovalOperator
from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
from airflow.sdk import CronTriggerTimetable, Param, chain, dag

from dags.alerts import approval_waits, run_failed
from dags.parameters import REVIEW_TIME

ANSWER = "ti.xcom_pull(task_ids='choose_snapshot')['params_input']"
FORM = {
    "crawl": Param(
        "CC-MAIN-", type="string", pattern=r"^CC-MAIN-\d{4}-\d{2}$", title="Snapshot",
        description="Its id, from Common Crawl's list: https://index.commoncrawl.org/",
    ),
    "segments": Param(1, type="integer", minimum=1, maximum=100, title="Segments", description="How many of its 100."),
}  # fmt: skip


@dag(
    schedule=CronTriggerTimetable("0 6 1 * *", timezone="UTC"),
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    is_paused_upon_creation=True,
    max_active_runs=1,
    doc_md=__doc__,
    tags=["data", "review", "schedule"],
    default_args={"owner": "data", "retries": 2},
    on_failure_callback=run_failed,
    render_template_as_native_obj=True,  # the number of segments must arrive as a number
)
def corpus_refresh() -> None:
    choose_snapshot = ApprovalOperator(
        task_id="choose_snapshot",
        subject="Which Common Crawl snapshot is this month's?",
        params=FORM,
        response_timeout=REVIEW_TIME,
        notifiers=[approval_waits],
    )
    start_crawl_to_pages = TriggerDagRunOperator(
        task_id="start_crawl_to_pages",
        trigger_dag_id="crawl_to_pages",
        trigger_run_id=f"refresh-{{{{ {ANSWER}['crawl'] }}}}",  # a second answer with the same snapshot is refused
        conf={
            "input": "commoncrawl",
            "crawl": f"{{{{ {ANSWER}['crawl'] }}}}",
            "version": f"{{{{ {ANSWER}['crawl'] }}}}",
            "segments": f"{{{{ {ANSWER}['segments'] }}}}",
        },
    )
    chain(choose_snapshot, start_crawl_to_pages)


corpus_refresh()
