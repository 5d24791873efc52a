"""Score every page, rank by score, keep the best up to a token budget (paper 2.1, step 3).

    python -m jobs.recall --round 1 --keep-tokens 40_000_000_000

The budget alone cannot end the ranking of a small crawl: 40 B tokens would keep all of it. So a page must also be more
likely mathematics than not, which needs no labels to tell. The classifier learned from as many positives as negatives,
so its scores compare mathematics with the rest as if each were half of the crawl; the real share is estimated from all
scores, and the threshold follows it (`selection.mathematical_share`). Without that, rounds took in more and more of
what only resembles mathematics. `--min-probability 0` leaves the budget alone, as in the paper.

On purpose no scores of pages below the cut are kept: on Common Crawl they are 99.9% of all rows. `marginal.jsonl` lists
the nearest of them, and the nearest above it, for a person to judge whether the cut stands where mathematics ends.
`sample.jsonl` holds random pages of what was kept: judged, they tell its precision (`python -m jobs.judgements`).
"""

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from jobs import recalled_pages, rounds, runner
from jobs.lake.catalog import Lake
from jobs.lake.datasets import CLASSIFIER, RECALLED, Address
from jobs.lake.settings import SettingsError
from jobs.lake.stage import Stage, StageError
from jobs.page_scores import EMPTY_BIN, SCORED, model_digest, score_pages
from jobs.runner import SparkRun, SparkSettings
from jobs.selection import (
    SCORE_BINS,
    Cut,
    Ranked,
    budget_bin,
    cut_within,
    is_saturated,
    mathematical_share,
    new_share,
    score_at,
    strata_edges,
)
from jobs.text.linear_model import LINEAR

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

HISTOGRAM_BINS = 20


@dataclass(frozen=True)
class Recall(SparkSettings):
    """Rank all pages by the round's classifier and keep the best."""

    round: int = 1
    """Which round of recall this is."""
    keep_tokens: int = 40_000_000_000
    """Token budget: the ranking ends where the next page would exceed it (paper: 40 B in round 1)."""
    min_probability: float = 0.5
    """Pages that are less likely mathematics are not kept even where the budget has room; 0: the budget alone."""
    marginal: int = 20
    """So many pages on either side of the cut are listed in marginal.jsonl, the nearest to it."""
    sample: int = 20
    """So many random pages of each stratum of scores, at most five strata, are listed in sample.jsonl."""

    def __post_init__(self) -> None:
        rounds.check_round(self.round)
        if not 0 <= self.min_probability < 1:
            raise SettingsError(f"--min-probability {self.min_probability}: a probability from 0 up to 1")
        if self.keep_tokens < 1:
            raise SettingsError(f"--keep-tokens {self.keep_tokens}: keep at least one token")
        if self.marginal < 0:
            raise SettingsError(f"--marginal {self.marginal}: a number of pages, or 0 for none")
        if self.sample < 0:
            raise SettingsError(f"--sample {self.sample}: a number of pages, or 0 for none")


def reads(settings: Recall, lake: Lake) -> list[Address]:
    return [
        *rounds.crawled_pages(lake, settings.version),
        CLASSIFIER.at(settings.version, settings.round),
        *rounds.before(RECALLED, settings.version, settings.round),
    ]


def recall(settings: Recall, run: SparkRun) -> None:
    from pyspark.sql import functions as F

    run.count_in(rounds.count_pages(run, settings.version))
    model = CLASSIFIER.at(settings.version, settings.round)
    digest = model_digest(run, model)
    pages = rounds.read_pages(run, settings.version, ["page_id", "url", "domain", "text"])
    score = score_pages(run.lake.storage.uri, f"{model.folder}/{LINEAR}", digest)
    scored = pages.mapInArrow(score, SCORED).persist()  # read twice: to find the cut, and to apply it
    bins = scored.groupBy("bin").agg(F.count("*").alias("pages"), F.sum("tokens").alias("tokens")).collect()
    pages_by_bin = {r["bin"]: r["pages"] for r in bins}
    empty = pages_by_bin.pop(EMPTY_BIN, 0)
    floor = lowest_score(settings, run, pages_by_bin)
    cut = find_cut(settings, scored, {r["bin"]: r["tokens"] for r in bins}, floor)
    above = (F.col("score") > cut.score) | ((F.col("score") == cut.score) & (F.col("page_id") <= cut.page_id))
    ranked = scored.where(F.col("bin") != EMPTY_BIN).withColumn("kept", above)
    rows = run.write(RECALLED, mark_new(settings, run, ranked.where("kept")), key="page_id")
    run.drop("no_text", empty)
    run.drop("beyond_budget" if cut.binding else "less_likely", sum(pages_by_bin.values()) - rows)
    run.figure("model", {"file": f"{model}/{LINEAR}", "sha256": digest})
    run.figure("score_histogram", histogram(pages_by_bin))
    run.figure("threshold", cut.score)
    run.figure("budget_binding", cut.binding)
    tell(settings, run, strata_edges(pages_by_bin, cut.score, recalled_pages.STRATA))
    write_marginal(settings, run, ranked)


