"""
### Align the model
sft -> [evaluate, reward_model] -> grpo -> evaluate -> corpus_report: from the base model to one that reasons
(paper sections 3 and 4), judged before and after.

Starts when `base_model` changes; ends with the report on everything from the crawl to the scores, and by updating
`aligned_model`. A retry goes on from the newest checkpoint.
"""

from airflow.sdk import chain, dag

from dags.alerts import run_failed
from dags.assets import ALIGNED_MODEL, BASE_MODEL
from dags.parameters import parameters
from dags.submit import spark_job, training_job


@dag(
    schedule=[BASE_MODEL],
    max_active_runs=1,
    doc_md=__doc__,
    tags=["training", "gpu"],
    default_args={"owner": "training", "retries": 1},
    params=parameters("version", "recipe"),
    on_failure_callback=run_failed,
)
def align() -> None:
    recipe = "{{ params.recipe }}"
    chain(
        training_job("sft", recipe=recipe),
        [
            training_job("evaluate", task_id="evaluate_sft", recipe=recipe, model="sft"),
            training_job("reward_model", recipe=recipe),
        ],
        training_job("grpo", recipe=recipe),
        training_job("evaluate", task_id="evaluate_grpo", recipe=recipe, model="grpo", outlets=[ALIGNED_MODEL]),
        spark_job("corpus_report"),
    )


align()
