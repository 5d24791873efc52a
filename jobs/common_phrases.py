"""The guard list: phrases of ten words that benchmark texts share with the whole world, each with what was counted.

The paper's rule condemns a page for any ten words of a benchmark (2.1). Taken by the letter it throws out listings with
numbered lines, tables and textbook formulas: of 324 pages of a crawl that it hit, 76 are left. A phrase is spared for a
reason that can be checked, and the reason and its counts are written down.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from jobs.text.sequences import is_counting, list_form

MANY_TEXTS = 5
"""A phrase that stands in so many benchmark texts, each time between other words, is a turn of speech."""
MANY_DOMAINS = 3
"""A phrase on pages of so many domains, none of which shares half of the benchmark text, was not copied from it."""
COPIED_SHARE = 0.5
SEVERAL = 2
"""Domains that make a list or a turn of speech common: two that have nothing to do with each other wrote it."""


@dataclass(frozen=True)
class CommonPhrase:
    """A phrase that condemns no page, and the evidence; a row of the dataset common_phrases."""

    phrase: str
    reason: str
    """counting, list, many_texts or many_domains."""
    texts: int
    items: int
    pages: int
    domains: int
    share: float
    benchmark: str
    item: str
    url: str


@dataclass
class Evidence:
    """What was counted of one phrase."""

    contexts: set[str] = field(default_factory=set)
    items: set[tuple[str, str]] = field(default_factory=set)
    pages: set[str] = field(default_factory=set)
    domains: set[str] = field(default_factory=set)
    urls: set[str] = field(default_factory=set)
    share: float = 0.0


def common_phrases(shared: Iterable[Mapping[str, Any]]) -> list[CommonPhrase]:
    """The phrases to spare among rows of SHARED, in order."""
    counted: defaultdict[str, Evidence] = defaultdict(Evidence)
    for row in shared:
        evidence = counted[row["phrase"]]
        evidence.contexts.add(row["context"])
        evidence.items.add((row["benchmark"], row["item"]))
        evidence.pages.add(row["page_id"])
        evidence.domains.add(row["domain"])
        evidence.urls.add(row["url"])
        evidence.share = max(evidence.share, row["share"])
    forms: defaultdict[str, set[str]] = defaultdict(set)
    lists = {phrase: form for phrase in counted if (form := list_form(phrase.split(" ")))}
    for phrase, form in lists.items():
        forms[form] |= counted[phrase].domains
    return [
        CommonPhrase(
            phrase, reason, len(e.contexts), len(e.items), len(e.pages), len(e.domains), e.share, *min(e.items),
            min(e.urls),
        )
        for phrase, e in sorted(counted.items())
        if (reason := why_common(phrase, e, forms[lists[phrase]] if phrase in lists else set()))
    ]  # fmt: skip


def why_common(phrase: str, evidence: Evidence, alike: set[str]) -> str:
    """Why a phrase condemns nothing, '' where it does; `alike` are the domains with lists of its form."""
    texts, domains = len(evidence.contexts), len(evidence.domains)
    if is_counting(phrase.split(" ")):
        return "counting"
    if len(alike) >= SEVERAL:
        return "list"
    if texts >= MANY_TEXTS and domains >= SEVERAL:
        return "many_texts"
    if domains >= MANY_DOMAINS and evidence.share < COPIED_SHARE:
        return "many_domains"
    return ""
