"""Which page of a set of duplicates stays, and why. Pure rules; `jobs.dedup` brings the pages together."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Candidate:
    """A page as the choice sees it."""

    page_id: str
    formulas: int
    """Formulas that its text kept."""
    chars: int

    @property
    def rank(self) -> tuple[int, int, str]:
        """Smaller is better: most formulas kept, then the longest text, then the smallest page_id."""
        return (-self.formulas, -self.chars, self.page_id)


@dataclass(frozen=True)
class Edge:
    """Two pages whose Jaccard similarity was computed and reaches the threshold."""

    one: Candidate
    other: Candidate
    similarity: float


@dataclass(frozen=True)
class Verdict:
    """What becomes of a page that is like another."""

    page_id: str
    cluster: str
    """The survivor's page_id."""
    similarity: float
    """To the survivor; 1 for the survivor itself."""
    reason: str


def choose_survivors(edges: Iterable[Edge]) -> list[Verdict]:
    """A verdict for every page that has an edge, by page_id.

    Pages are taken from best to worst; a page joins the survivor that it is itself most similar to, and survives where
    it is like none. So nothing is chained: A ~ B ~ C with A unlike C keeps A and C where B is not the best, and
    every page that goes is like one that stays.
    """
    pages: dict[str, Candidate] = {}
    beside: dict[str, dict[str, float]] = defaultdict(dict)
    for edge in edges:
        for one, other in ((edge.one, edge.other), (edge.other, edge.one)):
            pages[one.page_id] = one
            beside[one.page_id][other.page_id] = edge.similarity
    joined: dict[str, str] = {}
    members: dict[str, list[Candidate]] = defaultdict(list)
    for page in sorted(pages.values(), key=lambda p: p.rank):
        survivors = [other for other in beside[page.page_id] if joined.get(other) == other]
        best = min(survivors, key=lambda s: (-beside[page.page_id][s], pages[s].rank), default=page.page_id)
        joined[page.page_id] = best
        members[best].append(page)
    return [
        Verdict(p, s, 1.0, why_it_stays(members[s])) if p == s else Verdict(p, s, beside[p][s], "near_duplicate")
        for p, s in sorted(joined.items())
    ]


def why_it_stays(ranked: list[Candidate]) -> str:
    """The rule that put the first of a cluster before the second: unique, most_formulas, longest or smallest_id."""
    if len(ranked) == 1:
        return "unique"
    first, second = ranked[:2]
    if first.formulas != second.formulas:
        return "most_formulas"
    return "longest" if first.chars != second.chars else "smallest_id"
