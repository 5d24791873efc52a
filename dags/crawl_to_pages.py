"""
### Crawl to pages
`[sample_crawl]` -> crawl -> pages: one run per crawl snapshot, started by a person.

The sample is generated only where the input is `sample`. Ends by updating `pages`, which starts `recall_math`.
A failed run goes on where it was: fetched files and finished datasets are kept.
"""

from airflow.sdk import chain, dag, task

from dags.alerts import run_failed
from dags.assets import PAGES
from dags.parameters import parameters
from dags.submit import spark_job


@task.short_circuit(ignore_downstream_trigger_rules=False)
def input_is_sample(params: dict[str, str]) -> bool:
    """Skip `sample_crawl` where a real crawl is given."""
    return params["input"] == "sample"


@dag(
    schedule=None,
    max_active_runs=1,
    doc_md=__doc__,
    tags=["data", "spark"],
    default_args={"owner": "data", "retries": 2, "retry_exponential_backoff": 2},
    params=parameters("version", "crawl", "input", "segments"),
    on_failure_callback=run_failed,
)
def crawl_to_pages() -> None:
    chain(
        input_is_sample(),
        spark_job("sample_crawl"),
        spark_job(
            "crawl",
            crawl="{{ params.crawl }}",
            input="{{ params.input }}",
            segments="{{ params.segments }}",
            trigger_rule="none_failed",
        ),
        spark_job("pages", crawl="{{ params.crawl }}", outlets=[PAGES]),
    )


crawl_to_pages()
