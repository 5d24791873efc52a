"""A killed worker changes nothing: the stage finishes with the same bytes, or fails and leaves nothing that looks
finished, and the rerun gives the same bytes."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from jobs import (
    approvals,
    classifier,
    crawl,
    decontaminate,
    dedup,
    domains,
    math_pages,
    pages,
    recall,
    sample_crawl,
    seeds,
    shards,
    tokenizer,
)  # fmt: skip
from jobs.lake.catalog import Lake
from jobs.lake.datasets import SAMPLE, SIGNATURES
from jobs.lake.stage import Stage, execute
from jobs.lake.storage import WrittenFile
from jobs.runner import TASK_ATTEMPTS, SparkOptions, SparkRun, session
from tests.faults.dying import Deaths, let_workers_die

pytestmark = [pytest.mark.spark, pytest.mark.flow]

ROOT = Path(__file__).resolve().parents[2]
MASTER = f"local[2,{TASK_ATTEMPTS}]"
SPARK_STAGES: dict[str, Stage] = {
    "pages": pages.STAGE, "seeds": seeds.STAGE, "recall": recall.STAGE, "domains": domains.STAGE,
    "math_pages": math_pages.STAGE, "dedup": dedup.STAGE, "decontaminate": decontaminate.STAGE, "shards": shards.STAGE,
}  # fmt: skip
Files = dict[str, tuple[WrittenFile, ...]]


def run(stage: Stage, lake: Lake, replace: bool = False, **settings: object) -> None:
    options = SparkOptions(lake.root, replace=replace, master=MASTER)
    execute(stage, stage.settings(**settings), options, SparkRun)


def files_of(stage: Stage, lake: Lake) -> Files:
    """The checksums of what a stage made; an address that is not finished is left out."""
    found = {str(a): lake.find(a) for a in stage.writes(stage.settings())}
    return {address: manifest.files for address, manifest in found.items() if manifest is not None}


def runs(process: psutil.Process) -> bool:
    """Not ended, and not only waiting for somebody to take note of its end."""
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def stop_session() -> None:
    from pyspark.sql import SparkSession

    if (session := SparkSession.getActiveSession()) is not None:
        session.stop()


@pytest.fixture(scope="module")
def flow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lake]:
    """A lake with every stage done undisturbed, in a session that gives a task a second chance."""
    stop_session()
    lake = Lake(str(tmp_path_factory.mktemp("faults") / "lake"))
    session(SparkOptions(lake.root, master=MASTER)).conf.set("spark.sql.shuffle.partitions", "2")  # fewer, so faster
    run(sample_crawl.STAGE, lake, pages=120)
    made = sorted(Path(lake.storage.path(SAMPLE.at("v1").folder)).glob("*.warc.gz"))
    folder = tmp_path_factory.mktemp("crawl")
    (folder / "a.warc.gz").write_bytes(made[0].read_bytes())
    # The first file's pages again and new ones: jobs.pages writes the part once more, without half of its rows.
    (folder / "b.warc.gz").write_bytes(b"".join(file.read_bytes() for file in made))
    run(crawl.STAGE, lake, input=str(folder))
    for stage in (pages, seeds):
        run(stage.STAGE, lake)
    run(classifier.STAGE, lake, dim=8)
    for stage in (recall, domains):
        run(stage.STAGE, lake)
    run(approvals.STAGE, lake, rule="share>=0.5")
    for stage in (math_pages, dedup, decontaminate):
        run(stage.STAGE, lake)
    run(tokenizer.STAGE, lake, vocabulary=512)
    run(shards.STAGE, lake)
    yield lake
    stop_session()


@pytest.fixture
def deaths(tmp_path: Path) -> Deaths:
    return Deaths(tmp_path)


@pytest.mark.parametrize("name", SPARK_STAGES)
def test_a_stage_whose_workers_are_killed_gives_the_same_bytes(
    name: str, flow: Lake, deaths: Deaths, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = SPARK_STAGES[name]
    undisturbed = files_of(stage, flow)
    let_workers_die(monkeypatch, deaths)
    run(stage, flow, replace=True)
    assert deaths.died == len(deaths.functions) > 0, f"not every one of {deaths.functions} was killed"
    assert files_of(stage, flow) == undisturbed


def test_a_stage_whose_workers_die_at_every_attempt_fails_and_its_rerun_gives_the_same_bytes(
    flow: Lake, deaths: Deaths, monkeypatch: pytest.MonkeyPatch
) -> None:
    undisturbed = files_of(recall.STAGE, flow)
    deaths.times = 2 * TASK_ATTEMPTS  # two tasks run at a time: one of them has then died at every attempt
    with monkeypatch.context() as patch:
        let_workers_die(patch, deaths)
        with pytest.raises(Exception, match="crashed"):
            run(recall.STAGE, flow, replace=True)
    assert deaths.died >= TASK_ATTEMPTS
    assert files_of(recall.STAGE, flow) == {}
    run(recall.STAGE, flow)
    assert files_of(recall.STAGE, flow) == undisturbed


def test_a_killed_driver_takes_its_workers_along_and_the_rerun_gives_the_same_bytes(flow: Lake) -> None:
    undisturbed = files_of(dedup.STAGE, flow)
    signatures = flow.storage.path(f"{SIGNATURES.at('v1').folder}/part-00000.parquet")
    os.unlink(signatures)  # its return shows that the killed run had begun to write
    driver = subprocess.Popen(
        [sys.executable, "-m", "jobs.dedup", "--lake", flow.root, "--replace", "--master", MASTER],
        cwd=ROOT, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    deadline = time.monotonic() + 120
    while not os.path.exists(signatures) and driver.poll() is None and time.monotonic() < deadline:
        time.sleep(0.01)
    below = psutil.Process(driver.pid).children(recursive=True)
    driver.kill()
    assert driver.wait() == -signal.SIGKILL, "it ended before it could be killed"
    assert any("java" in p.name() for p in below if p.is_running()), "killed before Spark was there"
    deadline = time.monotonic() + 120
    while (alive := [p for p in below if runs(p)]) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not alive, f"left behind: {alive}"
    assert files_of(dedup.STAGE, flow) == {}
    run(dedup.STAGE, flow)
    assert files_of(dedup.STAGE, flow) == undisturbed
