"""What `make demo` calls, and the environment it makes."""

import argparse
import os
import subprocess
import sys
from pathlib import Path

import pytest
from environment import LocalAirflow, add_parameter_flags, as_variables, parameter_defaults

from dags.backends import PROJECT as ROOT

RUN_DAGS = [sys.executable, str(ROOT / "infra" / "airflow" / "run_dags.py")]


def flags(*words: str) -> dict[str, str]:
    parser = argparse.ArgumentParser()
    add_parameter_flags(parser)
    return parameter_defaults(parser.parse_args(words))


def test_a_refused_stage_ends_the_run_with_its_own_words(tmp_path: Path) -> None:
    words = ["--home", tmp_path / "home", "--lake", tmp_path / "lake", "--dags", "build_corpus"]
    answer = subprocess.run([*RUN_DAGS, *map(str, words)], capture_output=True, text=True, check=False, cwd=ROOT)
    assert answer.returncode == 1, answer.stdout + answer.stderr
    assert "build_corpus.dedup failed:" in answer.stdout
    assert "math_pages/v1 has no manifest under" in answer.stdout
    assert "decontaminate" not in answer.stdout  # nothing after it was started
    log = tmp_path / "home" / "logs" / "tasks" / "build_corpus.dedup.log"
    assert str(log) in answer.stdout and "math_pages/v1 has no manifest" in log.read_text()


def test_review_by_a_person_is_sent_to_the_ui() -> None:
    answer = subprocess.run([*RUN_DAGS, "--review", "person"], capture_output=True, text=True, check=False)
    assert answer.returncode == 2
    assert "make ui" in answer.stderr


def test_paths_are_made_absolute_and_words_are_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    given = flags("--input", "crawl", "--seeds", "sample", "--benchmarks", "s3://bucket/b", "--recipe", "tiny")
    assert given == {
        "input": str(tmp_path / "crawl"), "seeds": "sample", "benchmarks": "s3://bucket/b", "recipe": "tiny",
    }  # fmt: skip


def test_a_deployments_defaults_reach_the_forms() -> None:
    code = "from dags.parameters import parameters as p; print(*(f.value for f in p('seeds', 'segments').values()))"
    given = as_variables(flags("--seeds", "/data/seeds.jsonl", "--segments", "5"))
    answer = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=os.environ | given, capture_output=True, text=True, check=True
    )
    assert answer.stdout.splitlines()[-1] == "/data/seeds.jsonl 5"


def test_the_local_airflow_listens_on_this_machine_only(tmp_path: Path) -> None:
    environment = LocalAirflow(tmp_path, "lake", port=8123).environment()
    assert environment["AIRFLOW__API__HOST"] == "127.0.0.1"
    assert environment["AIRFLOW__API__BASE_URL"] == "http://127.0.0.1:8123"
    assert Path(environment["LAKE"]).is_absolute()
    assert (Path(environment["JAVA_HOME"]) / "bin" / "java").exists()
