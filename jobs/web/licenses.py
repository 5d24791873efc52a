"""The licence of a page, by its links, its metadata and its own statement. Recorded, never acted upon here.

A licence wrongly named is worse than one that was missed: somebody would reuse the page by it. So a Creative Commons
link counts only where the page marks it as its licence (`rel`, metadata) or says in words that the text is under it;
the licence of a photo in the page is not the page's. Where several licences are found, all are named.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from html import unescape

MAX_LICENSE_CHARS = 200
SCAN_CHARS = 96 << 10
"""Of a longer page this much is read at either end."""
SIGN, CHINESE_SIGN = "icen", "许可"
"""In `license`, `licence`, `licensed`, and in the address of every Creative Commons licence; 1 ns a byte."""
CHINESE_CHARS = 16 << 10
"""The Chinese word is searched for in this much at either end: such a search costs as much again as the other."""
MAX_PLACES = 60
"""Places looked at for each sign, half of them from the page's end, where such statements stand."""
NEAR_CHARS = 250
MAX_LICENSES = 3
"""A page that names more is about licences."""
BEFORE_CHARS, AFTER_CHARS = 900, 400
"""Markup around a sign in which its statement is looked for."""
MAX_TAG_CHARS = 2000

_ATTRIBUTE = re.compile(
    r"([a-zA-Z:._-]{1,40})\s{0,4}=\s{0,4}(?:\"([^\"]{0,1000})\"|'([^']{0,1000})'|([^\s\"'>]{1,1000}))"
)
_LINK_TAG = re.compile(r"<(?:a|link)\s", re.I)
_CC_WORDS = ("CC", "ommons", "知识共享")
_CC_SIGNS = ("creativecommons.org/", "CC BY", "CC-BY", "CC0", "CC 0", "Creative Commons A", "知识共享", "創用")
_MAYBE_REL = re.compile(r"(?:rel|property)\s{0,4}=[^>]{0,200}license", re.I)
_LICENSE_RELS = frozenset(("license", "cc:license", "dc:license", "dct:license", "dcterms:license", "schema:license"))
_DEED = re.compile(
    r"https?://(?:www\.)?creativecommons\.org/(licenses|publicdomain)/([a-z][a-z+-]{1,19})(?:/(\d\.\d))?", re.I
)
_CODE = re.compile(r"\bCC[ -]?(?:(0)|(BY(?:[ -](?:NC|SA|ND)){0,2}))(?![A-Za-z])(?:[ -]?[vV]?(\d\.\d))?")
_LONG_NAME = re.compile(
    r"(?:Creative[ ]Commons,?[ ](?:the[ ])?Attribution|知识共享\s?署名|創用\s?CC\s?姓名標示|创用\s?CC\s?署名)"
    r"((?:[ ]?[-–—－/ ][ ]?(?:Non[ -]?Commercial|Share[ -]?Alike|No[ -]?Deriv(?:ative)?s?(?:[ ]Works)?"
    r"|非商业性使用|非商业性?|非商業性|相同方式共享|相同方式分享|禁止演绎|禁止改作)){0,2})"
    r"(?:[ ]?(?:International|Unported|License|Licence)?[ ,(]{0,3}[vV]?(?:ersion[ ])?(\d\.\d))?",
    re.I,
)
_PARTS = (
    ("nc", re.compile(r"commercial|商业|商業", re.I)),
    ("sa", re.compile(r"share|相同", re.I)),
    ("nd", re.compile(r"deriv|演绎|改作", re.I)),
)

