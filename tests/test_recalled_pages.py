"""What is told of a round's pages: gains by domain, and a sample in which each stratum of scores stands for its own."""

import json
from typing import Any

import pyarrow as pa
import pytest
from page_rows import VERSION

from jobs.lake.catalog import Lake, Publication
from jobs.lake.datasets import RECALLED
from jobs.lake.manifest import Provenance
from jobs.recalled_pages import ToJudge, as_lines, count, sample, stratum

EDGES = [6000, 8000]  # three strata: scores below 0.6, below 0.8, above


def row(number: int) -> dict[str, Any]:
    """Scores from 0.5 to 0.99; ids in another order than scores; every fifth page new, of one of two domains."""
    return {
        "page_id": f"{number * 7919 % 1000:016x}", "url": f"https://e.org/{number}",
        "domain": "a.org" if number % 2 else "b.org", "score": 0.5 + number / 200, "tokens": 10 + number,
        "newly_recalled": number % 5 == 0,
    }  # fmt: skip


@pytest.fixture
def publication(lake: Lake) -> Publication:
    found = lake.begin(RECALLED.at(VERSION, 1), Provenance("tests", {}, {}, {}))
    assert found is not None
    for part in range(2):
        rows = [row(n) for n in range(100) if n % 2 == part]
        found.write_table(f"part-0000{part}.parquet", pa.Table.from_pylist(rows, RECALLED.schema))
    return found


def test_new_pages_are_counted_by_domain(publication: Publication) -> None:
    kept = count(publication, EDGES)
    assert (kept.pages, kept.tokens, kept.new_pages.total()) == (100, sum(10 + n for n in range(100)), 20)
    assert kept.gained() == [
        {"domain": "a.org", "new_pages": 10, "new_tokens": sum(10 + n for n in range(5, 100, 10))},
        {"domain": "b.org", "new_pages": 10, "new_tokens": sum(10 + n for n in range(0, 100, 10))},
    ]
    assert kept.stratum_pages == {1: 20, 2: 40, 3: 40}


def test_the_sample_holds_pages_of_each_stratum_those_with_the_smallest_ids(publication: Publication) -> None:
    chosen = sample(publication, EDGES, count(publication, EDGES), 4)
    for number, pages in ((1, 20), (2, 40), (3, 40)):
        ids = sorted(row(n)["page_id"] for n in range(100) if stratum(row(n)["score"], EDGES) == number)
        assert [c.page_id for c in chosen if c.stratum == number] == ids[:4]
        assert {c.stratum_pages for c in chosen if c.stratum == number} == {pages}
    assert [ToJudge(**json.loads(line)) for line in as_lines(chosen).splitlines()] == chosen


def test_without_a_sample_nothing_is_listed(publication: Publication) -> None:
    assert sample(publication, EDGES, count(publication, EDGES), 0) == []
