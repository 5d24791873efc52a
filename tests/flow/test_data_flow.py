"""The sample crawl through every data stage, twice: what comes out is right, traceable, and the same bytes."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

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
from jobs.lake.datasets import (
    APPROVALS,
    CONTAMINATION,
    CORPUS,
    DATASETS,
    DEDUPED,
    MATH_PAGES,
    PAGES,
    RECALLED,
    SAMPLE,
    SHARDS,
    TOKENIZER,
)  # fmt: skip
from jobs.lake.lineage import chain
from jobs.lake.stage import Stage, execute
from jobs.lake.token_shards import TokenShards
from jobs.runner import SparkOptions, SparkRun

pytestmark = [pytest.mark.spark, pytest.mark.flow]
SAMPLE_PAGES = 300


@dataclass(frozen=True)
class Label:
    """What the generator says of a page."""

    math: bool
    duplicate: bool
    contaminated: bool


def run_flow(lake: Lake, fresh_sessions: bool = False) -> None:
    """The stages as the DAGs order them, with the rule as reviewer; each with a Spark session of its own where asked:
    as modules of their own they find none, and what needs one before it has asked for one must fail here too."""

    def run(stage: Stage, **settings: object) -> None:
        from pyspark.sql import SparkSession

        session = SparkSession.getActiveSession()
        if fresh_sessions and session is not None:
            session.stop()
        execute(stage, stage.settings(**settings), SparkOptions(lake.root, master="local[2]"), SparkRun)

    run(sample_crawl.STAGE, pages=SAMPLE_PAGES)
    run(crawl.STAGE)
    run(pages.STAGE)
    for number in (1, 2):
        run(seeds.STAGE, round=number)
        run(classifier.STAGE, round=number)
        run(recall.STAGE, round=number)
        run(domains.STAGE, round=number)
        run(approvals.STAGE, round=number, rule="share>=0.5")
    run(math_pages.STAGE)
    run(dedup.STAGE)
    run(decontaminate.STAGE)
    run(tokenizer.STAGE, vocabulary=512)
    run(shards.STAGE, source="math")
    run(shards.STAGE, source="natural_language")


@pytest.fixture(scope="module")
def flow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lake]:
    lake = Lake(str(tmp_path_factory.mktemp("flow") / "lake"))
    run_flow(lake)
    yield lake


@pytest.fixture(scope="module")
def labels(flow: Lake) -> dict[str, Label]:
    lines = flow.storage.read(f"{SAMPLE.at('v1').folder}/labels.jsonl").decode().splitlines()
    rows = [json.loads(line) for line in lines]
    return {r["url"]: Label(r["label"] == "math", bool(r["duplicate_of"]), bool(r["contaminated_with"])) for r in rows}


def urls(lake: Lake, address_text: str) -> list[str]:
    """URLs of the rows, less pages of damaged records that the reader could prove whole: those have no label."""
    dataset, version = address_text.split("/")
    return labelled(lake, lake.read_table(DATASETS[dataset].at(version), ["url"]).column("url").to_pylist())


def labelled(lake: Lake, found: list[str]) -> list[str]:
    lines = lake.storage.read(f"{SAMPLE.at('v1').folder}/damaged.jsonl").decode().splitlines()
    damaged = {json.loads(line)["url"] for line in lines}
    return [url for url in found if url not in damaged]


def test_what_is_kept_is_mathematics(flow: Lake, labels: dict[str, Label]) -> None:
    found = set(urls(flow, "math_pages/v1"))
    right = sum(labels[u].math for u in found)
    assert right / len(found) >= 0.85
    assert right / sum(label.math for label in labels.values()) >= 0.6


def test_later_rounds_build_on_the_first(flow: Lake) -> None:
    first, second = (flow.find(RECALLED.at("v1", n)) for n in (1, 2))
    assert first is not None and second is not None
    assert first.figures["new_share"] == 1.0
    assert second.figures["new_share"] < 1.0
    assert "approvals/v1/round=1" in flow.find(DATASETS["seeds"].at("v1", 2)).provenance.inputs  # type: ignore[union-attr]


def test_no_page_with_a_planted_benchmark_item_is_in_the_corpus(flow: Lake, labels: dict[str, Label]) -> None:
    kept = urls(flow, "corpus/v1")
    assert kept
    assert not [u for u in kept if labels[u].contaminated]
    hits = set(urls(flow, "contamination/v1"))
    assert hits, "nothing was planted among the recalled pages: the test shows nothing"
    assert all(labels[u].contaminated for u in hits), "a clean page was taken out"


def test_of_copies_one_stays(flow: Lake) -> None:
    rows = flow.read_table(DEDUPED.at("v1"), ["cluster", "survives", "page_id"]).to_pylist()
    assert any(not r["survives"] for r in rows)
    survivors = [r["cluster"] for r in rows if r["survives"]]
    assert sorted(survivors) == sorted({r["cluster"] for r in rows})
    assert all(r["cluster"] == r["page_id"] for r in rows if r["survives"])


def test_every_page_is_accounted_for(flow: Lake) -> None:
    math, deduped, corpus = (flow.find(d.at("v1")) for d in (MATH_PAGES, DEDUPED, CORPUS))
    assert math is not None and deduped is not None and corpus is not None
    assert deduped.rows == math.rows
    contaminated = len(set(flow.read_table(CONTAMINATION.at("v1"), ["page_id"]).column("page_id").to_pylist()))
    survivors = sum(flow.read_table(DEDUPED.at("v1"), ["survives"]).column("survives").to_pylist())
    assert corpus.rows == survivors - contaminated


def test_shards_hold_the_whole_corpus(flow: Lake) -> None:
    math = TokenShards.open(flow, SHARDS.at("v1", "math"))
    assert math.documents == flow.find(CORPUS.at("v1")).rows  # type: ignore[union-attr]
    from tokenizers import Tokenizer

    with flow.storage.local_copy(f"{TOKENIZER.at('v1').folder}/tokenizer.json") as path:
        decode = Tokenizer.from_file(str(path)).decode
    bounds = math.document_bounds()
    texts = {decode(math.read(int(a), int(b - a - 1)).tolist()) for a, b in zip(bounds, bounds[1:], strict=False)}
    assert texts == set(flow.read_table(CORPUS.at("v1"), ["text"]).column("text").to_pylist())


def test_lineage_of_the_shards_reaches_the_warc_files(flow: Lake) -> None:
    lines = [link.text for link in chain(flow, SHARDS.at("v1", "math"))]
    assert any(line.startswith("WARC lake:sample/v1/crawl-00000.warc.gz") for line in lines)
    assert not any("REPLACED" in line for line in lines)


def test_a_corpus_page_can_be_found_again_in_its_warc_file(flow: Lake) -> None:
    from jobs.web.page_text import extract_page
    from jobs.web.warc_records import WarcPage, read_warc

    row = min(flow.read_table(CORPUS.at("v1")).to_pylist(), key=lambda r: r["page_id"])
    name = row["warc_path"].removeprefix("lake:")
    data = flow.storage.read(name)[row["warc_offset"] : row["warc_offset"] + row["warc_length"]]
    record = Path(flow.storage.path("")).parent / "one.warc.gz"
    record.write_bytes(data)
    (page,) = [p for p in read_warc(str(record)) if isinstance(p, WarcPage)]
    assert (page.url, page.payload_sha1) == (row["url"], row["content_digest"])
    assert extract_page(page.html, page.url).text == row["text"]


def test_a_second_run_elsewhere_gives_the_same_bytes(flow: Lake, tmp_path: Path) -> None:
    again = Lake(str(tmp_path / "again"))
    run_flow(again, fresh_sessions=True)
    for dataset in DATASETS.values():
        for address in flow.finished(dataset, "v1"):
            first, second = flow.find(address), again.find(address)
            assert first is not None and second is not None, address
            assert first.fingerprint == second.fingerprint, address
            if dataset is not APPROVALS:  # it records when its rule was applied
                assert first.files == second.files, f"{address} differs"


def test_a_second_run_in_the_same_lake_does_nothing(flow: Lake) -> None:
    before = {str(a): flow.find(a) for d in DATASETS.values() for a in flow.finished(d, "v1")}
    run_flow(flow)
    assert {str(a): flow.find(a) for d in DATASETS.values() for a in flow.finished(d, "v1")} == before
    assert len(flow.finished(PAGES, "v1")) == 1
