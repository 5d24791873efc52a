"""
### Build the corpus
dedup -> decontaminate -> tokenizer -> shards: the recalled pages without duplicates and benchmark questions, as tokens.

Starts when `math_pages` changes; ends by updating `shards`, which starts `pretrain`. Decontamination removes pages that
hold questions of the benchmarks given here (paper section 2.1), so they must be the ones that models will be judged by.
"""

from airflow.sdk import chain, dag

from dags.alerts import run_failed
from dags.assets import MATH_PAGES, SHARDS
from dags.parameters import parameters
from dags.submit import spark_job


@dag(
    schedule=[MATH_PAGES],
    max_active_runs=1,
    doc_md=__doc__,
    tags=["data", "spark"],
    default_args={"owner": "data", "retries": 2, "retry_exponential_backoff": 2},
    params=parameters("version", "benchmarks"),
    on_failure_callback=run_failed,
)
def build_corpus() -> None:
    chain(
        spark_job("dedup"),
        spark_job("decontaminate", benchmarks="{{ params.benchmarks }}"),
        spark_job("tokenizer"),
        spark_job("shards", task_id="shards_math", source="math"),
        spark_job("shards", task_id="shards_natural_language", source="natural_language", outlets=[SHARDS]),
    )


build_corpus()
