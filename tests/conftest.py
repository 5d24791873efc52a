"""Shared by all tests: where the shared data lie, and a lake of each test's own."""

import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from jobs.lake.catalog import Lake
from tests.crawl_server import CrawlServer

ROOT = Path(__file__).resolve().parents[1]
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))  # Spark's workers


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real data beside the checkout; a test that needs it is skipped where there is none."""
    folder = ROOT.parent / "shared"
    if not folder.is_dir():
        pytest.skip("needs the real data in ../shared, which is not here")
    return folder


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(str(tmp_path / "lake"))


@pytest.fixture
def server() -> Iterator[CrawlServer]:
    """Common Crawl on this machine."""
    with CrawlServer() as crawl_server:
        thread = threading.Thread(target=crawl_server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield crawl_server
        crawl_server.shutdown()
        thread.join()
