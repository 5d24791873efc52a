"""Positive and negative examples for a round's classifier (paper 2.1, step 1 and 4).

    python -m jobs.seeds --round 1 --seeds openwebmath.jsonl.gz
    python -m jobs.seeds --round 2

Round 1: positives are the seed corpus, negatives random pages of the crawl that hold no formula. Later rounds: the
positives of the round before and the pages under approved prefixes; negatives are drawn again among pages that no round
recalled. Where more rows are there than are wanted, those taken are balanced over domains.

Two things differ from the paper. It takes any random page as a negative; but a page with formulas is likely mathematics
that waits to be found, and must not be taught as its opposite. And of the pages under approved prefixes it says that
those join which were not recalled; here the recalled ones join too, since the others alone show a site's fringe: with
those alone each round took in more pages without a formula.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields
from functools import reduce
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from jobs import rounds, runner
from jobs.decisions import APPROVE, decided_prefix, read_standing
from jobs.lake import tables
from jobs.lake.catalog import Lake
from jobs.lake.datasets import APPROVALS, RECALLED, SAMPLE, SEEDS, Address
from jobs.lake.settings import Location
from jobs.lake.stage import Stage, StageError, sampled_digest
from jobs.removed_pages import seeds_without_removed
from jobs.runner import SparkRun, SparkSettings
from jobs.seed_choice import (
    APPROVED,
    FROM_APPROVED,
    FROM_FILE,
    KNOWN,
    MATH,
    RANDOM,
    Candidate,
    Example,
    Known,
    candidate,
    choose_examples,
)
from jobs.seed_files import SeedRow, read_seeds, seed_paths
from jobs.text.hashing import DRAW_BITS
from jobs.web.urls import canonical_url

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

SAMPLE_SEEDS = "seeds.jsonl.gz"
PAPER_EXAMPLES = 500_000  # of either kind (paper 2.1)
SPARE = 2  # random pages drawn for each negative wanted: some are seeds, hold formulas or were recalled
CANDIDATES = "page_id string, canonical string, domain string, draw long, kind string, origin string"
PAGE = ("page_id", "url", "domain", "formulas_kept")  # what decides on a page, in the order of candidate()
OUTSIDE_TABLE = "outside-crawl.parquet"  # seeds whose pages are not in the crawl


@dataclass(frozen=True)
class Seeds(SparkSettings):
    """Draw the examples that a round's classifier learns from."""

    round: int = 1
    """Which round of recall the examples are for."""
    seeds: Location = "sample"
    """Seed corpus for round 1: a .jsonl, .jsonl.gz or .parquet file with url and text, a folder of them, or 'sample'
    for the sample crawl's. Later rounds build on the round before and do not read it."""
    positives: int = PAPER_EXAMPLES
    """At most so many rows of the seed corpus, drawn at random and balanced over domains (paper: 500,000)."""
    approved: int = PAPER_EXAMPLES
    """At most so many pages under approved prefixes join in a round, drawn at random and balanced over domains."""
    negatives: int = PAPER_EXAMPLES
    """At most so many random pages of the crawl, and never more than there are positives (paper: 500,000 of each)."""
    seed: int = 0
    """Another number draws other random rows."""

    def __post_init__(self) -> None:
        rounds.check_round(self.round)


def reads(settings: Seeds, lake: Lake) -> list[Address]:
    pages = rounds.crawled_pages(lake, settings.version)
    if settings.round == 1:
        return pages + ([SAMPLE.at(settings.version)] if settings.seeds == "sample" else [])
    return [
        *pages,
        *rounds.before(SEEDS, settings.version, settings.round),
        *rounds.all_before(RECALLED, settings.version, settings.round),
        *rounds.all_before(APPROVALS, settings.version, settings.round),
    ]


def sources(settings: Seeds) -> dict[str, str]:
    if settings.round > 1 or settings.seeds == "sample":
        return {}
    return {"seeds": sampled_digest(seed_paths(settings.seeds))}


def seeds(settings: Seeds, run: SparkRun) -> None:
    known, outside = first_positives(settings, run) if settings.round == 1 else earlier_positives(settings, run)
    candidates = find_candidates(settings, run, known)
    outside = seeds_without_removed(run, _without(outside, {c.canonical for c in candidates}))
    examples = choose_examples(candidates, outside.num_rows, settings.negatives)
    report(run, examples, outside.num_rows)
    pages = rounds.read_pages(run, settings.version, ["page_id", "url", "text"])
    run.write(SEEDS, pages.join(_frame(run, examples), "page_id"), key="page_id")
    if outside.num_rows:
        run.output(SEEDS).write_table(OUTSIDE_TABLE, outside)


