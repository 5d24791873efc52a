"""Example lakes for the report's tests."""

from pathlib import Path

import pytest
from example_lake import ExampleLake


@pytest.fixture
def example(tmp_path: Path) -> ExampleLake:
    return ExampleLake(tmp_path / "lake")


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> ExampleLake:
    """Everything finished; for tests that only read."""
    built = ExampleLake(tmp_path_factory.mktemp("whole"))
    built.everything()
    return built
