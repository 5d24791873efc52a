"""The last round's pages, each with the round that first found it; broken chains of rounds are refused."""

import pytest
from page_rows import VERSION
from round_rows import maths, publish_round, recalled_row

from jobs import math_pages
from jobs.lake.catalog import Lake
from jobs.lake.datasets import MATH_PAGES, RECALLED
from jobs.lake.manifest import Provenance
from jobs.lake.stage import StageError, execute
from jobs.rounds import consecutive_rounds
from jobs.runner import SparkOptions, SparkRun

A, B, C, D = (maths(f"https://m.org/{name}", n) for n, name in enumerate("abcd"))


@pytest.mark.spark
def test_the_last_round_counts_and_each_page_keeps_its_first_round(lake: Lake) -> None:
    publish_round(lake, RECALLED, 1, [recalled_row(p, 0.6) for p in (A, B)])
    publish_round(lake, RECALLED, 2, [recalled_row(p, 0.7) for p in (B, C)])
    publish_round(lake, RECALLED, 3, [recalled_row(p, 0.8) for p in (A, C, D)])
    run = execute(
        math_pages.STAGE, math_pages.MathPages(version=VERSION, parts=2), SparkOptions(lake=lake.root), SparkRun
    )
    rows = {r["url"]: r for r in lake.read_table(MATH_PAGES.at(VERSION)).to_pylist()}
    assert {url: r["round"] for url, r in rows.items()} == {A["url"]: 1, C["url"]: 2, D["url"]: 3}
    assert {r["score"] for r in rows.values()} == {0.8}
    assert run is not None and run.dropped == {"of_earlier_rounds": 4}
    assert (run.figures["rounds"], run.figures["saturated"]) == (3, False)


def test_no_rounds_and_gaps_are_refused(lake: Lake) -> None:
    with pytest.raises(StageError, match="holds rounds: none"):
        consecutive_rounds(lake, VERSION)
    publish_round(lake, RECALLED, 1, [recalled_row(A)])
    publish_round(lake, RECALLED, 2, [recalled_row(A)])
    publish_round(lake, RECALLED, 3, [recalled_row(A)])
    assert [a.part for a in consecutive_rounds(lake, VERSION)] == ["1", "2", "3"]
    lake.storage.delete(f"{RECALLED.at(VERSION, 2).folder}/_MANIFEST.json")
    with pytest.raises(StageError, match="holds rounds: 1, 3; they must run from 1 without a gap"):
        consecutive_rounds(lake, VERSION)


def test_a_round_made_from_another_one_before_is_refused(lake: Lake) -> None:
    publish_round(lake, RECALLED, 1, [recalled_row(A)])
    publish_round(lake, RECALLED, 2, [recalled_row(A)])
    again = lake.begin(RECALLED.at(VERSION, 1), Provenance("tests", {"keep_tokens": 1}, {}, {}), True)
    assert again is not None
    again.finish()
    with pytest.raises(
        StageError, match="round=2 was made from another recalled/t/round=1 .*make recall ROUND=2 VERSION=t ARGS=--rep"
    ):
        consecutive_rounds(lake, VERSION)
