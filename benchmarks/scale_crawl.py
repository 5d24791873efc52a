"""A generated crawl for measuring scale: `python benchmarks/scale_crawl.py 50000 FOLDER`, same number, same bytes.

Writes crawl-*.warc.gz (5,000 records each, a gzip member a record), seeds.jsonl.gz and benchmarks/problems.jsonl. Pages
have 8 to 80 sentences (about 3 KB of text in 6 KB of HTML), a seventh of the hosts is Chinese, about 5% of the pages
are mathematics in four markups, sizes of hosts fall as rank^(-2/3). Of every 20 pages one is a near copy on another
host and one a page fetched again under a tracking parameter; one mathematical page in 100 holds a benchmark item.

The sentences are those of the sample crawl's grammar, each with a clause of invented words whose frequencies fall as in
real text. They come from pools, which makes the generator fast; a page's own name stands in half of them.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import sys
import zlib
from base64 import b32encode
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache, partial
from hashlib import sha1
from html import escape
from pathlib import Path
from random import Random

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # run as a file, from any folder

from jobs.web.sample_formulas import HEADS, plain_text, render_text
from jobs.web.sample_grammar import Draw, grammar
from jobs.web.sample_questions import benchmark_items

PAGES_A_FILE = 5_000
PAGES_A_HOST = 25
SEED_SHARE = 100  # a seed row for every 100 pages of the crawl; half of them are pages of the crawl
BLOCK, NEAR_COPY, REFETCHED = 20, 18, 19  # slots in each block of 20 pages
NEARBY = 20_000  # pages back that a copy's original may lie
POOL = 1_500  # sentences of a subject in a markup
VOCABULARY = 60_000
CONTAMINATED_EVERY = 100  # mathematical pages
BENCHMARK_SEEDS = 20  # of some 200 items each
FIRST_FETCH = datetime(2026, 1, 1, tzinfo=UTC)
NAME = "§"

MATHS = {
    "en": ("algebra", "calculus", "number_theory", "geometry", "probability", "linear_algebra"),
    "zh": ("zh_algebra", "zh_geometry", "zh_calculus"),
}
EVERYDAY = {
    "en": ("recipes", "news", "sport", "shop", "travel", "software", "law", "gardening", "health", "film", "cars",
           "music", "property", "history", "pets", "finance", "chemistry", "campus"),
    "zh": ("zh_news", "zh_cooking", "zh_travel", "zh_shop"),
}  # fmt: skip
MARKUPS = ("delimiters", "mathjax2", "katex", "mathml")
CONSONANTS, VOWELS = "bdfgklmnprstvz", "aeiou"
STYLE = "".join(f".c{n} {{ margin: {n}px; color: #{n:03}; float: left }}\n" for n in range(24))
LINKS = "".join(f'<li><a href="/section/{n}">{name}</a></li>' for n, name in enumerate(EVERYDAY["en"]))


@dataclass(frozen=True)
class Page:
    """One fetch."""

    index: int
    url: str
    host: str
    language: str
    markup: str
    sentences: tuple[tuple[str, str], ...]
    """(HTML, plain text) of each, NAME where the page's name goes."""
    name: str
    maths: bool
    planted: str = ""

    def text(self) -> str:
        joint = "" if self.language == "zh" else " "
        return joint.join(plain for _, plain in self.sentences).replace(NAME, self.name)

    def html(self) -> str:
        """The page in its site's frame, four sentences a paragraph."""
        pieces = [html for html, _ in self.sentences]
        body = "".join(f"<p>{' '.join(pieces[at : at + 4])}</p>\n" for at in range(0, len(pieces), 4))
        if self.planted:
            body += f"<p>{escape(self.planted, quote=False)}</p>\n"
        head = f'<head><meta charset="utf-8"><title>{self.name} - {self.host}</title>\n<style>{STYLE}</style>'
        return (
            f'<!DOCTYPE html>\n<html lang="{self.language}">{head}{HEADS.get(self.markup, "")}</head><body>\n'
            f"<header><nav><ul>{LINKS}</ul></nav></header>\n"
            f"<main><article><h1>{self.name} {self.index}</h1>\n{body}</article></main>\n"
            f"<aside><ul>{LINKS}</ul></aside><footer><p>© 2026 {self.host}</p></footer>\n"
            "<script>window.stats = window.stats || [];</script></body></html>\n"
        ).replace(NAME, self.name)


