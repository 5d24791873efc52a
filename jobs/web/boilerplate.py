"""What of a page is not its content: navigation, notices, side columns, hidden parts, lists of links.

Rules of markup first (elements, roles, names); then link density. A rule never takes the larger part of a page: authors
call wrappers `content-with-sidebar`, and a wrong name must not cost the text.
"""

from __future__ import annotations

import re
from functools import lru_cache

from jobs.web.dom import Element
from jobs.web.formulas import Formula

DROPPED_TAGS = frozenset(
    """script style noscript template iframe object embed applet svg canvas dialog button input select textarea datalist
    audio video map head nav menu meter progress frame frameset noframes optgroup option marquee source track""".split()
)
KEPT_SHARE = 0.4
"""An element with more than this share of the page's text is never dropped for its name."""

_ROLES = frozenset(
    "navigation banner contentinfo search complementary menu menubar toolbar alert dialog tablist".split()
)
_NAMES = re.compile(
    r"nav|navbar|navigation|subnav|sidenav|topnav|menu|menus|sidebar|sidebars|side|rail|breadcrumbs?|crumbs?|footer|foot|cookies?|"
    r"consent|gdpr|banner|adverts?|advertisement|ads?|adsense|sponsor(?:ed|s)?|social|share|sharing|sharedaddy|related|recommend(?:ed|ations)?|"
    r"popular|trending|newsletter|subscribe|subscription|login|signin|signup|register|toolbar|pagination|pager|paginate|skip|skiplink|"
    r"catlinks|printfooter|noprint|editsection|headerlink|anchorlink|permalink|copyright|disclaimer|promo|promotion|popup|modal|overlay|"
    r"screen|sr|masthead|colophon|sitemap|topbar|bottombar|langlinks|langs|interlanguage|widget|widgets|toc|tableofcontents|"
    r"searchbox|search|notice|backlinks|tagcloud|tags|share|jumplink|mobilemenu|offcanvas|topmenu|authorbox|"
    r"postnav|metadata|sphinxsidebar|navpath|navtree|MSearchSelectWindow|nextprev|linkbox|comment-form|respond|loginbox|drawer",
    re.I,
)
_WHOLE_NAMES = re.compile(
    r"(?:^|\s)(?:sr-only|screen-reader-text|visually-hidden|visuallyhidden|skip-link|md-tabs|md-header|md-footer|mw-head|mw-panel|"
    r"mw-navigation|mw-editsection|mw-jump-link|mw-portlet|vector-menu|siteSub|jump-to-nav|site-header|site-footer|site-title|"
    r"entry-footer|post-footer|article-footer|nav-links|page-header-bar|rst-versions|wy-nav-side|wy-breadcrumbs|bd-sidebar|related|"
    r"headerlink|md-sidebar|post-tags|entry-tags|wp-block-latest-posts|toc|edit-this-page|headeranchor|copybtn|post-navigation|"
    r"comment-respond|navheader|navfooter|nav-previous|nav-next|print-only|prev-next|side-nav|nav-path|titlearea)(?:\s|$)"
)
_KEPT_ASIDE = re.compile(
    r"note|admonition|theorem|warning|tip|callout|example|definition|remark|footnote|proof|important", re.I
)
_HIDDEN = re.compile(r"display\s{0,4}:\s{0,4}none|visibility\s{0,4}:\s{0,4}hidden", re.I)
_TOKENS = re.compile(r"[a-zA-Z]+")
_NEVER = frozenset(
    (
        "html",
        "body",
        "main",
        "article",
        "#document",
        "p",
        "pre",
        "code",
        "h1",
        "h2",
        "h3",
        "math",
        "td",
        "tr",
        "tbody",
        "a",
    )
)
_LINK_BLOCKS = frozenset(("ul", "ol", "div", "section", "table", "td", "p", "dl", "li", "span", "center"))
_LINK_WORDS = 0.75


class Boilerplate:
    """Decides, for one page, which elements are left out."""

    def __init__(self, body: Element, elements: list[Element]) -> None:
        self.text: dict[int, int] = {}
        self.links: dict[int, tuple[int, int]] = {}
        """Per element: characters of link text, number of links."""
        self._measure(elements)
        self.total = max(1, self.text.get(id(body), 0))

    def _measure(self, elements: list[Element]) -> None:
        """Sizes bottom-up: in document order every element stands before what it holds."""
        text, links = self.text, self.links
        for element in reversed(elements):
            if element.tag in DROPPED_TAGS:
                continue
            size = link_size = link_count = 0
            for child in element.children:
                if isinstance(child, str):
                    size += len(child.strip())
                elif isinstance(child, Element):
                    key = id(child)
                    size += text.get(key, 0)
                    if key in links:
                        below = links[key]
                        link_size, link_count = link_size + below[0], link_count + below[1]
                elif isinstance(child, Formula):
                    size += len(child.tex) + 2
            if element.tag == "a" and "href" in element.source:
                link_size, link_count = size, 1
            if size:
                text[id(element)] = size
            if link_count:
                links[id(element)] = (link_size, link_count)

    def drops(self, element: Element, inside_content: bool) -> bool:
        """Whether to leave the element out. `inside_content`: it lies in `main` or `article`."""
        tag = element.tag
        if tag in DROPPED_TAGS or (element.source and _is_hidden(element)):
            return True
        share = self.text.get(id(element), 0) / self.total
        if tag == "footer" or (tag == "aside" and not _KEPT_ASIDE.search(_names(element))):
            return share < KEPT_SHARE
        if tag in _NEVER:
            return tag in ("a", "p") and bool(element.source) and bool(_WHOLE_NAMES.search(_names(element)))
        if "role=" in element.source and element.attrs.get("role", "") in _ROLES and share < KEPT_SHARE:
            return True
        if tag == "header" and not inside_content:
            return share < KEPT_SHARE and not _has_heading(element)
        if share < KEPT_SHARE and element.source and _named_boilerplate(element):
            return True
        return tag in _LINK_BLOCKS and self._is_link_list(element, share)

    def _is_link_list(self, element: Element, share: float) -> bool:
        """Three links or more that make up nearly all of a block of short texts."""
        size = self.text.get(id(element), 0)
        link_size, count = self.links.get(id(element), (0, 0))
        if count < 3 or size == 0 or share > KEPT_SHARE:
            return False
        return link_size / size > _LINK_WORDS and link_size / count < 60


def _names(element: Element) -> str:
    return f"{element.attrs.get('class', '')} {element.attrs.get('id', '')}"


def _is_hidden(element: Element) -> bool:
    if "hidden" not in element.source and "display" not in element.source:
        return False
    if "hidden" in element.attrs and element.attrs["hidden"] != "until-found":
        return True
    style = element.attrs.get("style", "")
    return bool(style) and bool(_HIDDEN.search(style))


def _has_heading(element: Element) -> bool:
    return any(inner.tag in ("h1", "h2") for inner in element.walk())


def _named_boilerplate(element: Element) -> bool:
    names = _names(element)
    if names == " ":
        return False
    if _WHOLE_NAMES.search(names):
        return True
    return _any_boilerplate_word(names)


@lru_cache(maxsize=8192)
def _any_boilerplate_word(names: str) -> bool:
    return any(_NAMES.fullmatch(word) for word in _TOKENS.findall(names)[:40])
