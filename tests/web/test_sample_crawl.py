"""The sample crawl: the same bytes by seed, labels that match its records, damage, duplicates and planted items."""

import gzip
import hashlib
import json
import re
import zlib
from collections import Counter
from io import BytesIO
from pathlib import Path
from random import Random
from typing import Any

import pytest
from fastwarc.warc import ArchiveIterator as FastIterator
from fastwarc.warc import WarcRecordType
from warcio.archiveiterator import ArchiveIterator

from jobs.web.sample_formulas import MARKUPS, parse_tex, plain_text, render_text
from jobs.web.sample_grammar import Draw, compute, grammar, parse_template, read_words
from jobs.web.sample_hosts import math_domains, read_hosts
from jobs.web.sample_layout import page_text
from jobs.web.sample_pages import write_page
from jobs.web.sample_questions import (
    WordProblem,
    benchmark_answer,
    benchmark_items,
    problem_templates,
    write_problem,
)
from jobs.web.sample_records import DAMAGING, HARMLESS
from jobs.web.sample_sites import BLOCK, SampleCrawl, sample_crawl, sample_page

PAGES, SEED = 240, 7
GZIP_MEMBER = b"\x1f\x8b\x08\x00"
WORD = re.compile(r"[\u4e00-\u9fff]|[^\W\u4e00-\u9fff]+|[^\w\s]")


@pytest.fixture(scope="module")
def crawl(tmp_path_factory: pytest.TempPathFactory) -> SampleCrawl:
    return sample_crawl(PAGES, SEED, tmp_path_factory.mktemp("sample") / "crawl")


def rows(path: Path) -> list[dict[str, Any]]:
    content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    return [json.loads(line) for line in content.decode().splitlines()]


def digest(folder: Path) -> str:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    parts = [path.relative_to(folder).as_posix().encode() + path.read_bytes() for path in files]
    return hashlib.sha256(b"".join(parts)).hexdigest()


def whole_members(content: bytes) -> list[bytes]:
    """The records of a WARC file whose gzip member is whole, unpacked."""
    found, at = [], content.find(GZIP_MEMBER)
    while at >= 0:
        unpacker = zlib.decompressobj(zlib.MAX_WBITS + 16)
        try:
            record = unpacker.decompress(content[at:])
        except zlib.error:
            record = b""
        if unpacker.eof and record:
            found.append(record)
            at = len(content) - len(unpacker.unused_data)
        else:
            at += 1
        at = content.find(GZIP_MEMBER, at)
    return found


def grams(text: str, size: int = 10) -> set[tuple[str, ...]]:
    """Runs of words. A Chinese character is a word and so is every sign: the reading that allows the shortest runs."""
    words = WORD.findall(text.lower().replace("\\times", "*").replace("\\div", "/").replace("$", ""))
    return {tuple(words[at : at + size]) for at in range(len(words) - size + 1)}


def test_the_same_seed_gives_the_same_bytes(crawl: SampleCrawl, tmp_path: Path) -> None:
    again = sample_crawl(PAGES, SEED, tmp_path / "again")
    assert digest(again.folder) == digest(crawl.folder)
    assert crawl.seeds.read_bytes()[4:8] == bytes(4), "the hour is in the gzip header"


def test_another_seed_gives_other_pages(crawl: SampleCrawl, tmp_path: Path) -> None:
    other = sample_crawl(PAGES, SEED + 1, tmp_path / "other")
    texts = [{page_text(sample_page(seed, index).page) for index in range(40)} for seed in (SEED, SEED + 1)]
    assert digest(other.folder) != digest(crawl.folder) and not texts[0] & texts[1]


def test_a_folder_with_something_in_it_is_refused(tmp_path: Path) -> None:
    (tmp_path / "old").write_text("x")
    with pytest.raises(FileExistsError, match="not empty"):
        sample_crawl(10, SEED, tmp_path)


def test_one_page_is_enough_and_none_is_an_error(tmp_path: Path) -> None:
    assert len(rows(sample_crawl(1, SEED, tmp_path / "one").labels)) == 1
    with pytest.raises(ValueError, match="at least 1"):
        sample_crawl(0, SEED, tmp_path / "none")


