"""Runs the tests of dags/ and infra/airflow in Airflow's own environment, which holds no Spark and no PyTorch."""

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
AIRFLOW_PYTHON = ROOT / ".venv-airflow" / "bin" / "python"


@pytest.mark.airflow
def test_dags_in_airflows_environment() -> None:
    assert AIRFLOW_PYTHON.exists(), f"{AIRFLOW_PYTHON} is missing: run 'make setup'"
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("PYTEST_", "AIRFLOW"))}
    answer = subprocess.run(
        [AIRFLOW_PYTHON, "-m", "pytest", "tests/dags", "-p", "no:cacheprovider"],
        cwd=ROOT, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert answer.returncode == 0, answer.stdout[-20_000:] + answer.stderr[-5_000:]
