"""A person runs recall_math in Airflow's UI: fills the form, approves under Required Actions, sees it succeed.

make ui-test

Drives a headless Chromium against an Airflow of its own, with the real stages on a small sample crawl. With
PICTURES=FOLDER it keeps a picture of each step there. Skipped where playwright or Chromium is missing.
"""

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

browser_driver = pytest.importorskip("playwright.sync_api", reason="needs the playwright package: run 'make ui-test'")

ROOT = Path(__file__).resolve().parents[2]
AIRFLOW_PYTHON = ROOT / ".venv-airflow" / "bin" / "python"
JOBS_PYTHON = ROOT / ".venv" / "bin" / "python"
CHROMIUM = next(
    (found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), ""
)
QUIET = (
    "--no-sandbox --disable-gpu --no-first-run --disable-background-networking --disable-component-update "
    "--disable-sync"
).split()
SLOW_MS = 120_000
START_SECONDS = 300
RUN_SECONDS = 1800
PAGES = "400"


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A lake with the pages of a small sample crawl."""
    folder = tmp_path_factory.mktemp("lake")
    for stage in (["sample_crawl", "--pages", PAGES], ["crawl"], ["pages"]):
        words = [JOBS_PYTHON, "-m", f"jobs.{stage[0]}", *stage[1:], "--lake", folder]
        subprocess.run(words, cwd=ROOT, check=True, capture_output=True)
    return folder


@pytest.fixture(scope="module")
def airflow(lake: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """A running Airflow on the lake: its address and the password of `admin`."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    home = tmp_path_factory.mktemp("airflow")
    words = [AIRFLOW_PYTHON, "infra/airflow/start_ui.py", "--home", home, "--lake", lake, "--port", str(port)]
    said = home / "said.txt"
    with said.open("w") as output:
        process = subprocess.Popen(words, cwd=ROOT, stdout=output, stderr=subprocess.STDOUT)
    try:
        deadline = time.monotonic() + START_SECONDS
        while "password" not in said.read_text():
            assert process.poll() is None and time.monotonic() < deadline, said.read_text()
            time.sleep(1)
        yield f"http://127.0.0.1:{port}", said.read_text().partition("password ")[2].split()[0]
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


@pytest.fixture(scope="module")
def page(airflow: tuple[str, str]) -> Iterator[Any]:
    """A browser page, logged in, with the DAGs after recall_math switched off."""
    if not CHROMIUM:
        pytest.skip("needs Chromium (Debian: apt-get install chromium)")
    address, password = airflow
    with browser_driver.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        page = browser.new_page(base_url=address, viewport={"width": 1280, "height": 1100})
        page.set_default_timeout(SLOW_MS)
        page.goto("/auth/login/")
        page.fill('input[name="username"]', "admin")
        page.fill('input[name="password"]', password)
        page.keyboard.press("Enter")
        page.wait_for_url(lambda url: "login" not in url)
        off = page.request.patch("/api/v2/dags/build_corpus?update_mask=is_paused", data={"is_paused": True})
        assert off.ok, off.text()
        yield page
        browser.close()


def picture(page: Any, name: str) -> None:
    if folder := os.environ.get("PICTURES"):
        page.wait_for_timeout(2000)  # charts and icons draw after the data have come
        page.screenshot(path=Path(folder) / f"ui-{name}.png")


def trigger(page: Any, reviewer: str) -> str:
    """Start recall_math by its form; the run's id."""
    page.goto("/dags/recall_math")
    page.get_by_role("button", name="Trigger Dag").first.click()
    form = page.get_by_role("dialog")
    form.get_by_role("button", name="Data", exact=True).click()
    form.locator('[name="element_version"]').fill("v1")
    form.get_by_role("button", name="Review", exact=True).click()
    form.get_by_role("combobox").last.click()
    page.get_by_role("option", name=reviewer).click()
    picture(page, "form")
    form.get_by_role("button", name="Trigger", exact=True).click()
    page.wait_for_url("**/runs/*")
    return str(page.url.rpartition("/")[2])


def wait_for_state(page: Any, run: str, wanted: str, task: str = "") -> None:
    """Until a run, or a task of it, is in a state. Fails where it ended in another."""
    path = f"/api/v2/dags/recall_math/dagRuns/{run}" + (f"/taskInstances/{task}" if task else "")
    deadline = time.monotonic() + RUN_SECONDS
    while (state := page.request.get(path).json().get("state")) != wanted:
        assert state not in ("failed", "upstream_failed", "skipped", "success"), f"{task or run} is {state}"
        assert time.monotonic() < deadline, f"{task or run} is {state} after {RUN_SECONDS} s"
        time.sleep(2)


def approve(page: Any, run: str, number: int) -> None:
    """Answer a round's question where a person would find it."""
    page.goto("/required_actions?response_received=false")
    page.get_by_role("link", name=f"Round {number}: are these domains mathematical?").first.click()
    page.get_by_role("columnheader", name="tokens to gain").wait_for()
    page.locator('[name="element_note"]').fill("looked at each domain")
    if number == 1:
        picture(page, "approval")
    page.get_by_role("button", name="Approve", exact=True).click()


def waiting(page: Any, run: str) -> list[int]:
    """Rounds whose question is open."""
    found = page.request.get(f"/api/v2/dags/recall_math/dagRuns/{run}/hitlDetails?response_received=false").json()
    return [int(d["task_instance"]["task_id"][len("round_")]) for d in found["hitl_details"]]


def test_a_person_reviews_and_the_run_succeeds(page: Any) -> None:
    run = trigger(page, "a person, under Required Actions")
    wait_for_state(page, run, "awaiting_input", "round_1.approve_domains")
    page.goto("/required_actions?response_received=false")
    page.get_by_role("link", name="Round 1: are these domains mathematical?").first.wait_for()
    picture(page, "required-actions")
    deadline, answered = time.monotonic() + RUN_SECONDS, set()
    while page.request.get(f"/api/v2/dags/recall_math/dagRuns/{run}").json()["state"] == "running":
        assert time.monotonic() < deadline
        for number in waiting(page, run):
            if number not in answered:
                approve(page, run, number)
                answered.add(number)
        time.sleep(2)
    wait_for_state(page, run, "success")
    assert 1 in answered
    wait_for_state(page, run, "success", "math_pages")
    page.goto(f"/dags/recall_math/runs/{run}")
    page.get_by_role("button", name="Show Graph").click()
    page.get_by_text("math_pages").first.wait_for()
    picture(page, "success")


def test_the_answer_is_recorded_with_name_time_and_note(page: Any, lake: Path) -> None:
    code = (
        "import sys; from jobs.lake.catalog import Lake; from jobs.lake.datasets import APPROVALS\n"
        "t = Lake(sys.argv[1]).read_table(APPROVALS.at('v1', 1)).to_pylist()\n"
        "print({(r['reviewer'], r['note'].split(';')[0]) for r in t})"
    )
    answer = subprocess.run([JOBS_PYTHON, "-c", code, lake], cwd=ROOT, check=True, capture_output=True, text=True)
    assert answer.stdout.strip() == "{('admin by rule:share>=0.5', 'looked at each domain')}"