def first_positives(settings: Seeds, run: SparkRun) -> tuple[Known, pa.Table]:
    """Round 1: the seed corpus, and all of it as examples from outside the crawl."""
    rows = _seed_rows(settings, run)
    columns = {"page_id": [""] * len(rows), "url": [r.url for r in rows], "text": [r.text for r in rows],
               "label": [MATH] * len(rows), "origin": [FROM_FILE] * len(rows)}  # fmt: skip
    return Known(frozenset(r.canonical for r in rows), {}, {}), pa.table(columns, schema=SEEDS.schema)


def _seed_rows(settings: Seeds, run: SparkRun) -> list[SeedRow]:
    seed = f"{settings.seed}/seed file"
    if settings.seeds == "sample":
        with run.lake.storage.local_copy(f"{SAMPLE.at(settings.version).folder}/{SAMPLE_SEEDS}") as path:
            rows, left_out = read_seeds([Path(path)], settings.positives, seed)
    else:
        rows, left_out = read_seeds(seed_paths(settings.seeds), settings.positives, seed)
    run.count_in(len(rows) + sum(left_out.values()))
    for reason, count in sorted(left_out.items()):
        run.drop(f"seed_{reason}", count)
    return rows


def earlier_positives(settings: Seeds, run: SparkRun) -> tuple[Known, pa.Table]:
    """Round n: the positives of round n - 1, and of those the examples from outside the crawl.

    A page that joined under a prefix which has since been rejected, or whose approval was undone, is none any more.
    """
    (address,) = rounds.before(SEEDS, settings.version, settings.round)
    decisions = decisions_before(settings, run)
    addresses: set[str] = set()
    origins: dict[str, str] = {}
    outside = [tables.SEEDS.empty_table()]
    for batch in run.lake.read_batches(address):
        positives = pa.Table.from_batches([batch]).filter(pc.equal(batch["label"], MATH))
        for row in positives.select(["page_id", "url", "origin"]).to_pylist():
            if row["origin"].startswith(FROM_APPROVED) and not decided_prefix(row["url"], decisions):
                run.drop("no_longer_approved")
                continue
            addresses.add(canonical_url(row["url"]) or row["url"])
            if row["page_id"]:
                origins[row["page_id"]] = row["origin"]
        outside.append(positives.filter(pc.equal(positives["page_id"], "")))
    run.count_in(sum(table.num_rows for table in outside))
    return Known(frozenset(addresses), origins, decisions), pa.concat_tables(outside)


def decisions_before(settings: Seeds, run: SparkRun) -> dict[str, bool]:
    """Prefix -> approved, of the decisions that stand after all rounds before."""
    standing = read_standing(run.lake, rounds.all_before(APPROVALS, settings.version, settings.round))
    return {prefix: found.decision == APPROVE for prefix, found in standing.items()}


def find_candidates(settings: Seeds, run: SparkRun, known: Known) -> list[Candidate]:
    """The pages that may become examples: all that are known, so many as may join under approved prefixes, and a sample
    of the crawl a little larger than needed, so that the choice fits in this process whatever the size of the crawl."""
    total = rounds.count_pages(run, settings.version)
    wanted = SPARE * min(settings.negatives, len(known.addresses) + settings.approved)
    below = (1 << DRAW_BITS) * min(wanted, total) // max(1, total)
    pages = rounds.read_pages(run, settings.version, PAGE)
    run.count_in(total)
    frame = pages.mapInArrow(find_in_batches(known, f"{settings.seed}/{settings.round}", below), CANDIDATES)
    recalled = rounds.all_before(RECALLED, settings.version, settings.round)
    if recalled:
        frame = _balanced(_drop_recalled(run, frame, recalled), settings.approved)
    return [Candidate(**row) for row in frame.toArrow().to_pylist()]


