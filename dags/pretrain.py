"""
### Pretrain the base model
pretrain -> evaluate: next-token training on the mixture of shards (paper section 2.2), then the benchmarks.

Starts when `shards` changes; ends by updating `base_model`, which starts `align`. A retry goes on from the newest
checkpoint.
"""

from airflow.sdk import chain, dag

from dags.alerts import run_failed
from dags.assets import BASE_MODEL, SHARDS
from dags.parameters import parameters
from dags.submit import training_job


@dag(
    schedule=[SHARDS],
    max_active_runs=1,
    doc_md=__doc__,
    tags=["training", "gpu"],
    default_args={"owner": "training", "retries": 1},
    params=parameters("version", "recipe"),
    on_failure_callback=run_failed,
)
def pretrain() -> None:
    recipe = "{{ params.recipe }}"
    chain(
        training_job("pretrain", recipe=recipe),
        training_job("evaluate", recipe=recipe, model="pretrain", outlets=[BASE_MODEL]),
    )


pretrain()
