"""What a round of recall kept, told from the rows it wrote: totals, domains gained, and a sample to judge.

recalled/VERSION/round=N/sample.jsonl     pages of each stratum of scores, drawn at random: jobs.judgements
"""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field

import pyarrow as pa
import pyarrow.compute as pc

from jobs import written_rows
from jobs.lake.catalog import Publication
from jobs.row_samples import id_bound
from jobs.selection import score_bin

SAMPLE, MARGINAL = "sample.jsonl", "marginal.jsonl"
STRATA = 5
GAINED = 10  # domains named
SPARE = 8  # pages looked at for each that is wanted: strata are equal but for chance
COLUMNS = ("page_id", "url", "domain", "score", "tokens", "newly_recalled")


@dataclass(frozen=True)
class ToJudge:
    """A line of sample.jsonl: a page that stands for the pages of its stratum."""

    stratum: int
    """1: the lowest scores kept."""
    stratum_pages: int
    score: float
    url: str
    domain: str
    tokens: int
    page_id: str


@dataclass
class Kept:
    """Counts over the pages kept."""

    pages: int = 0
    tokens: int = 0
    new_pages: Counter[str] = field(default_factory=Counter)
    """Domain -> pages that the round before did not keep."""
    new_tokens: Counter[str] = field(default_factory=Counter)
    stratum_pages: Counter[int] = field(default_factory=Counter)

    def gained(self) -> list[dict[str, object]]:
        """The domains with most new tokens."""
        most = sorted(self.new_tokens.items(), key=lambda item: (-item[1], item[0]))[:GAINED]
        return [{"domain": d, "new_pages": self.new_pages[d], "new_tokens": tokens} for d, tokens in most]


def count(publication: Publication, edges: Sequence[int]) -> Kept:
    """Totals of what was written. edges: where strata begin, as bins of scores (jobs.selection.strata_edges)."""
    kept = Kept()
    for batch in written_rows.read(publication, COLUMNS):
        kept.pages += batch.num_rows
        kept.tokens += pc.sum(batch["tokens"]).as_py() or 0
        kept.stratum_pages.update(stratum(score, edges) for score in batch["score"].to_pylist())
        new = pa.Table.from_batches([batch.filter(batch["newly_recalled"])])
        for row in new.group_by("domain").aggregate([("tokens", "sum"), ("tokens", "count")]).to_pylist():
            kept.new_tokens[row["domain"]] += row["tokens_sum"]
            kept.new_pages[row["domain"]] += row["tokens_count"]
    return kept


def stratum(score: float, edges: Sequence[int]) -> int:
    """From 1, the lowest scores."""
    return 1 + sum(score_bin(score) >= edge for edge in edges)


def sample(publication: Publication, edges: Sequence[int], kept: Kept, each: int) -> list[ToJudge]:
    """At most `each` pages of every stratum, the lowest stratum first.

    Those with the smallest page ids, which are random, so that the next round's sample holds many of the same pages and
    what was judged need not be judged again.
    """
    bound = id_bound(kept.pages, each * STRATA * SPARE)
    rows: list[ToJudge] = []
    for batch in written_rows.read(publication, COLUMNS):
        for row in batch.filter(pc.less(batch["page_id"], bound)).to_pylist():
            number = stratum(row["score"], edges)
            del row["newly_recalled"]
            rows.append(ToJudge(number, kept.stratum_pages[number], **row))
    rows.sort(key=lambda r: (r.stratum, r.page_id))
    taken: Counter[int] = Counter()
    chosen = []
    for page in rows:
        taken[page.stratum] += 1
        if taken[page.stratum] <= each:
            chosen.append(page)
    return chosen


def as_lines(pages: Sequence[ToJudge]) -> bytes:
    return "".join(json.dumps(asdict(page)) + "\n" for page in pages).encode()
