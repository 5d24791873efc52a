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
# The list has a site's hoster only where the hoster asked for it. Of those that did not, these give each member a host:
# one mathematics blog is 100% mathematics, the hoster of a million blogs is never 10%.
_HOSTERS = (
    "angelfire.com", "blogspot.co.uk", "canalblog.com", "edublogs.org", "fandom.com", "free.fr", "jimdo.com",
    "livejournal.com", "neocities.org", "over-blog.com", "pbworks.com", "stackexchange.com", "substack.com",
    "tumblr.com", "typepad.com", "webnode.com", "weebly.com", "wikidot.com", "wordpress.com",
)  # fmt: skip
_SUFFIXES = tldextract.TLDExtract(
    suffix_list_urls=(), cache_dir=None, include_psl_private_domains=True, extra_suffixes=_HOSTERS
)

# Parameters that say where a reader came from or who they are. `ref` and `source` are not among them: they choose a
# branch or a document at some sites. A copy that is missed here is still found by its text.
_TRACKING = re.compile(
    r"(?:utm_\w+|(?:pk|piwik|mtm|matomo|hsa)_\w+|fbclid|fb_(?:action_ids|action_types|source|ref)|gclid|gclsrc|dclid|"
    r"gbraid|wbraid|msclkid|yclid|ysclid|twclid|ttclid|li_fat_id|srsltid|igsh|igshid|mc_[ce]id|mkt_tok|oly_(?:enc|anon)_id|"
    r"vero_(?:id|conv)|wickedid|s_kwcid|ef_id|epik|_openstat|_ga|_gl|_hs(?:enc|mi)|spm|scm|ref_src|ref_url|referrer|"
    r"share_(?:source|token|from)|from_source|replytocom|hilit|"
    r"phpsessid|jsessionid|sessionid|session_id|aspsessionid\w*|cfid|cftoken|oscsid|zenid)",
    re.I,
)
_SESSION = re.compile(r"(?:sid|s|session|sess)=[0-9a-f]{32}", re.I)  # of forums: `s` alone is often a search
_INDEX_PAGE = re.compile(r"/(?:index|default|home)\.(?:[xsp]?html?|php\d?|aspx?|jsp|cfm|cgi|pl)$", re.I)
_SLASHES = re.compile(r"//+")
_SESSION_PATH = re.compile(r";(?:jsessionid|phpsessid|sid)=[^/?#;]{0,200}", re.I)
# Bare in the one spelling: what RFC 3986 calls unreserved, and signs that servers read alike bare and encoded
# (Ring_(mathematics), Ring_%28mathematics%29). Encoded stay & = + ; # % / ?, whose two forms can mean two things.
_BARE = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~!$'()*,:@")
_PERCENT = re.compile(r"%([0-9a-fA-F]{2})")
_PLAIN = re.compile(r"[\w\-.~!$'()*,:@&=+;%/?]*", re.ASCII)
_DEFAULT_PORTS = frozenset((None, 80, 443))


def page_url(raw: str) -> str:
    """A usable http(s) address from a WARC-Target-URI, '' if it is none (`javascript:`, no host, absurd length)."""
    url = raw.strip().removeprefix("<").removesuffix(">").strip().replace(" ", "%20")
    if not url.isprintable():
        url = "".join(character for character in url if character.isprintable())
    if not url or len(url) > MAX_URL_CHARS:
        return ""
    return url if host(url) else ""


def host(url: str) -> str:
    """The lower-case host in ASCII (IDNA), without port, user or trailing dot; '' for anything but http and https."""
    parts = _split(url)
    return _host(parts) if parts else ""


def registrable_domain(url: str) -> str:
    """The registrable domain: `a.foo.github.io` -> `foo.github.io`; an IP address is its own domain, and so is a host
    that is itself a public suffix."""
    return _registrable(host(url))


def canonical_url(url: str) -> str:
    """One spelling for addresses that lead to the same page.

    Scheme, `www.`, default ports, user, fragment, tracking and session parameters, index pages, trailing and doubled
    slashes, the order of parameters and percent-encoding are dropped or made equal. `www.example.org` and
    `example.org` are one site; other hosts (`m.`, `www2.`) are not: there the text decides. Letters of the path keep
    their case. A key for comparison, not an address to fetch: `https://...`, or '' for a bad URL.
    """
    parts = _split(url)
    name = _host(parts) if parts else ""
    if not parts or not name:
        return ""
    port = _port(parts)
    netloc = name.removeprefix("www.") + ("" if port in _DEFAULT_PORTS else f":{port}")
    path = _SLASHES.sub("/", _INDEX_PAGE.sub("/", _path(parts)))
    fields = _percent(parts.query.replace("&amp;", "&")).replace("%20", "+").split("&")
    query = "&".join(sorted(field for field in fields if field and not _tracking(field)))
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
    path = _SESSION_PATH.sub("", _percent(parts.path)) if ";" in parts.path else _percent(parts.path)
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
    return bool(_TRACKING.fullmatch(field.partition("=")[0]) or _SESSION.fullmatch(field))


def _percent(text: str) -> str:
    """One spelling of percent-encoding: signs of _BARE bare, hex digits upper case, the rest encoded."""
    if "%" in text:
        text = _PERCENT.sub(_percent_one, text)
    return text if _PLAIN.fullmatch(text) else quote(text, safe="!$'()*,:@&=+;%/?", errors="replace")


def _percent_one(match: re.Match[str]) -> str:
    byte = unquote_to_bytes(match[0])
    return byte.decode("ascii") if byte[0] in _BARE else match[0].upper()