def test_labels_match_the_records(crawl: SampleCrawl) -> None:
    labels = Counter((row["file"], row["url"]) for row in rows(crawl.labels))
    hurt = {row["url"] for row in rows(crawl.damaged)}
    seen: Counter[tuple[str, str]] = Counter()
    for path in crawl.warc_files:
        for member in whole_members(path.read_bytes()):
            head = member.split(b"\r\n\r\n", 1)[0].decode()
            if "WARC-Type: response" in head:
                url = re.search(r"WARC-Target-URI: (\S+)", head)[1]  # type: ignore[index]
                seen[path.name, url] += url not in hurt
    assert +seen == labels and labels.total() == PAGES == crawl.pages


@pytest.mark.parametrize("file", [0, 2, 3])
def test_undamaged_files_are_read_alike_by_warcio_and_fastwarc(crawl: SampleCrawl, file: int) -> None:
    content = crawl.warc_files[file].read_bytes()
    ours = {row["url"] for row in rows(crawl.labels) if row["file"] == crawl.warc_files[file].name}
    by_warcio = [
        record.rec_headers.get_header("WARC-Target-URI")
        for record in ArchiveIterator(BytesIO(content), check_digests="raise")
        if record.rec_type == "response" and record.content_stream().read()
    ]
    by_fastwarc = [
        record.headers["WARC-Target-URI"]
        for record in FastIterator(BytesIO(content), record_types=WarcRecordType.response, parse_http=False)
        if record.verify_block_digest(consume=False) and record.reader.read()
    ]
    assert by_warcio == by_fastwarc and ours <= set(by_warcio)


def test_every_kind_of_damage_is_there(crawl: SampleCrawl) -> None:
    kinds = {row["damage"]: row for row in rows(crawl.damaged)}
    assert set(kinds) == {*HARMLESS, *DAMAGING}
    content = crawl.warc_files[1].read_bytes()
    assert {kinds[kind]["file"] for kind in DAMAGING} == {crawl.warc_files[1].name}
    urls = [kinds[kind]["url"].encode() for kind in ("truncated", "length_long", "length_short")]
    members = whole_members(content)
    assert [any(url in member for member in members) for url in urls] == [False, True, True]
    for kind, url in zip(("length_long", "length_short"), urls[1:], strict=True):
        head, _, block = next(member for member in members if url in member).partition(b"\r\n\r\n")
        said = int(re.search(rb"Content-Length: (\d+)", head)[1])  # type: ignore[index]
        assert said - (len(block) - 4) == {"length_long": 900, "length_short": -60}[kind]


def test_status_type_and_revisit_of_records_without_a_page(crawl: SampleCrawl) -> None:
    kinds = {row["url"]: row["damage"] for row in rows(crawl.damaged)}
    found = set()
    for file in (0, 2, 3):
        for record in ArchiveIterator(crawl.warc_files[file].open("rb")):
            kind = kinds.get(record.rec_headers.get_header("WARC-Target-URI"))
            if kind:
                http = record.http_headers
                found.add((kind, record.rec_type, http.get_statuscode(), http.get_header("Content-Type")[:15]))
    assert found <= {
        ("not_found", "response", "404", "text/html; char"),
        ("redirect", "response", "301", "text/html; char"),
        ("not_html", "response", "200", "application/pdf"),
        ("revisit", "revisit", "304", "text/html"),
    }


def test_seeds_come_from_fewer_than_half_of_the_mathematical_sites(crawl: SampleCrawl) -> None:
    seeds = rows(crawl.seeds)
    labels = {row["url"]: row for row in rows(crawl.labels)}
    assert seeds and all(list(row) == ["url", "text", "date", "metadata"] for row in seeds)
    assert {labels[row["url"]]["label"] for row in seeds} == {"math"}
    assert {labels[row["url"]]["language"] for row in seeds} == {"en"}
    assert 2 * sum(host.seeded for host in read_hosts()) < len(math_domains(read_hosts()))
    assert {json.loads(row["metadata"])["site"] for row in seeds} <= {h.name for h in read_hosts() if h.seeded}


def test_sites_of_every_role_in_both_languages(crawl: SampleCrawl) -> None:
    roles = Counter((host.role, host.language) for host in read_hosts())
    assert roles["math", "en"] >= 8 and roles["math", "zh"] >= 3 and roles["everyday", "en"] >= 18
    assert len({row["domain"] for row in rows(crawl.labels)}) >= 30
    on_math_sites = {row["label"] for row in rows(crawl.labels) if row["domain"] == "proofdesk-sample.org"}
    assert on_math_sites == {"math", "nonmath"}