@cache
def words(language: str) -> tuple[str, ...]:
    """Invented words, the most frequent first: syllables in English, pairs of characters in Chinese."""
    random = Random(f"words {language}")
    if language == "zh":
        return tuple(
            chr(0x4E00 + random.randrange(3000)) + chr(0x4E00 + random.randrange(3000)) for _ in range(VOCABULARY)
        )
    syllables = [c + v + e for c in CONSONANTS for v in VOWELS for e in ("", "n", "r", "st")]
    return tuple("".join(random.choices(syllables, k=random.choice((1, 2, 2, 3)))) for _ in range(VOCABULARY))


@cache
def pool(subject: str, language: str, markup: str) -> tuple[tuple[str, str], ...]:
    """Sentences of a subject as (HTML, plain text)."""
    random = Random(f"pool {subject} {language}")
    rules, known = grammar(subject, language), words(language)
    joint, comma, stop = ("", "，", "。") if language == "zh" else (" ", ", ", ".")
    made = []
    for at in range(POOL):
        draw = Draw(random, random)
        sentence = rules.text("sentence", draw).rstrip(".。")
        clause = [known[int(VOCABULARY * random.random() ** 4)] for _ in range(random.randint(4, 12))]
        if at % 2:
            clause[len(clause) // 2] = NAME
        text = sentence + comma + joint.join(clause) + stop
        made.append((render_text(text, markup), plain_text(text)))
    return tuple(made)


def original(pages: int, index: int) -> Page:
    """The page of this number, were it no copy. `pages`: of the whole crawl."""
    random = Random(index * 1_000_003 + 7)
    hosts = max(10, pages // PAGES_A_HOST)
    rank = int(hosts * random.random() ** 3)
    language = "zh" if rank % 7 == 3 else "en"
    # By rank, not drawn: whether the largest host is mathematical must not decide a run.
    share = 0.8 if rank % 20 == 7 else 0.2 if rank % 20 == 13 else 0.001
    maths = random.random() < share
    subject = random.choice((MATHS if maths else EVERYDAY)[language])
    markup = MARKUPS[rank % len(MARKUPS)] if maths else "none"
    host = f"site{rank}-sample.{'cn' if language == 'zh' else 'org'}"
    count = min(80, 8 + int(random.expovariate(1 / 20)))
    chosen = tuple(random.choices(pool(subject, language, markup), k=count))
    planted = ""
    if maths and random.randrange(CONTAMINATED_EVERY) == 0:
        planted = random.choice(items(language))
    url = f"https://www.{host}/{'notes' if maths else subject}/{index}.html"
    return Page(index, url, host, language, markup, chosen, random.choice(words(language)), maths, planted)


def page(pages: int, index: int) -> Page:
    """The page of this number: an original, a near copy of one, or one fetched again."""
    block, slot = divmod(index, BLOCK)
    if slot < NEAR_COPY:
        return original(pages, index)
    random = Random(index)
    first = max(0, index - NEARBY) // BLOCK
    source = original(pages, random.randint(first, block) * BLOCK + random.randrange(NEAR_COPY))
    if slot == REFETCHED:
        return replace(source, url=f"{source.url}?utm_source=feed{index}")
    changed = list(source.sentences)
    changed[len(changed) // 2 :] = changed[len(changed) // 2 + 1 :]
    host = f"mirror{index % 50}-sample.net"
    return replace(source, index=index, host=host, url=f"https://{host}/copy/{index}.html", sentences=tuple(changed))


@cache
def items(language: str) -> tuple[str, ...]:
    """Questions of the benchmark that may be planted, three lines long at most."""
    return tuple(
        i.question for s in range(BENCHMARK_SEEDS) for i in benchmark_items(s) if i.language == language and not i.short
    )


def record(made: Page) -> bytes:
    """A gzip member with the response record of a page."""
    payload = made.html().encode()
    block = (
        b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: %d\r\n\r\n" % len(payload)
    ) + payload
    date = (FIRST_FETCH + timedelta(seconds=made.index)).strftime("%Y-%m-%dT%H:%M:%SZ")
    head = (
        "WARC/1.0\r\nWARC-Type: response\r\nWARC-Record-ID: "
        f"<urn:uuid:{zlib.crc32(made.url.encode()):08x}-0000-4000-8000-{made.index:012x}>\r\n"
        f"WARC-Target-URI: {made.url}\r\nWARC-Date: {date}\r\n"
        f"WARC-Payload-Digest: sha1:{b32encode(sha1(payload).digest()).decode()}\r\n"
        f"Content-Type: application/http; msgtype=response\r\nContent-Length: {len(block)}\r\n\r\n"
    )
    return zlib.compress(head.encode() + block + b"\r\n\r\n", 1, zlib.MAX_WBITS | 16)


def write_file(pages: int, folder: Path, number: int) -> None:
    """One WARC file of the crawl."""
    name = folder / f"crawl-{number:05}.warc.gz"
    with name.open("wb") as out:
        info = b"software: MathQuarry scale crawl\r\n"
        head = (
            f"WARC/1.0\r\nWARC-Type: warcinfo\r\nWARC-Record-ID: <urn:uuid:00000000-0000-4000-9000-{number:012x}>\r\n"
            "WARC-Date: 2026-01-01T00:00:00Z\r\nContent-Type: application/warc-fields\r\n"
            f"Content-Length: {len(info)}\r\n\r\n"
        )
        out.write(zlib.compress(head.encode() + info + b"\r\n\r\n", 1, zlib.MAX_WBITS | 16))
        for index in range(number * PAGES_A_FILE, min(pages, (number + 1) * PAGES_A_FILE)):
            out.write(record(page(pages, index)))


def write_seeds(pages: int, path: Path) -> int:
    """Rows in OpenWebMath's schema: mathematical originals, half of them of the crawl, half beyond it."""
    wanted = max(100, pages // SEED_SHARE)
    rows = 0
    with path.open("wb") as raw, gzip.GzipFile(filename="", mode="wb", fileobj=raw, mtime=0, compresslevel=1) as out:
        for start, until in ((0, wanted // 2), (pages, wanted)):
            index = start
            while rows < until:
                if index % BLOCK < NEAR_COPY and (made := original(pages, index)).maths:
                    row = {"url": made.url, "text": made.text(), "date": "2026-01-01", "metadata": "{}"}
                    out.write(json.dumps(row, ensure_ascii=False).encode() + b"\n")
                    rows += 1
                index += 1
    return rows


def write_benchmark(path: Path) -> None:
    rows = [{"question": i.question, "answer": i.answer} for s in range(BENCHMARK_SEEDS) for i in benchmark_items(s)]
    path.parent.mkdir(exist_ok=True)
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")


def write_crawl(pages: int, folder: Path, processes: int = 1) -> None:
    """All files of a crawl. The bytes do not depend on `processes`."""
    folder.mkdir(parents=True, exist_ok=True)
    with ProcessPoolExecutor(processes) as pool_of_processes:
        list(pool_of_processes.map(partial(write_file, pages, folder), range(-(-pages // PAGES_A_FILE))))
    write_seeds(pages, folder / "seeds.jsonl.gz")
    write_benchmark(folder / "benchmarks" / "problems.jsonl")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("pages", type=int, help="pages to make")
    parser.add_argument("folder", type=Path)
    given = parser.parse_args()
    write_crawl(given.pages, given.folder, len(os.sched_getaffinity(0)))


if __name__ == "__main__":
    main()
