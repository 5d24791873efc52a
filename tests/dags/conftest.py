"""These tests run in Airflow's environment: .venv-airflow/bin/python -m pytest tests/dags. Elsewhere they do not exist;
tests/test_dags.py runs them from the jobs' environment."""

import importlib.util
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
HAS_AIRFLOW = importlib.util.find_spec("airflow") is not None
collect_ignore_glob = [] if HAS_AIRFLOW else ["test_*.py"]
sys.path.insert(0, str(ROOT))
sys.path.insert(0, str(ROOT / "infra" / "airflow"))

if HAS_AIRFLOW:  # Airflow reads these when it is first imported
    for name in [n for n in os.environ if n.startswith(("MATHQUARRY_", "AIRFLOW"))]:
        del os.environ[name]
    os.environ |= {
        "AIRFLOW_HOME": tempfile.mkdtemp(prefix="airflow-tests-"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__DAGS_FOLDER": str(ROOT / "dags"),
        "PYTHONPATH": str(ROOT),
    }


@pytest.fixture(scope="session")
def dags() -> dict[str, Any]:
    """Our DAGs by name, as Airflow reads them."""
    from airflow.dag_processing.dagbag import DagBag

    bag = DagBag(str(ROOT / "dags"))
    assert bag.import_errors == {}
    return dict(bag.dags)


@pytest.fixture(scope="session")
def database() -> Iterator[None]:
    """A migrated database in the tests' own AIRFLOW_HOME."""
    from prepare import prepare

    prepare()
    yield
