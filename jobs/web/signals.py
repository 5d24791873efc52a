"""What a page and its server say about reuse: robots directives and licence. Recorded, never acted upon here."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from jobs.web.licenses import attributes, find_license

HEAD_CHARS = 128 << 10
"""Robots directives are searched for in the page's head, or in this much of a page whose head does not end."""
MAX_VALUES = 40
MAX_VALUE_CHARS = 1000

DIRECTIVES = frozenset("noindex nofollow noarchive nosnippet nocache noimageindex noai noimageai noml none".split())
"""What restricts reuse; `index`, `max-snippet` and their like do not."""
TDM_RESERVATION = "tdm-reservation"
"""The TDM Reservation Protocol's header and meta: 1 reserves the rights of text and data mining."""

_WORD = re.compile(r"(?<![\w.-])([a-z][a-z0-9_.-]{0,60})\s{0,4}(:)?")
_NO_AGENT = ("unavailable_after", "max-")
"""Directives that have a value, so a colon of their own."""
_CRAWLER = re.compile(r"bot\b|bot-|spider|crawl|slurp|scraper|[-_]ai\b|-extended\b|facebookexternalhit|teoma|^ai\b")
_RIGHTS = frozenset(
    "dc.rights dc.rights.license dc.license dcterms.rights dcterms.license dc:rights dcterms:license license "
    "cc:license citation_license".split()
)
# Only a tag that holds one of these words is worth reading; the names' own test follows.
_META = re.compile(r"<meta\s(?=[^<>]{0,400}(?:no|tdm-|rights|license))([^<>]{1,2000})>", re.I)
_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.S)


@dataclass(frozen=True)
class Signals:
    """`robots`: the restrictive directives found, sorted, joined by commas, '' if none; one for a single crawler bears
    its name (`noindex`, `gptbot:noindex`).
    `license`: short names (`cc-by-sa-4.0`, `cc0-1.0`) or the address the page links as its licence, '' if none."""

    robots: str
    license: str


def read_signals(html: str, http_headers: Iterable[tuple[str, str]] = ()) -> Signals:
    """Robots directives of meta elements and X-Robots-Tag headers, for all or single crawlers; the licence."""
    found: set[str] = set()
    for name, value in http_headers:
        name = name.lower()
        if name == "x-robots-tag":
            found |= _directives(value, "")
        elif name == TDM_RESERVATION and value.strip() == "1":
            found.add(TDM_RESERVATION)
    rights: list[str] = []
    for name, value in _metas(html):
        if name in _RIGHTS:
            rights.append(value)
        elif name == TDM_RESERVATION:
            found |= {TDM_RESERVATION} if value.strip() == "1" else set()
        else:
            found |= _directives(value, "" if name == "robots" else name)
    return Signals(",".join(sorted(found)), find_license(html, rights))


def _metas(html: str) -> Iterator[tuple[str, str]]:
    """(lower-case name, content) of the head's meta elements that speak to crawlers or of rights."""
    end = html.find("</head", 0, HEAD_CHARS)
    head = html[: end if end >= 0 else HEAD_CHARS]
    if "<!--" in head:
        head = _COMMENT.sub("", head)
    left = MAX_VALUES
    for tag in _META.finditer(head):
        found = attributes(tag[1])
        name = (found.get("name") or found.get("property") or "").strip().lower()
        if name in ("robots", TDM_RESERVATION) or name in _RIGHTS or _CRAWLER.search(name):
            yield name, found.get("content", "")
            left -= 1
            if not left:
                return


def _directives(value: str, agent: str) -> set[str]:
    """Those of one value; in `noindex, gptbot: noai, nofollow` a name holds for what follows it."""
    found: set[str] = set()
    for word in _WORD.finditer(value.lower()[:MAX_VALUE_CHARS]):
        if word[2] and not word[1].startswith(_NO_AGENT):
            agent = "" if word[1] == "robots" else word[1]
        elif not word[2] and word[1] in DIRECTIVES:
            found.add(f"{agent}:{word[1]}" if agent else word[1])
    return found
