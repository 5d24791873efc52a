"""The mathematical pages of a version that goes on from another: the base's, and what its last classifier finds in the
crawls that came since. Nothing of the base is scored again, and no text of its crawls is read.

The base's threshold stands. A page that left the crawl, or is no longer mathematical, stays with the text it had; what
its newer text replaces is deduplication's business. After some refreshes the rounds are worth running again.
"""

from typing import TYPE_CHECKING, NamedTuple

from jobs import spark_tables
from jobs.lake.catalog import Lake
from jobs.lake.datasets import CLASSIFIER, MATH_PAGES, PAGES, RECALLED, SIGNATURES, Address
from jobs.lake.stage import StageError
from jobs.page_frames import pages_of
from jobs.page_scores import EMPTY_BIN, SCORED, model_digest, score_pages
from jobs.removed_pages import without_removed
from jobs.runner import SparkRun
from jobs.text.linear_model import LINEAR
from jobs.versions import bases_of

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

COLUMNS = ("page_id", "url", "domain", "score", "tokens", "round")


class Standing(NamedTuple):
    """What a base has decided."""

    pages: Address
    signatures: Address
    """Every mathematical page of the base by URL and payload: what is known already."""
    classifier: Address
    recalled: Address
    """The last round: its threshold."""


def standing(lake: Lake, version: str, base: str) -> Standing:
    """Raises StageError where the version has rounds of its own, or the base cannot be gone on from."""
    if lake.finished(RECALLED, version):
        raise StageError(
            f"math_pages: recalled/{version} holds rounds of its own; leave out --base, or name another version"
        )
    with_rounds = [base, *bases_of(lake, base)][-1]
    rounds = lake.finished(RECALLED, with_rounds)
    if not rounds:
        raise StageError(f"math_pages: --base {base}: there are no rounds in recalled/{with_rounds} to go on from")
    last = rounds[-1]
    return Standing(MATH_PAGES.at(base), SIGNATURES.at(base), CLASSIFIER.at(with_rounds, last.part), last)


def refreshed_pages(run: SparkRun, base: Standing, version: str) -> "DataFrame":
    """Rows of MATH_PAGES; counts what was carried over, left out and scored."""
    from pyspark.sql import functions as f

    carried = without_removed(run, run.read(base.pages)).select(*COLUMNS)
    count = carried.count()
    run.drop("removed", run.input(base.pages).rows - count)
    run.figure("carried_pages", count)
    run.figure("rounds", int(base.recalled.part))
    run.figure("saturated", run.input(base.pages).figures.get("saturated"))
    crawls = run.lake.finished(PAGES, version)
    if not crawls:
        run.log(f"no crawl came with version {version}: the pages of {base.pages} without what has left")
        return carried
    threshold = run.input(base.recalled).figures["threshold"]
    scored = score_new(run, base, crawls).persist()  # read twice: counted, and cut
    counts = scored.agg(
        f.count("page_id").alias("pages"), f.count_if(f.col("bin") == EMPTY_BIN).alias("empty")
    ).first()  # fmt: skip
    assert counts is not None, "an aggregate over all rows has one row"
    new = scored.where((f.col("bin") != EMPTY_BIN) & (f.col("score") >= f.lit(threshold)))
    kept = new.count()
    run.drop("no_text", counts["empty"])
    run.drop("less_likely", counts["pages"] - counts["empty"] - kept)
    run.figure("scored_pages", counts["pages"])
    run.figure("new_pages", kept)
    run.figure("threshold", threshold)
    run.log(f"{counts['pages']:,} pages scored, {kept:,} of them are new")
    found = new.withColumn("round", f.lit(int(base.recalled.part)).cast("long"))
    return carried.unionByName(found.select(*COLUMNS))


def score_new(run: SparkRun, base: Standing, crawls: list[Address]) -> "DataFrame":
    """The scores of pages whose record (URL and payload) is no mathematical page of the base."""
    run.count_in(sum(run.input(a).rows for a in crawls))
    listed = pages_of(run, crawls, ["url", "content_digest"])
    signatures = spark_tables.read(run.spark, run.lake, [base.signatures], [run.input(base.signatures)])
    known = signatures.select("url", "content_digest").distinct()
    unchanged = listed.join(known, ["url", "content_digest"], "left_semi").select("page_id").persist()
    run.drop("unchanged", unchanged.count())
    run.drop("removed_or_repeated", sum(run.input(a).rows for a in crawls) - listed.count())
    digest = model_digest(run, base.classifier)
    run.figure("model", {"file": f"{base.classifier}/{LINEAR}", "sha256": digest})
    pages = pages_of(run, crawls, ["url", "domain", "text"]).join(unchanged, "page_id", "left_anti")
    score = score_pages(run.lake.storage.uri, f"{base.classifier.folder}/{LINEAR}", digest)
    return pages.mapInArrow(score, SCORED)
