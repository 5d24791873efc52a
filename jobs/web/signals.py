"""What a page and its server say about reuse: robots directives and licence links. Recorded, never acted upon here."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from html import unescape

SCAN_CHARS = 256 << 10
"""Both are searched in the page's first and last quarter million characters."""
MAX_LICENSE_CHARS = 200

_TAG = re.compile(r"<(meta|link|a)\s([^<>]{1,2000})>", re.I)
_ATTRIBUTE = re.compile(r"([a-zA-Z-]{1,20})\s{0,4}=\s{0,4}(?:\"([^\"]{0,1000})\"|'([^']{0,1000})'|([^\s\"'>]{1,1000}))")
_ROBOTS_AGENT = re.compile(r"[a-z][a-z0-9_-]{0,40}\s{0,4}:\s{0,4}(?=[a-z])")
_KNOWN = ("noindex", "nofollow", "noarchive", "nosnippet", "noai", "noimageai", "none")
_CREATIVE_COMMONS = re.compile(
    r"https?://(?:www\.)?creativecommons\.org/(licenses|publicdomain)/([a-z+-]{1,20})(/[\d.]{1,5})?", re.I
)


@dataclass(frozen=True)
class Signals:
    """`robots`: the restrictive directives found, sorted, joined by commas ('' if none).
    `license`: a short name (`cc-by-sa-4.0`, `cc0-1.0`) or the address the page links as its licence ('' if none)."""

    robots: str
    license: str


def read_signals(html: str, http_headers: Iterable[tuple[str, str]] = ()) -> Signals:
    """Robots directives of `<meta name=robots>` and X-Robots-Tag, and the first licence link."""
    directives = [value for name, value in http_headers if name.lower() == "x-robots-tag"]
    licenses: list[str] = []
    scanned = html if len(html) <= 2 * SCAN_CHARS else html[:SCAN_CHARS] + html[-SCAN_CHARS:]
    if "robots" in scanned or "licen" in scanned or "creativecommons" in scanned:
        for tag in _TAG.finditer(scanned):
            attributes = _attributes(tag[2])
            if tag[1].lower() == "meta":
                if attributes.get("name", "").lower() == "robots":
                    directives.append(attributes.get("content", ""))
            elif license_name := _license(attributes):
                licenses.append(license_name)
    return Signals(_robots(directives), _best(licenses))


def _attributes(source: str) -> dict[str, str]:
    return {name.lower(): unescape(a or b or c) for name, a, b, c in _ATTRIBUTE.findall(source)}


def _robots(values: list[str]) -> str:
    found: set[str] = set()
    for value in values[:20]:
        words = _ROBOTS_AGENT.sub("", value.lower()[:500])  # `googlebot: noindex` is recorded as noindex
        found.update(word for word in (part.strip() for part in words.split(",")) if word in _KNOWN)
    return ",".join(sorted(found))


def _license(attributes: dict[str, str]) -> str:
    href = attributes.get("href", "").strip()
    if deed := _CREATIVE_COMMONS.match(href):
        version = (deed[3] or "").replace("/", "-")
        kind = deed[2].lower().rstrip("-")
        if deed[1].lower() == "publicdomain":
            return ("cc0" if kind == "zero" else f"publicdomain-{kind}") + version
        return f"cc-{kind}{version}"
    if "license" in attributes.get("rel", "").lower().split() and href.startswith(("http://", "https://", "/")):
        return href[:MAX_LICENSE_CHARS]
    return ""


def _best(licenses: list[str]) -> str:
    """A named licence before a bare address."""
    named = [name for name in licenses if "/" not in name]
    return next(iter(named or licenses), "")
