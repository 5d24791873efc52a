"""The environment of an Airflow on this machine: one folder, SQLite, no services, nothing reachable from outside.

Imports nothing of Airflow, which reads its configuration from the environment when it is first imported.
"""

import argparse
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
PARAMETERS = ("version", "crawl", "input", "segments", "seeds", "benchmarks", "keep_tokens", "review", "rule", "recipe")
"""Form fields (dags/parameters.py) whose defaults a deployment may set."""
FOLDERS = ("input", "seeds", "benchmarks")
WORDS = ("sample", "commoncrawl")  # what stands for no path in these


@dataclass(frozen=True)
class LocalAirflow:
    """An Airflow of this checkout."""

    home: Path
    """Takes Airflow's database, logs and passwords."""
    lake: str
    port: int = 8080

    def environment(self) -> dict[str, str]:
        """Variables for Airflow, the jobs it submits and the training it starts; add them to the process's own."""
        jobs_python = PROJECT / ".venv" / "bin" / "python"
        airflow_bin = Path(sys.executable).parent  # first, so that `airflow` and `python3` are Airflow's
        return {
            "AIRFLOW_HOME": str(self.home),
            "AIRFLOW__CORE__DAGS_FOLDER": str(PROJECT / "dags"),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
            "AIRFLOW__CORE__PARALLELISM": "4",
            "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": "admin:admin",
            "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"http://127.0.0.1:{self.port}/execution/",
            "AIRFLOW__API__HOST": "127.0.0.1",
            "AIRFLOW__API__PORT": str(self.port),
            "AIRFLOW__API__BASE_URL": f"http://127.0.0.1:{self.port}",
            "AIRFLOW__API__WORKERS": "1",
            "AIRFLOW__LOGGING__COLORED_CONSOLE_LOG": "False",
            "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(self.home / "logs"),
            "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
            "AIRFLOW_CONN_SPARK_DEFAULT": os.environ.get(
                "AIRFLOW_CONN_SPARK_DEFAULT", '{"conn_type": "spark", "host": "local[*,4]"}'
            ),
            "PYTHONPATH": str(PROJECT),
            "PATH": os.pathsep.join([str(airflow_bin), str(jobs_python.parent), os.environ.get("PATH", os.defpath)]),
            "LAKE": absolute(self.lake),
            "JAVA_HOME": java_home(jobs_python),
            "PYSPARK_PYTHON": str(jobs_python),
            "PYSPARK_DRIVER_PYTHON": str(jobs_python),
            "SPARK_CONF_DIR": os.environ.get("SPARK_CONF_DIR", str(PROJECT / "infra" / "spark" / "local")),
            "SPARK_LOCAL_HOSTNAME": "localhost",
            "OMP_NUM_THREADS": "1",
        }


def java_home(jobs_python: Path) -> str:
    """Java for Spark, by jobs.java of the jobs' environment. Raises SystemExit with its message where there is none."""
    if not jobs_python.exists():
        raise SystemExit(f"{jobs_python} is missing: run 'make setup' first")
    answer = subprocess.run([jobs_python, "-m", "jobs.java"], cwd=PROJECT, capture_output=True, text=True, check=False)
    if answer.returncode:
        raise SystemExit(answer.stderr.strip().splitlines()[-1])
    return answer.stdout.strip()


def absolute(location: str) -> str:
    """A local path without its dependence on the working folder; URIs as they are."""
    return location if "://" in location else str(Path(location).expanduser().resolve())


def add_parameter_flags(parser: argparse.ArgumentParser) -> None:
    """--input, --seeds, ...: empty ones leave the DAGs' own defaults."""
    for name in PARAMETERS:
        parser.add_argument(f"--{name.replace('_', '-')}", default="", help="default of the form's field of this name")


def parameter_defaults(words: argparse.Namespace) -> dict[str, str]:
    """Form field -> value, for those that were given; paths made absolute."""
    given = {name: getattr(words, name) for name in PARAMETERS if getattr(words, name)}
    return {name: absolute(v) if name in FOLDERS and v not in WORDS else v for name, v in given.items()}


def as_variables(parameters: dict[str, str]) -> dict[str, str]:
    """The variables by which dags/parameters.py takes them up."""
    return {f"MATHQUARRY_{name.upper()}": value for name, value in parameters.items()}