def find_in_batches(
    known: Known, seed: str, below: int
) -> Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    """Pages -> those that may become examples."""
    names = [f.name for f in fields(Candidate)]

    def find(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            ids, urls, domains, formulas = (batch.column(c).to_pylist() for c in PAGE)
            pages = zip(ids, urls, domains, formulas, strict=True)
            found = [c for i, u, d, f in pages if (c := candidate(i, u, d, f, known, seed, below))]
            columns = [[getattr(c, name) for c in found] for name in names]
            kinds = [pa.int64() if name == "draw" else pa.string() for name in names]
            arrays = [pa.array(column, kind) for column, kind in zip(columns, kinds, strict=True)]
            yield pa.RecordBatch.from_arrays(arrays, names=names)

    return find


def _drop_recalled(run: SparkRun, candidates: "DataFrame", recalled: Sequence[Address]) -> "DataFrame":
    """Drop random pages that any earlier round recalled.

    That goes beyond the paper: a recalled page is more likely mathematics than a random one, and as a negative it would
    teach the opposite. On the whole web that is one page in a thousand; in a small crawl it is one in four.
    """
    from pyspark.sql import functions as F

    # Read one by one: pages of several rounds are the same pages.
    frames = [run.read(a, columns=["page_id"]) for a in recalled]
    known = reduce(lambda one, other: one.unionByName(other), frames).distinct().withColumn("known", F.lit(True))
    keep = (F.col("kind") != RANDOM) | F.col("known").isNull()
    return candidates.join(known, "page_id", "left").where(keep).drop("known")


def _balanced(candidates: "DataFrame", at_most: int) -> "DataFrame":
    """Drop pages under approved prefixes beyond `at_most`, balanced over domains.

    They join in turns: no domain gives another page while one that has pages left has given fewer, counting those that
    are positives already. In the order of draws alone a few large sites would be most of them.
    """
    from pyspark.sql import Window
    from pyspark.sql import functions as F

    candidates = candidates.persist()  # read twice
    joining = F.col("kind") == APPROVED
    turns = Window.partitionBy("domain").orderBy(joining, "draw", "page_id")  # those that are positives come first
    by_turn = candidates.where(F.col("kind").isin(KNOWN, APPROVED)).withColumn("turn", F.row_number().over(turns))
    joined = by_turn.where(joining).orderBy("turn", "draw", "page_id").limit(at_most).drop("turn")
    return candidates.where(~joining).unionByName(joined)


def _without(outside: pa.Table, found: set[str]) -> pa.Table:
    """Seeds that are not in the crawl. A seed whose page is there stands for that page, so that the classifier learns
    from our own text of it: what another tool's extraction leaves behind must not tell positives from negatives."""
    keep = [(canonical_url(url) or url) not in found for url in outside["url"].to_pylist()]
    return outside.filter(pa.array(keep, pa.bool_()))


def _frame(run: SparkRun, examples: list[Example]) -> "DataFrame":
    """The chosen examples, small beside the pages, so they go to the pages and not the pages to them."""
    from pyspark.sql import functions as F

    columns = {f.name: pa.array([getattr(e, f.name) for e in examples], pa.string()) for f in fields(Example)}
    return F.broadcast(run.spark.createDataFrame(pa.table(columns)))


def report(run: SparkRun, examples: list[Example], outside: int) -> None:
    """Counts for the manifest, and where they differ from the paper's. Raises StageError without negatives."""
    positives = outside + sum(e.label == MATH for e in examples)
    negatives = sum(e.label != MATH for e in examples)
    if not negatives:
        raise StageError(
            f"{run.name}: no page of the crawl is left to serve as a negative example: all are seeds or were recalled; "
            "add a crawl with other pages (make pages CRAWL=...)"
        )
    deviations = [
        f"{count:,} {kind} instead of {PAPER_EXAMPLES:,}"
        for kind, count in (("positives", positives), ("negatives", negatives))
        if count != PAPER_EXAMPLES
    ]
    run.figure("positives", positives)
    run.figure("negatives", negatives)
    run.figure("positives_outside_crawl", outside)
    run.figure("positives_approved", sum(e.origin != FROM_FILE and e.label == MATH for e in examples))
    run.figure("deviations", list(deviations))
    run.log(f"{positives:,} positives ({outside:,} not in the crawl), {negatives:,} negatives")
    for line in deviations:
        run.log(f"differs from the paper: {line}")


STAGE = Stage(Seeds, seeds, writes=lambda s: [SEEDS.at(s.version, s.round)], reads=reads, sources=sources)

if __name__ == "__main__":
    runner.run(STAGE)
