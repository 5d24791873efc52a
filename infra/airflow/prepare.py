"""python infra/airflow/prepare.py: the database of the Airflow that AIRFLOW_HOME names, up to date, and its pools."""

import json
from pathlib import Path

POOLS = Path(__file__).resolve().parent / "pools.json"


def prepare() -> None:
    """Create or migrate the database, and create or update the pools."""
    from airflow.models.pool import Pool
    from airflow.utils.db import initdb

    initdb()
    for name, pool in json.loads(POOLS.read_text()).items():
        Pool.create_or_update_pool(name, pool["slots"], pool["description"], pool["include_deferred"])


if __name__ == "__main__":
    prepare()