def test_duplicates_are_what_they_say() -> None:
    pages = [sample_page(SEED, index) for index in range(6 * BLOCK)]
    originals = {page.url: page for page in pages if not page.duplicate}
    for page in pages:
        if page.duplicate:
            first = originals[str(page.duplicate_of)]
            assert (page.url == first.url) == (page.duplicate == "refetched")
            assert (page.page == first.page) == (page.duplicate != "nearly_copied")
            assert (page.kind, page.place.section.label) == (first.kind, first.place.section.label)


def test_near_duplicates_differ_in_few_words() -> None:
    near = [p for p in (sample_page(SEED, index) for index in range(6 * BLOCK)) if p.duplicate == "nearly_copied"]
    originals = {p.url: p for p in (sample_page(SEED, index) for index in range(6 * BLOCK)) if not p.duplicate}
    for page in near:
        ours, first = (grams(page_text(p.page), 5) for p in (page, originals[str(page.duplicate_of)]))
        assert 0.7 < len(ours & first) / len(ours | first) < 1.0


def test_exercises_of_a_series_differ_in_numbers_only() -> None:
    sheets = [page_text(write_page("exercise", "en", Random(number), Random("series"))) for number in (1, 2)]
    assert sheets[0] != sheets[1]
    assert re.sub(r"\d+", "0", sheets[0]) == re.sub(r"\d+", "0", sheets[1])
    shared = len(grams(sheets[0], 5) & grams(sheets[1], 5)) / len(grams(sheets[0], 5) | grams(sheets[1], 5))
    assert shared < 0.6


def test_planted_items_stand_word_for_word_in_their_pages() -> None:
    items = {item.name: item for item in benchmark_items(SEED)}
    planted = [p for p in (sample_page(SEED, index) for index in range(20 * BLOCK)) if p.contaminated_with]
    assert {items[str(p.contaminated_with)].short for p in planted} == {True, False}
    for page in planted:
        item = items[str(page.contaminated_with)]
        assert item.question in page_text(page.page)
        assert page.place.section.label == "math" and page.place.host.language == item.language


def test_the_benchmark_file_has_a_question_and_an_answer_a_row(crawl: SampleCrawl) -> None:
    items = rows(crawl.benchmark)
    assert all(list(item) == ["question", "answer"] for item in items)
    assert all(re.search(r"#### \d+$", item["answer"]) for item in items)
    assert len({item["question"] for item in items}) == len(items) >= 200


def test_long_items_have_ten_words_and_short_ones_three_to_nine() -> None:
    for item in benchmark_items(SEED):
        words = [word for word in WORD.findall(item.question) if word.isalnum()]
        assert 3 <= len(words) <= 9 if item.short else len(words) >= 10, item


def test_no_other_page_shares_ten_words_with_the_benchmark() -> None:
    planted = set().union(*(grams(text) for item in benchmark_items(SEED) for text in (item.question, item.answer)))
    short = [item.question for item in benchmark_items(SEED) if item.short]
    for index in range(20 * BLOCK):
        page = sample_page(SEED, index)
        text = page_text(page.page)
        if page.contaminated_with is None:
            assert not grams(text) & planted, page.url
            assert not any(question in text for question in short)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_ten_words_of_an_item_always_name_its_thing(language: str) -> None:
    words = grammar("problems", language)
    for template in problem_templates(language):
        problem = write_problem(words, Draw(Random(1), Random(1), {"thing": "qqthingqq"}), template)
        for text in (problem.question, benchmark_answer(problem).rsplit("\n", 1)[0]):
            assert all("qqthingqq" in " ".join(gram) for gram in grams(text)), text