_WORK = (
    r"works?|pages?|(?:web)?sites?|contents?|texts?|articles?|posts?|(?:text)?books?|documents?|documentation|materials?"
    r"|notes|blog|wiki|contributions|lectures?|courses?|chapters?|publications?|editions?|tutorials?|papers?|manual|guide"
)
_STATEMENT = re.compile(
    rf"\b(?:{_WORK})\b[^.!?]{{0,90}}?\b(?:licen[sc]ed|released|available|published|distributed|shared|provided|offered|"
    rf"covered)\b[^.!?]{{0,25}}?\b(?:under|by|with|through)\b[^.!?]{{0,80}}\Z"
    r"|\b(?:inhalte?|artikel|werke?|texte?|seiten?|contenus?|articles?|œuvres?|contenidos?|obras?|textos?|contenut[oi]|testi|testo|opera)\b"
    r"[^.!?]{0,60}?\b(?:unter|sous|bajo|sotto|sob)\b[^.!?]{0,60}\Z"
    r"|(?:本|此|该|該|文章|博客|作品|内容|內容|网站|網站|文档|站点)[^。！？]{0,60}?"
    r"(?:采用|採用|遵循|遵守|使用|基于|依据|依據|以|按照?)[^。！？]{0,40}\Z",
    re.I,
)
_CHINESE_END = re.compile(r"\A[^。！？]{0,60}(?:许可|許可|授权|授權|协议|協議|条款|條款)")
_CHINESE = re.compile(r"[\u4e00-\u9fff]")
_OF_SOMETHING_ELSE = re.compile(
    r"\b(?:photos?|photographs?|images?|pictures?|figures?|icons?|logos?|fonts?|illustrations?|videos?|audio|music|code|"
    r"software|source|dataset|data|via|flickr|by)\b|图片|照片|插图|图标|字体|代码|圖片|程式碼",
    re.I,
)
_SAYS_NOT = re.compile(r"\b(?:not|unless|if|may|can|could|should|some|many|most other)\b|部分", re.I)
_UNLESS_NOTED = re.compile(
    r"\b(?:unless|except where|if not|where) (?:otherwise|noted|stated|indicated)[^,]{0,40},?", re.I
)
_BLOCK_END = "¶"
_BLOCK = re.compile(
    r"</?(?:p|div|li|ul|ol|dl|dd|dt|h[1-6]|td|tr|table|section|footer|header|article|aside|main|body|nav|pre)\b[^<>]{0,2000}>",
    re.I,
)
_SENTENCE_END = re.compile(rf"[.!?]\s(?=[A-Z])|[。！？]|{_BLOCK_END}")
_TAG = re.compile(r"<[^<>]{0,2000}>")
_PAGE_TYPES = (
    "article",
    "page",
    "posting",
    "work",
    "website",
    "blog",
    "book",
    "chapter",
    "course",
    "resource",
    "howto",
)
_LINKED_DATA = re.compile(r"<script[^>]{1,200}ld\+json[^>]{0,200}>(.{1,100000}?)</script", re.I | re.S)


def find_license(html: str, rights: Iterable[str] = ()) -> str:
    """Short names (`cc-by-sa-4.0`, `cc0-1.0`) joined by commas, or the address the page links as its licence, or ''.

    `rights`: what the page's metadata says of its rights (`dc.rights` and the like).
    """
    if len(html) > 2 * SCAN_CHARS:
        html = f"{html[:SCAN_CHARS]}<>{html[-SCAN_CHARS:]}"
    places = _places(html, SIGN)
    if not html.isascii():
        ends = (html[:CHINESE_CHARS], html[CHINESE_CHARS:][-CHINESE_CHARS:])
        places += _places(ends[0], CHINESE_SIGN)
        places += [len(html) - len(ends[1]) + at for at in _places(ends[1], CHINESE_SIGN)]
    found = [name for content in rights if (name := license_name(content))]
    found += [name for at in places if (name := _linked(html, at))]
    if any(html.startswith('"license"', at - 2) for at in places):
        found += _in_linked_data(html)
    return _told(found or list(_stated_near(html, places)))


def _told(found: list[str]) -> str:
    named = sorted({name for name in found if "/" not in name})
    # `cc-by` beside `cc-by-4.0` is the same licence, said twice.
    named = [name for name in named if not any(re.fullmatch(re.escape(name) + r"-\d\.\d", other) for other in named)]
    if len(named) > MAX_LICENSES:
        return ""
    return ",".join(named) or next(iter(found), "")


def license_name(text: str) -> str:
    """The short name of the Creative Commons licence that an address or a phrase names, '' if it names none."""
    if deed := _DEED.search(text):
        kind, version = deed[2].lower(), f"-{deed[3]}" if deed[3] else ""
        if deed[1].lower() == "publicdomain":
            return ("cc0" if kind == "zero" else f"publicdomain-{kind}") + version
        return f"cc-{kind}{version}"
    if code := _CODE.search(text):
        kind = "cc0" if code[1] else "cc-" + code[2].lower().replace(" ", "-")
        return kind + (f"-{code[3]}" if code[3] else "")
    if name := _LONG_NAME.search(text):
        parts = "".join(f"-{part}" for part, sign in _PARTS if sign.search(name[1]))
        return f"cc-by{parts}" + (f"-{name[2]}" if name[2] else "")
    return ""


def attributes(source: str) -> dict[str, str]:
    """The attributes of a tag's source by lower-case name."""
    return {name.lower(): unescape(a or b or c) for name, a, b, c in _ATTRIBUTE.findall(source)}


