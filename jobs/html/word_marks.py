"""What the words in an element's attributes say about it: bits that the compiled scan gives each node."""

from __future__ import annotations

import numpy as np

from jobs.html.tags import bit_table, word_table
from jobs.web import formula_names

HIDDEN, WHOLE_NAME, NAMED, ROLE_NAMED, PRESENTATION, KEPT_ASIDE, LINE_NUMBERS, NOTE = (1 << at for at in range(8))
"""HIDDEN: not shown. WHOLE_NAME, NAMED, ROLE_NAMED: a class, id or role that names boilerplate. PRESENTATION: a table
that only places things. KEPT_ASIDE: an aside that belongs to the text. LINE_NUMBERS, NOTE: beside code; a footnote's
mark."""
HREF, LOCAL_LINK, FORMULA, DISPLAY_WRAPPER, HEADER_NAMED, NO_QUOTE, RENDERED = (1 << at for at in range(8, 15))
"""HEADER_NAMED: a page's header by its name. NO_QUOTE: a forum's post, which vBulletin and XenForo put into a
blockquote. RENDERED: what MathJax 2 drew."""
NONE = 0

CLASS, ID, STYLE, HIDDEN_ATTRIBUTE, ROLE, HREF_ATTRIBUTE, TYPE, FORMULA_ATTRIBUTE = range(1, 9)
_ATTRIBUTES = {
    "class": CLASS,
    "id": ID,
    "style": STYLE,
    "hidden": HIDDEN_ATTRIBUTE,
    "role": ROLE,
    "href": HREF_ATTRIBUTE,
    "type": TYPE,
} | dict.fromkeys(formula_names.ATTRIBUTES, FORMULA_ATTRIBUTE)
ATTRIBUTES = word_table(_ATTRIBUTES)
LONGEST_ATTRIBUTE = max(map(len, _ATTRIBUTES))
ATTRIBUTE_INITIALS = np.zeros(256, dtype=np.bool_)
ATTRIBUTE_INITIALS[[ord(name[0]) for name in _ATTRIBUTES]] = True
FORMULA_NAMES = word_table(dict.fromkeys(formula_names.TAGS, 1))

ROLES = bit_table(
    {
        ROLE_NAMED: """navigation banner contentinfo search complementary menu menubar toolbar alert dialog
        tablist""".split(),
        PRESENTATION: ["presentation"],
    }
)

LINE_NUMBER_CLASSES = "linenos lineno linenodiv line-numbers-rows gutter ln-num rouge-gutter hljs-ln-numbers".split()
"""Classes of what highlighters put beside the code."""

_WHOLE_NAMES = """
    sr-only screen-reader-text visually-hidden visuallyhidden skip-link md-tabs md-header md-footer mw-head
    mw-panel mw-navigation mw-editsection mw-jump-link mw-portlet vector-menu siteSub jump-to-nav site-header
    site-footer site-title entry-footer post-footer article-footer nav-links page-header-bar rst-versions
    wy-nav-side wy-breadcrumbs bd-sidebar related headerlink md-sidebar post-tags entry-tags
    wp-block-latest-posts toc edit-this-page headeranchor copybtn post-navigation comment-respond
    similar_threads similar-threads navheader navfooter nav-previous nav-next print-only prev-next side-nav
    nav-path titlearea
"""
NAMES_MARKS = bit_table(
    {
        WHOLE_NAME: _WHOLE_NAMES.split(),
        LINE_NUMBERS: LINE_NUMBER_CLASSES,
        NOTE: ("reference", "footnote-ref", "footnote"),
        FORMULA: formula_names.CLASSES,
        DISPLAY_WRAPPER: formula_names.DISPLAY_WRAPPERS,
        RENDERED: formula_names.RENDERED,
        HEADER_NAMED: "header page-header pageheader top-header globalheader header-wrapper".split(),
        NO_QUOTE: "postcontent messageText ugc baseHtml post-content postbody post_body message-body".split(),
    }
)
"""Classes and ids as they are written."""

_NAME_WORDS = """
    nav navbar navigation subnav sidenav topnav menu menus sidebar sidebars side rail breadcrumb breadcrumbs
    crumb crumbs footer foot cookie cookies consent gdpr banner advert adverts advertisement ad ads adsense
    sponsor sponsored sponsors social share sharing sharedaddy related recommend recommended recommendations
    popular trending newsletter subscribe subscription login signin signup register toolbar pagination pager
    paginate skip skiplink catlinks printfooter noprint editsection headerlink anchorlink permalink copyright
    disclaimer promo promotion popup modal overlay screen sr masthead colophon sitemap topbar bottombar
    langlinks langs interlanguage widget widgets toc tableofcontents searchbox search notice backlinks tagcloud
    tags jumplink mobilemenu offcanvas topmenu authorbox postnav metadata sphinxsidebar navpath navtree
    msearchselectwindow nextprev linkbox respond loginbox drawer
"""
NAME_WORDS = word_table(dict.fromkeys(_NAME_WORDS.split(), 1))
"""Runs of letters in classes and ids, in lower case."""

_KEPT_ASIDES = "note admonition theorem warning tip callout example definition remark proof important".split()
KEPT_ASIDE_WORDS = np.zeros((len(_KEPT_ASIDES), 12), dtype=np.uint8)
"""Found anywhere in the names of an aside; each ends with zeros."""
for _row, _word in enumerate(_KEPT_ASIDES):
    KEPT_ASIDE_WORDS[_row, : len(_word)] = np.frombuffer(_word.encode(), dtype=np.uint8)
UNTIL_FOUND = np.frombuffer(b"until-found", dtype=np.uint8)
