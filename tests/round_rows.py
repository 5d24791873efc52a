"""Small crawls of mathematics and news, and the datasets of recall rounds, written straight into a lake."""

from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
from page_rows import VERSION, page

from jobs.domain_shares import expected_tokens, share_interval
from jobs.lake.catalog import Lake
from jobs.lake.datasets import RECALLED, Dataset
from jobs.lake.manifest import Provenance
from jobs.web.urls import registrable_domain

MATHS = "the lemma gives a proof of the theorem and the integral $\\int_0^1 f(x) dx$ has a sum over primes p"
NEWS = "the minister said that the market was open and the team won the match in the rain on Sunday"


def crawl_page(url: str, text: str) -> dict[str, Any]:
    return page(url, text, domain=registrable_domain(url))


def maths(url: str, number: int) -> dict[str, Any]:
    return crawl_page(url, f"{MATHS} theorem {number} " * 4)


def news(url: str, number: int) -> dict[str, Any]:
    return crawl_page(url, f"{NEWS} story {number} " * 4)


def recalled_row(of: dict[str, Any], score: float = 0.9, tokens: int = 10, new: bool = True) -> dict[str, Any]:
    return {**{k: of[k] for k in ("page_id", "url", "domain")}, "score": score, "tokens": tokens, "newly_recalled": new}


def approval(prefix: str, decision: str = "approve") -> dict[str, Any]:
    return {"prefix": prefix, "domain": prefix.split("/")[0], "decision": decision, "reviewer": "Ada",
            "decided_at": datetime(2026, 11, 22, tzinfo=UTC), "note": ""}  # fmt: skip


def domain_row(domain: str, *prefixes: dict[str, Any]) -> dict[str, Any]:
    """A mathematical domain; its figures are those of its first prefix."""
    figures = {k: v for k, v in prefixes[0].items() if k not in ("prefix", "samples")}
    return {"domain": domain, "tokens": 1, "mathematical": True, "prefixes": list(prefixes), **figures}


def prefix_row(prefix: str, pages: int, recalled: int, missed_tokens: int = 100) -> dict[str, Any]:
    low, high = share_interval(recalled, pages)
    return {"prefix": prefix, "pages": pages, "recalled": recalled, "share": recalled / pages, "share_low": low,
            "share_high": high, "missed_tokens": missed_tokens,
            "expected_tokens": expected_tokens(missed_tokens, recalled / pages),
            "samples": [f"https://{prefix}/{n}" for n in (1, 2)]}  # fmt: skip


def publish_round(lake: Lake, dataset: Dataset, round_number: int, rows: list[dict[str, Any]]) -> None:
    """A round's rows, made from the round before as far as the manifest says."""
    address = dataset.at(VERSION, round_number)
    if dataset is RECALLED and round_number > 1:
        before = dataset.at(VERSION, round_number - 1)
        made = lake.require(before, "tests")
        publication = lake.begin(address, Provenance("tests", {}, {str(before): made.fingerprint}, {}), True)
    else:
        publication = lake.begin(address, Provenance("tests", {}, {}, {}), True)
    assert publication is not None
    publication.write_table("part-00000.parquet", pa.Table.from_pylist(rows, dataset.schema))
    publication.finish()