def _places(html: str, sign: str) -> list[int]:
    """Where a literal stands: the first few and the last few."""
    found: list[int] = []
    at = html.find(sign)
    while at >= 0 and len(found) < MAX_PLACES // 2:
        found.append(at)
        at = html.find(sign, at + len(sign))
    if at < 0:
        return found
    end = len(html)
    for _ in range(MAX_PLACES // 2):
        end = html.rfind(sign, at, end)
        if end < 0:
            break
        found.append(end)
    return found


def _hidden(html: str, at: int) -> bool:
    """In a comment or a script, as far as the 20,000 characters before show."""
    start = max(0, at - 20_000)
    return html.rfind("<!--", start, at) > html.rfind("-->", start, at) or (
        html.rfind("<script", start, at) > html.rfind("</script", start, at)
    )


def _tag_around(html: str, at: int) -> str:
    """The tag that a position lies in, '' if it lies in text."""
    start = html.rfind("<", max(0, at - MAX_TAG_CHARS), at)
    end = html.find(">", at, at + MAX_TAG_CHARS)
    if start < 0 or end < 0 or html.find(">", start, at) >= 0 and html[start:at].count('"') % 2 == 0:
        return ""
    return html[start : end + 1]


def _linked(html: str, at: int) -> str:
    """The licence that the tag around this place links by `rel=license`, '' if it is no such tag."""
    tag = _tag_around(html, at)
    if not _LINK_TAG.match(tag) or not _MAYBE_REL.search(tag) or _hidden(html, at):
        return ""
    found = attributes(tag)
    relations = {*found.get("rel", "").lower().split(), *found.get("property", "").lower().split()}
    href = found.get("href", "").strip()
    if not relations & _LICENSE_RELS:
        return ""
    if _DEED.match(href):
        return license_name(href)
    return href[:MAX_LICENSE_CHARS] if href.startswith(("http://", "https://", "/")) else ""


def _in_linked_data(html: str) -> Iterator[str]:
    """Licences of the pages and articles that JSON-LD describes."""
    for script in _LINKED_DATA.finditer(html):
        if '"license"' not in script[1]:
            continue
        try:
            value = json.loads(script[1])
        except (ValueError, RecursionError):
            continue
        for thing in _things(value):
            kinds = thing.get("@type")
            kinds = kinds if isinstance(kinds, list) else [kinds]
            if any(isinstance(kind, str) and kind.lower().endswith(_PAGE_TYPES) for kind in kinds):
                license_value = thing.get("license")
                address = license_value.get("@id") if isinstance(license_value, dict) else license_value
                if isinstance(address, str) and (name := license_name(address[:1000])):
                    yield name


def _things(value: object) -> Iterable[dict[str, object]]:
    """Top-level objects; what is nested (images, authors) has licences of its own."""
    values = value if isinstance(value, list) else [value]
    for entry in values[:50]:
        if isinstance(entry, dict):
            yield entry
            graph = entry.get("@graph")
            yield from (e for e in graph[:50] if isinstance(e, dict)) if isinstance(graph, list) else ()


def _stated_near(html: str, places: list[int]) -> Iterator[str]:
    """Licences that the page says around these places, in words, that it is under, linked or not."""
    for at in _signs(html, places):
        tag = _tag_around(html, at)
        start = html.rfind("<", max(0, at - MAX_TAG_CHARS), at) if tag else at
        here = tag or _text(html[start : start + AFTER_CHARS])[:120]
        if (name := license_name(here)) and _stated(html, start, at) and not _hidden(html, start):
            yield name


def _signs(html: str, places: list[int]) -> Iterator[int]:
    """Where Creative Commons is named within NEAR_CHARS of these places."""
    until = 0
    for place in sorted(places):
        first, until = max(until, place - NEAR_CHARS), max(until, place + NEAR_CHARS)
        near = html[first:until]
        if not any(word in near for word in _CC_WORDS):
            continue
        for sign in _CC_SIGNS:
            at = near.find(sign)
            while at >= 0:
                before = near[at - 1 : at]
                if not (before.isalnum() and before.isascii()):
                    yield first + at
                at = near.find(sign, at + len(sign))


def _stated(html: str, start: int, end: int) -> bool:
    """Whether the words before say that the page's own content is under what stands here."""
    markup = _BLOCK.sub(_BLOCK_END, html[max(0, start - BEFORE_CHARS) : start])
    before = _SENTENCE_END.split(_text(markup))[-1][-250:]
    if not (statement := _STATEMENT.search(before)):
        return False
    if _CHINESE.search(statement[0]) and not _CHINESE_END.search(_text(html[end : end + AFTER_CHARS])):
        return False
    plain = _UNLESS_NOTED.sub(" ", before).replace("licensed by", "licensed")
    return not _OF_SOMETHING_ELSE.search(plain.split("under")[0]) and not _SAYS_NOT.search(plain)


def _text(markup: str) -> str:
    """The text of a piece of markup that may begin or end inside a tag."""
    begins, ends = markup.find(">"), markup.find("<")
    if 0 <= begins < (ends if ends >= 0 else len(markup)):
        markup = markup[begins + 1 :]
    opened = markup.rfind("<")
    if opened > markup.rfind(">"):
        markup = markup[:opened]
    return " ".join(unescape(_TAG.sub(" ", markup)).split())