def lowest_score(settings: Recall, run: SparkRun, pages_by_bin: dict[int, int]) -> float:
    """The score at which a page is as likely mathematics as `min_probability` asks."""
    share = mathematical_share(pages_by_bin)
    run.figure("estimated_share", share)
    return score_at(settings.min_probability, share)


def find_cut(settings: Recall, scored: "DataFrame", tokens_by_bin: dict[int, int], floor: float) -> Cut:
    """Where the ranking ends. The first pass found the bin of scores in which the budget runs out; only that bin's
    pages are sorted, so the cut is exact and no full sort of the crawl is needed."""
    from pyspark.sql import functions as F

    found = budget_bin(tokens_by_bin, settings.keep_tokens)
    if found is None:
        return Cut.at_score(floor)
    index, left = found
    rows = scored.where(F.col("bin") == index).select("score", "page_id", "tokens").collect()
    cut = cut_within((Ranked(r["score"], r["page_id"], r["tokens"]) for r in rows), left)
    return cut if cut.score >= floor else Cut.at_score(floor)


def mark_new(settings: Recall, run: SparkRun, kept: "DataFrame") -> "DataFrame":
    """Kept pages with a flag: not kept in the round before."""
    from pyspark.sql import functions as F

    earlier = rounds.before(RECALLED, settings.version, settings.round)
    if not earlier:
        return kept.withColumn("newly_recalled", F.lit(True))
    known = run.read(*earlier, columns=["page_id"]).withColumn("known", F.lit(True))
    return kept.join(known, "page_id", "left").withColumn("newly_recalled", F.col("known").isNull())


def write_marginal(settings: Recall, run: SparkRun, ranked: "DataFrame") -> None:
    """The pages nearest to the cut, best first: a line of JSON for each, with `kept` true above it."""
    from pyspark.sql import functions as F

    columns = ["kept", "score", "url", "domain", "tokens", "page_id"]
    pages = ranked.select(*columns)
    above = pages.where("kept").orderBy("score", F.desc("page_id")).limit(settings.marginal).collect()
    below = pages.where("NOT kept").orderBy(F.desc("score"), "page_id").limit(settings.marginal).collect()
    lines = [json.dumps(row.asDict()) + "\n" for row in (*above[::-1], *below)]
    run.output(RECALLED).write(recalled_pages.MARGINAL, "".join(lines).encode())


def histogram(pages_by_bin: dict[int, int]) -> list[int]:
    """Pages by score in equal bins from 0 to 1."""
    width = SCORE_BINS // HISTOGRAM_BINS
    counts = [0] * HISTOGRAM_BINS
    for index, pages in pages_by_bin.items():
        counts[index // width] += pages
    return counts


def tell(settings: Recall, run: SparkRun, edges: list[int]) -> None:
    """Figures on what is kept and what of it is new, and a sample to judge, from what was written. Raises StageError
    where nothing is kept."""
    kept = recalled_pages.count(run.output(RECALLED), edges)
    if not kept.pages:
        raise StageError(
            f"{run.name}: no page scores {run.figures['threshold']:.4f} or more within {settings.keep_tokens:,} tokens;"
            f" look at held_out in the manifest of {CLASSIFIER.at(settings.version, settings.round)}, lower "
            "--min-probability or raise --keep-tokens"
        )
    new_pages, new_tokens = kept.new_pages.total(), kept.new_tokens.total()
    share = new_share(kept.tokens, new_tokens)
    saturated = is_saturated(settings.round, share)
    for name, value in (("pages", kept.pages), ("tokens", kept.tokens), ("new_pages", new_pages),
                        ("new_tokens", new_tokens), ("new_share", share), ("known_share", 1 - share),
                        ("saturated", saturated), ("domains_gained", kept.gained())):  # fmt: skip
        run.figure(name, value)
    end = "; saturated" if saturated else ""
    run.log(f"kept {kept.pages:,} pages, {kept.tokens:,} tokens; new {new_pages:,} pages, {share:.1%} of tokens{end}")
    chosen = recalled_pages.sample(run.output(RECALLED), edges, kept, settings.sample)
    run.output(RECALLED).write(recalled_pages.SAMPLE, recalled_pages.as_lines(chosen))


STAGE = Stage(Recall, recall, writes=lambda s: [RECALLED.at(s.version, s.round)], reads=reads)

if __name__ == "__main__":
    runner.run(STAGE)
