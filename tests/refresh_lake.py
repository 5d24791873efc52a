"""A small web, crawled twice, and the stages that make corpora of it: for tests of refreshes and removals."""

import atexit
import hashlib
import json
import shutil
import tempfile
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from page_rows import page, prose

from jobs import decontaminate, dedup, math_pages
from jobs.lake.catalog import Lake
from jobs.lake.datasets import CLASSIFIER, PAGES, RECALLED, Address
from jobs.lake.manifest import Provenance
from jobs.lake.stage import Stage, execute
from jobs.runner import SparkOptions, SparkRun
from jobs.text.linear_model import LINEAR, write_linear
from jobs.web.urls import registrable_domain

OLD, NEW = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 9, 1, tzinfo=UTC)
QUESTION = "A farmer has twelve hens and each hen lays five eggs every single week of the year."
MARK = "zyxomma"
"""A word of the domain that leaves, and of no other."""


def fetched(url: str, text: str, when: datetime = OLD, **changed: Any) -> dict[str, Any]:
    """A page of which time and payload make the id, as in a crawl."""
    payload = hashlib.sha1(text.encode()).hexdigest()
    name = hashlib.sha256(f"{url}{when}{payload}".encode()).hexdigest()[:16]
    return page(
        url, text, page_id=name, domain=registrable_domain(url), fetched_at=when, content_digest=payload, **changed
    )


def news(url: str, subject: str, when: datetime = OLD) -> dict[str, Any]:
    return fetched(url, f"The minister opened the {subject} on Sunday. " * 8, when)


GROUP, RING = fetched("https://a.org/group", prose("group")), fetched("https://a.org/ring", prose("ring"))
LEAVER = fetched("https://www.leaver.org/1", prose("octagon"), formulas_kept=5)
MIRROR = fetched("https://mirror.org/1", prose("octagon"))
QUIZ = fetched("https://c.org/quiz", f"{prose('quiz')}\n\n{QUESTION}")
FIRST_MATHS = [
    GROUP, RING, LEAVER, MIRROR, fetched("https://leaver.org/2", prose(MARK)), QUIZ,
]  # fmt: skip
FIRST = [*FIRST_MATHS, news("https://n.org/1", "market"), news("https://sub.leaver.org/news", MARK)]

UNCHANGED = fetched(GROUP["url"], GROUP["text"], NEW)
CHANGED = fetched("https://a.org/ring/", prose("field"), NEW)
COPY = fetched("https://e.org/copy", prose("group"), NEW, formulas_kept=3)
ADDED = fetched("https://d.org/new", prose("matroid"), NEW)
SECOND_QUIZ = fetched("https://d.org/quiz", f"{prose('riddle')}\n\n{QUESTION}", NEW)
SECOND = [UNCHANGED, CHANGED, COPY, ADDED, SECOND_QUIZ, news("https://n.org/2", "bridge", NEW)]


def publish_rows(
    lake: Lake, address: Address, rows: list[dict[str, Any]], inputs: dict[str, str] | None = None, base: str = "",
    **figures: Any,
) -> None:  # fmt: skip
    publication = lake.begin(address, Provenance("tests", {"base": base}, inputs or {}, {}))
    assert publication is not None
    publication.write_table("part-00000.parquet", pa.Table.from_pylist(rows, address.dataset.schema))
    publication.finish(figures=figures)


def publish_round(lake: Lake, version: str, kept: list[dict[str, Any]], folder: Path) -> None:
    """A round whose classifier knows two words."""
    write_linear(folder / LINEAR, [b"lemma", b"minister"], np.array([9, -9], np.float32), 1)
    publication = lake.begin(CLASSIFIER.at(version, 1), Provenance("tests", {}, {}, {}))
    assert publication is not None
    publication.put(LINEAR, str(folder / LINEAR))
    publication.finish()
    rows = [
        {**{k: p[k] for k in ("page_id", "url", "domain")}, "score": 0.9, "tokens": 500, "newly_recalled": True}
        for p in kept
    ]
    publish_rows(lake, RECALLED.at(version, 1), rows, threshold=0.5, saturated=True)


def benchmarks(folder: Path) -> str:
    (folder / "bench").mkdir(exist_ok=True)
    (folder / "bench" / "b.jsonl").write_text(json.dumps({"question": QUESTION, "answer": "60"}) + "\n")
    return str(folder / "bench")


def run(lake: Lake, stage: Stage, **settings: Any) -> SparkRun:
    """One stage, in two parts; it must not stand there finished."""
    made = stage.settings(parts=2, **settings) if stage.module != "jobs.tokenizer" else stage.settings(**settings)
    done = execute(stage, made, SparkOptions(lake=lake.root, master="local[2]"), SparkRun)
    assert isinstance(done, SparkRun)
    return done


def corpus_of(lake: Lake, version: str, folder: Path, base: str = "") -> tuple[SparkRun, SparkRun, SparkRun]:
    """math_pages, dedup and decontaminate."""
    return (
        run(lake, math_pages.STAGE, version=version, base=base),
        run(lake, dedup.STAGE, version=version),
        run(lake, decontaminate.STAGE, version=version, benchmarks=benchmarks(folder)),
    )


def first_corpus(folder: Path) -> Lake:
    """Version v1: the first crawl, one round, the corpus; a copy, as building it takes long."""
    lake = Lake(str(folder / "lake"))
    shutil.copytree(built_first_corpus(), lake.root)
    benchmarks(folder)
    return lake


@cache
def built_first_corpus() -> str:
    folder = Path(tempfile.mkdtemp(prefix="first-corpus-"))
    atexit.register(shutil.rmtree, folder)
    lake = Lake(str(folder / "lake"))
    publish_rows(lake, PAGES.at("v1", "one"), FIRST)
    publish_round(lake, "v1", FIRST_MATHS, folder)
    corpus_of(lake, "v1", folder)
    return lake.root