def test_reserved_things_are_spoken_of_in_no_other_words() -> None:
    for language in ("en", "zh"):
        for thing in read_words("problems")[language]["reserved"]:
            for name in ("shared", "everyday", "mathematics", "chinese"):
                assert thing not in json.dumps(read_words(name), ensure_ascii=False)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_worked_solutions_are_right(language: str) -> None:
    words = grammar("problems", language)
    for number, template in enumerate([*problem_templates(language)] * 20):
        problem = write_problem(words, Draw(Random(number), Random(number)), template)
        sums = [re.findall(r"«(\d+) (\S+) (\d+) = (\d+)»", line) for line in problem.solution]
        for left, sign, right, result in [found for line in sums for found in line]:
            x, y = int(left), int(right)
            assert int(result) == {"+": x + y, "-": x - y, "\\times": x * y, "\\div": x // max(y, 1)}[sign]
        assert str(problem.answer) == sums[-1][-1][-1] and problem.answer >= 1


def test_the_answer_of_an_item_is_plain_and_closed_by_its_number() -> None:
    problem = WordProblem("How many?", ("There are «2 \\times 3 = 6» cups.", "Then «6 - 1 = 5» cups."), 5)
    assert benchmark_answer(problem) == "There are 2 * 3 = 6 cups.\nThen 6 - 1 = 5 cups.\n#### 5"


def all_templates() -> list[tuple[str, str, str]]:
    found = []
    for name, language in (("mathematics", "en"), ("everyday", "en"), ("chinese", "zh")):
        for subject, rules in read_words(name).items():
            found += [(subject, language, t) for rule in rules.values() for t in rule if subject != "en"]
    return found


def test_every_template_fills_and_every_formula_renders_in_every_markup() -> None:
    for number, (subject, language, template) in enumerate(all_templates()):
        text = grammar(subject, language).fill(template, Draw(Random(number), Random(number)))
        assert not re.search(r"\[[a-z_]+\]|\[\d+-\d+\]|\[=", text), text
        for tex in re.findall(r"«([^»]*)»", text):
            assert parse_tex(tex).parts
            for markup in MARKUPS:
                assert render_text(f"«{tex}»", markup) and render_text(f"a «{tex}» b", markup)


def test_formula_markups_carry_the_tex() -> None:
    tex = "\\frac{a < b}{2}"
    assert render_text(f"If «{tex}»,", "delimiters") == "If \\(\\frac{a &lt; b}{2}\\),"
    assert render_text(f"«{tex}»", "mathjax2").endswith(f'<script type="math/tex; mode=display">{tex}</script>')
    annotation = '<annotation encoding="application/x-tex">\\frac{a &lt; b}{2}</annotation>'
    assert annotation in render_text(f"«{tex}»", "katex")
    assert "annotation" not in render_text(f"«{tex}»", "mathml")
    assert 'alt="{\\displaystyle \\frac{a &lt; b}{2}}"' in render_text(f"«{tex}»", "wiki_image")
    assert "latex.php?latex=%5Cfrac%7Ba%20%3C%20b%7D%7B2%7D&amp;bg" in render_text(f"«{tex}»", "wordpress")
    assert render_text("«x_1^2»", "subsup") == '<span class="formula"><i>x</i><sub>1</sub><sup>2</sup></span>'
    assert plain_text("so «x» and") == "so $x$ and" and plain_text("«x»") == "$$x$$"


def test_a_formula_with_a_lost_brace_is_an_error() -> None:
    for broken in ("\\frac{1}{2", "x}", "\\nosuch"):
        with pytest.raises(ValueError, match="formula"):
            parse_tex(broken)


def test_remembered_slots_hold_and_numbered_ones_differ() -> None:
    words = grammar("travel", "en")
    for seed in range(30):
        text = words.fill("[Town]|[Town]|[Town2]", Draw(Random(seed), Random(seed)))
        first, again, other = text.split("|")
        assert first == again != other


def test_computed_slots() -> None:
    assert compute("a*a-2*b+1", {"a": "5", "b": "3"}) == 20
    assert grammar("travel", "en").fill("[a:4-4] and [=a*3]", Draw(Random(1), Random(1))) == "4 and 12"
    assert len(parse_template("x^{2} in [0,1]")) == 1


def test_chinese_pages_come_in_gb18030_too(crawl: SampleCrawl) -> None:
    found = set()
    for record in ArchiveIterator(crawl.warc_files[0].open("rb")):
        if record.rec_type == "response" and "text/html" in record.http_headers.get_header("Content-Type"):
            charset = record.http_headers.get_header("Content-Type").rpartition("=")[2]
            record.content_stream().read().decode(charset)
            found.add(charset)
    assert found == {"utf-8", "gb18030"}


def test_pages_have_the_length_of_pages() -> None:
    lengths = [len(page_text(sample_page(SEED, index).page)) for index in range(200)]
    assert min(lengths) > 300 and sorted(lengths)[100] > 1200
