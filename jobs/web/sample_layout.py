"""HTML around a sample page: what crawled sites put before, beside and after their text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from random import Random

from jobs.web.sample_formulas import HEADS, plain_text, render_text
from jobs.web.sample_grammar import Draw, grammar
from jobs.web.sample_pages import Block, Page

_LICENCE = '<a rel="license" href="https://creativecommons.org/licenses/by-sa/4.0/">CC BY-SA 4.0</a>'
_VIEW = {"en": ("votes", "Answer", "Comments", "Contents", "Related", "Price", "Posted on"),
         "zh": ("赞", "回答", "评论", "目录", "相关文章", "价格", "发表于")}  # fmt: skip


@dataclass(frozen=True)
class Frame:
    """What a site puts around its pages. `platform`: forum | notes | wiki | blog | news | shop | docs | plain."""

    site: str
    language: str
    platform: str
    markup: str
    charset: str
    sections: Sequence[str]


def render_page(page: Page, frame: Frame, url: str, random: Random) -> str:
    """A whole HTML document. Deterministic by `random`; the page's own text is never changed."""
    draw = Draw(random, random)
    words = grammar("profile" if frame.language == "en" else "zh_profile", frame.language)
    chrome = words.deck("chrome", draw)
    votes, answer, comments, contents, related, price, posted = _VIEW[frame.language]
    title = plain_text(page.title)
    body = [_block(block, frame.markup) for block in page.blocks if block.kind != "comment"]
    remarks = [render_text(block.text, frame.markup) for block in page.blocks if block.kind == "comment"]
    who = words.text("name", draw)
    heading = f"<h1>{render_text(page.title, frame.markup)}</h1>"
    if frame.platform == "forum":
        article = _forum(heading, body, votes, answer, who, random)
    elif frame.platform == "wiki":
        names = [block.text for block in page.blocks if block.kind == "heading"]
        rows = "".join(f'<li><a href="#s{at}">{escape(name)}</a></li>' for at, name in enumerate(names))
        article = f'{heading}<div id="toc"><h2>{contents}</h2><ul>{rows}</ul></div>{"".join(body)}<p>{_LICENCE}</p>'
    elif frame.platform == "shop":
        cost = f"{random.randint(9, 399)}.{random.randint(10, 99)}"
        article = f'{heading}<div class="price">{price}: ${cost}</div><div class="description">{"".join(body)}</div>'
    elif frame.platform in ("blog", "news"):
        day = f"{random.randint(2011, 2025)}-{random.randint(1, 12):02}-{random.randint(1, 28):02}"
        article = f'{heading}<p class="byline">{posted} {day}, {escape(who)}</p>{"".join(body)}'
    else:
        article = heading + "".join(body)
    if remarks:
        shown = "".join(f'<li class="comment">{remark}</li>' for remark in remarks)
        article += f'<section id="comments"><h3>{comments}</h3><ol>{shown}</ol></section>'
    aside = "".join(f'<li><a href="/{random.randint(100, 999)}">{escape(text)}</a></li>' for text in chrome[6:10])
    return (
        f'<!DOCTYPE html>\n<html lang="{frame.language}">\n{_head(title, frame, url)}\n'
        f'<body class="{frame.platform}">\n'
        f"{_navigation(frame, chrome)}\n<main><article>\n{article}\n</article></main>\n"
        f'<aside class="sidebar"><h4>{related}</h4><ul>{aside}</ul></aside>\n'
        f"<footer><p>© {random.randint(2015, 2026)} {escape(frame.site)}</p><p>{' | '.join(chrome[2:6])}</p></footer>\n"
        "<script>window.stats = window.stats || []; window.stats.push(['view', 1]);</script>\n</body>\n</html>\n"
    )


def _head(title: str, frame: Frame, url: str) -> str:
    return (
        f'<head>\n<meta charset="{frame.charset}">\n<title>{escape(title)} - {escape(frame.site)}</title>\n'
        f'<link rel="canonical" href="{escape(url)}">\n<link rel="stylesheet" href="/css/site.css">\n'
        f"<style>.sidebar {{ float: right; width: 18em }}</style>\n{HEADS.get(frame.markup, '')}\n</head>"
    )


def _navigation(frame: Frame, chrome: Sequence[str]) -> str:
    links = "".join(f'<li><a href="{path}">{escape(path.strip("/") or "home")}</a></li>' for path in frame.sections)
    extra = "".join(f'<li><a href="/page/{at}">{escape(text)}</a></li>' for at, text in enumerate(chrome[:3]))
    return f'<header><a class="logo" href="/">{escape(frame.site)}</a><nav><ul>{links}{extra}</ul></nav></header>'


def _forum(heading: str, body: Sequence[str], votes: str, answer: str, who: str, random: Random) -> str:
    """The first half of the text as the question, the rest as one or two answers."""
    cut = max(1, len(body) // 2)
    posts = [body[:cut], body[cut:]] if len(body) - cut < 4 else [body[:cut], body[cut : cut + 2], body[cut + 2 :]]
    shown = [
        f'<div class="post"><div class="vote">{random.randint(0, 99)} {votes}</div><div class="post-body">'
        f'{"".join(post)}</div><div class="user">{escape(who)}</div></div>'
        for post in posts
        if post
    ]
    return heading + f"<h2>{len(shown) - 1} {answer}</h2>".join([shown[0], "".join(shown[1:])])


def _block(block: Block, markup: str) -> str:
    if block.kind == "code":
        return f"<pre><code>{escape(block.text, quote=False)}</code></pre>\n"
    if block.kind == "list":
        items = "".join(f"<li>{render_text(item, markup)}</li>" for item in block.text.split("\n"))
        return f"<ul>{items}</ul>\n"
    tag = "h2" if block.kind == "heading" else "p"
    return f"<{tag}>{render_text(block.text, markup)}</{tag}>\n"


def page_text(page: Page) -> str:
    """The page's text alone, formulas as $TeX$, blocks parted by empty lines: a seed corpus row."""
    return "\n\n".join([plain_text(page.title), *(plain_text(block.text) for block in page.blocks)])
