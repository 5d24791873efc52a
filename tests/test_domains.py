"""Domains: shares, tokens and prefixes are counted from the pages themselves; only mathematical ones are unfolded."""

from typing import Any

import pytest
from page_rows import VERSION, publish_pages
from round_rows import maths, news, publish_round, recalled_row

from jobs import domains
from jobs.domain_shares import share_interval
from jobs.lake.catalog import Lake
from jobs.lake.datasets import DOMAINS, RECALLED
from jobs.lake.stage import execute
from jobs.runner import SparkOptions, SparkRun
from jobs.text.normalise import count_tokens

WIKI = [maths(f"https://wiki.example.org/maths/{n}", n) for n in range(6)]
TALK = [news(f"https://wiki.example.org/talk/{n}", n) for n in range(6)]
PAPER = [news(f"https://paper.com/{n}", n) for n in range(10)]
ADA, BOB = maths("https://ada.github.io/x", 1), news("https://bob.github.io/x", 2)


def run_domains(lake: Lake, **changed: Any) -> SparkRun:
    settings = domains.Domains(version=VERSION, parts=2, **changed)
    run = execute(domains.STAGE, settings, SparkOptions(lake=lake.root, replace=True), SparkRun)
    assert isinstance(run, SparkRun)
    return run


@pytest.mark.spark
def test_domains_are_counted_judged_and_unfolded(lake: Lake) -> None:
    publish_pages(lake, "one", [*WIKI, *TALK, *PAPER, ADA, BOB])
    publish_round(lake, RECALLED, 1, [recalled_row(p) for p in (*WIKI[1:], TALK[0], PAPER[0], ADA)])
    run = run_domains(lake)
    rows = {r["domain"]: r for r in lake.read_table(DOMAINS.at(VERSION, 1)).to_pylist()}
    wiki, paper = rows["example.org"], rows["paper.com"]
    assert (wiki["pages"], wiki["recalled"], wiki["share"], wiki["mathematical"]) == (12, 6, 0.5, True)
    assert wiki["tokens"] == sum(count_tokens(p["text"]) for p in (*WIKI[1:], TALK[0]))
    assert wiki["missed_tokens"] == sum(count_tokens(p["text"]) for p in (WIKI[0], *TALK[1:]))
    missed = {"": wiki["missed_tokens"], "/maths": count_tokens(WIKI[0]["text"]),
              "/talk": sum(count_tokens(p["text"]) for p in TALK[1:])}  # fmt: skip
    listed = [("", 12, 6), ("/maths", 6, 5), ("/talk", 6, 1)]
    assert [(p["prefix"], p["pages"], p["recalled"], p["missed_tokens"]) for p in wiki["prefixes"]] == [
        (f"wiki.example.org{path}", pages, recalled, missed[path]) for path, pages, recalled in listed
    ]
    assert [p["expected_tokens"] for p in wiki["prefixes"]] == [
        round(missed[path] * recalled / pages) for path, pages, recalled in listed
    ]
    assert wiki["expected_tokens"] == round(wiki["missed_tokens"] * 0.5)
    for found in (wiki, *wiki["prefixes"]):
        assert (found["share_low"], found["share_high"]) == share_interval(found["recalled"], found["pages"])
    assert wiki["prefixes"][1]["samples"][0] == WIKI[0]["url"], "what would join the seed is shown first"
    assert (paper["share"], paper["mathematical"], paper["prefixes"]) == (0.1, False, [])
    assert rows["ada.github.io"]["share"] == 1.0 and not rows["ada.github.io"]["mathematical"], "one page is no share"
    assert rows["bob.github.io"]["recalled"] == 0
    assert (run.figures["domains"], run.figures["mathematical"], run.figures["candidates"]) == (4, 1, 3)
    files = lake.require(DOMAINS.at(VERSION, 1), "test").files
    run_domains(lake)
    assert lake.require(DOMAINS.at(VERSION, 1), "test").files == files


@pytest.mark.spark
def test_thresholds_are_settings(lake: Lake) -> None:
    publish_pages(lake, "one", [*PAPER, ADA])
    publish_round(lake, RECALLED, 1, [recalled_row(p) for p in (PAPER[0], ADA)])
    assert run_domains(lake, above_share=0.05, min_pages=1).figures["mathematical"] == 2
