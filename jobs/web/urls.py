"""Addresses: canonical form, host, registrable domain, and the prefixes under which domains are judged."""

from __future__ import annotations

import re
from functools import lru_cache
from urllib.parse import SplitResult, quote, unquote_to_bytes, urlsplit

import tldextract

MAX_URL_CHARS = 16384
MAX_PREFIXES = 8

# The list of public suffixes that tldextract brings along: no network, no cache on disk, and private suffixes count,
# so that every site under github.io is a domain of its own.
_SUFFIXES = tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None, include_psl_private_domains=True)

_TRACKING = re.compile(
    r"(?:utm_\w+|fbclid|gclid|dclid|gbraid|wbraid|msclkid|yclid|mc_[ce]id|igshid|_ga|_gl|_hs(?:enc|mi)|spm|scm|"
    r"phpsessid|jsessionid|sessionid|ref_src|referrer|share_(?:source|token|from)|from_source)",
    re.I,
)
_INDEX_PAGE = re.compile(r"/(?:index|default|home)\.(?:html?|php|aspx?|jsp|shtml)$", re.I)
_SESSION_PATH = re.compile(r";jsessionid=[^/?#]{0,200}", re.I)
_UNRESERVED = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_PERCENT = re.compile(r"%([0-9a-fA-F]{2})")
_DEFAULT_PORTS = frozenset((None, 80, 443))


def page_url(raw: str) -> str:
    """A usable http(s) address from a WARC-Target-URI, '' if it is none (`javascript:`, no host, absurd length)."""
    url = raw.strip().removeprefix("<").removesuffix(">").strip().replace(" ", "%20")
    url = "".join(character for character in url if character.isprintable())
    if not url or len(url) > MAX_URL_CHARS:
        return ""
    return url if host(url) else ""


def host(url: str) -> str:
    """The lower-case host in ASCII (IDNA), without port, user or trailing dot; '' for anything but http and https."""
    parts = _split(url)
    return _host(parts) if parts else ""


def registrable_domain(url: str) -> str:
    """The registrable domain: `a.foo.github.io` -> `foo.github.io`; an IP address is its own domain."""
    return _registrable(host(url))


def canonical_url(url: str) -> str:
    """One spelling for addresses that lead to the same page.

    Scheme, `www.`, default ports, fragment, tracking and session parameters, index pages, a trailing slash, the order
    of parameters and the case of percent-encoding are dropped or made equal. `https://...`, or '' for a bad URL.
    """
    parts = _split(url)
    name = _host(parts) if parts else ""
    if not parts or not name:
        return ""
    port = _port(parts)
    netloc = name.removeprefix("www.") + ("" if port in _DEFAULT_PORTS else f":{port}")
    path = _INDEX_PAGE.sub("/", _path(parts))
    query = "&".join(sorted(field for field in _percent(parts.query).split("&") if field and not _tracking(field)))
    return f"https://{netloc}{path.rstrip('/')}" + (f"?{query}" if query else "")


def url_prefixes(url: str) -> list[str]:
    """The tree of prefixes a page lies under, widest first: `example.org`, `example.org/questions`, ..."""
    parts = _split(url)
    name = _host(parts).removeprefix("www.") if parts else ""
    if not parts or not name:
        return []
    segments = [segment for segment in _path(parts).split("/") if segment][: MAX_PREFIXES - 1]
    return ["/".join([name, *segments[:depth]]) for depth in range(len(segments) + 1)]


def _split(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url.strip())
    except ValueError:  # unbalanced brackets of an IPv6 host
        return None
    return parts if parts.scheme.lower() in ("http", "https") else None


def _host(parts: SplitResult) -> str:
    try:
        name = (parts.hostname or "").rstrip(".").lower()
    except ValueError:
        return ""
    if not name or len(name) > 253 or any(character in name for character in " /\\<>\"'%"):
        return ""
    return _ascii_host(name)


@lru_cache(maxsize=4096)
def _ascii_host(name: str) -> str:
    if name.isascii():
        return name
    try:
        return name.encode("idna").decode("ascii")
    except UnicodeError:
        return ""


def _path(parts: SplitResult) -> str:
    """The path with one spelling: dot segments resolved (RFC 3986 section 5.2.4), session ids gone."""
    path = _SESSION_PATH.sub("", _percent(parts.path))
    if "/." not in path:
        return path or "/"
    kept: list[str] = []
    for segment in path.split("/")[1:]:
        if segment == "..":
            del kept[-1:]
        elif segment != ".":
            kept.append(segment)
    return "/" + "/".join(kept)


def _port(parts: SplitResult) -> int | None:
    try:
        return parts.port
    except ValueError:
        return None


@lru_cache(maxsize=65536)
def _registrable(name: str) -> str:
    if not name:
        return ""
    return _SUFFIXES(name).top_domain_under_public_suffix or name


def _tracking(field: str) -> bool:
    return bool(_TRACKING.fullmatch(field.partition("=")[0]))


def _percent(text: str) -> str:
    """One spelling of percent-encoding: unreserved characters bare, hex digits upper case, the rest encoded."""
    text = _PERCENT.sub(_percent_one, text)
    return text if text.isascii() and " " not in text else quote(text, safe="%/:@!$&'()*+,;=?~-._[]|\\^`{}")


def _percent_one(match: re.Match[str]) -> str:
    byte = unquote_to_bytes(match[0])
    return byte.decode("ascii") if byte[0] in _UNRESERVED else match[0].upper()
