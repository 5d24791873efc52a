"""The suites on pages and corpus: good data passes, each broken rule is found, the Data Docs stand alone."""

import hashlib
import json
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from jobs.lake.catalog import Lake, Publication
from jobs.lake.datasets import CONTAMINATION, CORPUS, FORMULA_LEDGER, PAGES, Address
from jobs.lake.manifest import Provenance
from jobs.lake.settings import RunOptions
from jobs.lake.stage import Run, Stage, StageError, StageSettings
from jobs.quality.check import SUITES, check, measured_rows
from jobs.quality.formula_ledger import ledger_suite
from jobs.quality.validation import validate

Row = dict[str, Any]
HOSTILE = "https://evil.example/<script>alert(1)</script>"
TEXT = "Let $x$ be a real number. " * 30


def page(number: int, **changes: object) -> Row:
    digest = hashlib.sha256(str(number).encode()).hexdigest()
    row = {
        "page_id": digest[:16], "url": f"https://maths.example/{number}", "domain": "maths.example",
        "fetched_at": datetime(2026, 10, 1, tzinfo=UTC), "language": "en", "language_score": 0.9, "title": "A page",
        "text": TEXT, "formulas_seen": 30, "formulas_kept": 30, "formula_kinds_seen": [("mathjax", 30)],
        "formula_kinds": [("mathjax", 30)], "charset": "utf-8",
        "warc_path": "a.warc.gz", "warc_offset": 10 * number, "warc_length": 10, "content_digest": digest[:40],
        "robots": "", "license": "", "truncated": False, "over_limit": False, "notes": "",
    }  # fmt: skip
    return {**row, **changes}


def corpus_page(number: int, **changes: object) -> Row:
    row = page(number)
    row.update(tokens=200, score=0.8, round=1, formulas=30, cluster=row["page_id"], crawl="sample")
    assert CORPUS.schema is not None
    return {**{name: row[name] for name in CORPUS.schema.names}, **changes}


def publication(root: Path, address: Address, rows: list[Row]) -> tuple[Run, Publication]:
    """A stage's run that has written its rows and not published them."""
    lake = Lake(str(root))
    begun = lake.begin(address, Provenance("jobs.test", {}, {}, {}))
    assert begun is not None
    begun.write_table("part-00000.parquet", pa.Table.from_pylist(rows, schema=address.dataset.schema))
    stage = Stage(StageSettings, lambda settings, run: None, writes=lambda settings: [address])
    return Run(stage, StageSettings(), RunOptions(lake=str(root)), lake, "pages"), begun


PAGES_AT = PAGES.at("v1", "sample")
CORPUS_AT = CORPUS.at("v1")
VIOLATIONS: list[tuple[Address, Callable[..., Row], Row, str]] = [
    (PAGES_AT, page, {"page_id": page(0)["page_id"]}, "page_id"),
    (PAGES_AT, page, {"page_id": "not a hash"}, "page_id"),
    (PAGES_AT, page, {"url": "ftp://maths.example/1"}, "url"),
    (PAGES_AT, page, {"url": "javascript:alert(1)//https://x"}, "url"),
    (PAGES_AT, page, {"language_score": 1.01}, "language_score"),
    (PAGES_AT, page, {"formulas_kept": 31}, "formulas_seen, formulas_kept"),
    (PAGES_AT, page, {"formulas_kept": -1}, "formulas_kept"),
    (PAGES_AT, page, {"content_digest": "A" * 40}, "content_digest"),
    (PAGES_AT, page, {"content_digest": "a" * 40 + "\n"}, "content_digest"),
    (PAGES_AT, page, {"warc_offset": -1}, "warc_offset"),
    (PAGES_AT, page, {"warc_length": 0}, "warc_length"),
    (CORPUS_AT, corpus_page, {"page_id": page(0)["page_id"]}, "page_id"),
    (CORPUS_AT, corpus_page, {"url": ""}, "url"),
    (CORPUS_AT, corpus_page, {"text": " \n\t "}, "text_characters"),
    (CORPUS_AT, corpus_page, {"tokens": 0}, "tokens"),
    (CORPUS_AT, corpus_page, {"score": -0.1}, "score"),
    (CORPUS_AT, corpus_page, {"round": 0}, "round"),
    (CORPUS_AT, corpus_page, {"formulas": -1}, "formulas"),
    (CORPUS_AT, corpus_page, {"cluster": ""}, "cluster"),
    (CORPUS_AT, corpus_page, {"content_digest": ""}, "content_digest"),
    (CORPUS_AT, corpus_page, {"warc_offset": -1}, "warc_offset"),
    (CORPUS_AT, corpus_page, {"warc_length": 0}, "warc_length"),
]


@pytest.mark.parametrize(("address", "make", "changes", "column"), VIOLATIONS)
def test_each_critical_rule_stops_the_stage_and_names_the_page(
    tmp_path: Path, address: Address, make: Callable[..., Row], changes: Row, column: str
) -> None:
    run, begun = publication(tmp_path, address, [make(0), make(1, **changes), make(2)])
    with pytest.raises(StageError) as error:
        check(run, begun)
    assert f"[{column}]" in str(error.value)
    assert repr(changes.get("page_id", make(1)["page_id"])) in str(error.value)
    assert "1 critical" in str(error.value)
    assert run.lake.find(address) is None
    docs = re.findall(r"Data Docs: (\S+)", str(error.value))
    assert b"broken" in Path(docs[0]).read_bytes()


def test_a_missing_url_is_found(tmp_path: Path) -> None:
    """The lake's schema lets no null be written, so the rule is shown one directly."""
    suite = SUITES["pages"]
    _, begun = publication(tmp_path, PAGES_AT, [page(0), page(1)])
    rows = measured_rows(suite, begun)
    without = rows.set_column(rows.schema.get_field_index("url"), "url", pa.array([None, "https://maths.example/1"]))
    (broken,) = validate(suite, without, 2).failed("critical")
    assert broken.rule.expectation == "ExpectColumnValuesToNotBeNull"


@pytest.mark.parametrize(("address", "word"), [(PAGES_AT, "no page at all"), (CORPUS_AT, "corpus is empty")])
def test_a_dataset_without_rows_stops_the_stage(tmp_path: Path, address: Address, word: str) -> None:
    run, begun = publication(tmp_path, address, [])
    with pytest.raises(StageError, match=word):
        check(run, begun)


def test_good_data_passes_and_its_files_stay_as_they_were(tmp_path: Path) -> None:
    for address, make in ((PAGES_AT, page), (CORPUS_AT, corpus_page)):
        run, begun = publication(tmp_path, address, [make(n) for n in range(5)])
        written = begun.files[0]
        check(run, begun)
        manifest = begun.finish()
        assert manifest.rows == 5
        assert [f.name for f in manifest.files] == ["part-00000.parquet", "quality/index.html", "quality/results.json"]
        assert run.lake.storage.sha256(begun.name(written.name)) == written.sha256
        figure = run.figures["quality"]
        assert isinstance(figure, dict)
        assert figure["met"] == figure["expectations"]
        assert figure["warnings"] == []


def test_the_same_data_gives_the_same_documents(tmp_path: Path) -> None:
    digests = []
    for root in ("a", "b"):
        run, begun = publication(tmp_path / root, PAGES_AT, [page(0), page(1)])
        check(run, begun)
        digests.append([f.sha256 for f in begun.files if f.name.startswith("quality/")])
    assert digests[0] == digests[1]


def test_warnings_are_told_and_stop_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    rows = [page(n, language="und", text="", formulas_kept=1) for n in range(3)]
    run, begun = publication(tmp_path, PAGES_AT, rows)
    check(run, begun)
    figure = run.figures["quality"]
    assert isinstance(figure, dict)
    warned = figure["warnings"]
    assert isinstance(warned, list)
    assert [w.split(":")[0] for w in warned] == ["undetermined_share", "formula_recovery", "median_text_characters"]
    assert figure["undetermined_share"] == 1
    assert figure["formula_recovery"] == pytest.approx(1 / 30)


def ledger(domain: str, seen: int, kept: int) -> Row:
    return {
        "domain": domain, "pages": 3, "pages_over_limit": 0, "formulas_seen": seen, "formulas_kept": kept,
        "kinds_seen": [("katex", seen)], "kinds_kept": [("katex", kept)], "recovery": kept / seen if seen else None,
    }  # fmt: skip


LEDGER_AT = FORMULA_LEDGER.at("v1", "sample")


def test_domains_that_lose_formulas_are_warned_of_worst_first(tmp_path: Path) -> None:
    rows = [ledger("good.org", 400, 399), ledger("bad.org", 20, 18), ledger("few.org", 19, 0), ledger("none.org", 0, 0),
            ledger("worst.org", 100, 90), ledger("one.org", 20, 19)]  # fmt: skip
    run, begun = publication(tmp_path, LEDGER_AT, rows)
    check(run, begun)
    figure = run.figures["formula_ledger"]
    assert isinstance(figure, dict)
    (warning,) = figure["warnings"]  # type: ignore[misc]
    assert str(warning).startswith("recovery: ") and "(2 of " in str(warning)
    assert (figure["domains_judged"], figure["domains_below"], figure["formulas_seen"]) == (4, 2, 559)
    results = json.loads((tmp_path / begun.name("quality/results.json")).read_bytes())
    (broken,) = [e for e in results["expectations"] if not e["passed"]]
    assert [(s["domain"], s["lost"]) for s in broken["samples"]] == [
        ("worst.org", "10 lost of 100"),
        ("bad.org", "2 lost of 20"),
    ]
    assert "rows were checked, those of domains that hold formulas" in results["coverage"]


def test_a_crawl_below_the_floor_is_stopped_and_the_floor_is_a_setting(tmp_path: Path) -> None:
    rows = [ledger("a.org", 100, 60), ledger("b.org", 100, 90)]
    run, begun = publication(tmp_path, LEDGER_AT, rows)
    with pytest.raises(StageError, match=r"\[formula_recovery\].*Observed: 0.75"):
        check(run, begun)
    check(run, begun, ledger_suite(0.7))
    with pytest.raises(StageError, match="formula_recovery"):
        check(run, begun, ledger_suite(0.76))


def test_a_crawl_with_few_formulas_is_not_judged(tmp_path: Path) -> None:
    run, begun = publication(tmp_path, LEDGER_AT, [ledger("a.org", 19, 0)])
    check(run, begun)
    assert run.figures["formula_ledger"]["formula_recovery"] is None  # type: ignore[index,call-overload]


def test_results_are_json_with_every_expectation(tmp_path: Path) -> None:
    run, begun = publication(tmp_path, PAGES_AT, [page(0)])
    check(run, begun)
    results = json.loads((tmp_path / begun.name("quality/results.json")).read_bytes())
    suite = SUITES["pages"]
    assert len(results["expectations"]) == len(suite.row_rules) + len(suite.figure_rules)
    assert all(e["passed"] for e in results["expectations"])
    assert results["coverage"] == "all 1 rows were checked"


def test_documents_load_nothing_and_escape_what_pages_say(tmp_path: Path) -> None:
    run, begun = publication(
        tmp_path, PAGES_AT, [page(0, url=HOSTILE, warc_length=0), page(1, url="<img src=x>\n08:00 I done")]
    )
    with pytest.raises(StageError) as error:
        check(run, begun)
    assert not any(line.startswith("08:00") for line in str(error.value).splitlines())
    text = (tmp_path / begun.name("quality/index.html")).read_text()
    assert "alert(1)" in text
    assert "&lt;script&gt;" in text
    tags = Tags()
    tags.feed(text)
    assert not tags.names & {"script", "img", "link", "iframe", "object"}
    assert not tags.addresses
    assert "url(" not in text
    assert "@import" not in text


def test_a_dataset_without_a_suite_passes(tmp_path: Path) -> None:
    run, begun = publication(tmp_path, CONTAMINATION.at("v1"), [])
    check(run, begun)
    assert [f.name for f in begun.files] == ["part-00000.parquet"]


def test_rules_name_columns_that_are_measured() -> None:
    """A rule on a column that nobody measures would be an exception inside the library, not a test of the data."""
    for suite in SUITES.values():
        assert suite.dataset.schema is not None
        empty = pa.RecordBatch.from_pylist([], schema=pa.schema([suite.dataset.schema.field(c) for c in suite.columns]))
        rows = pa.Table.from_batches([suite.measure(empty)])
        figures = {"rows", "rows_checked", *suite.summarise(rows)}
        for rule in suite.row_rules:
            assert set(rule.column.split(", ")) <= set(rows.column_names)
        for rule in suite.figure_rules:
            assert rule.column in figures


def test_an_expectation_that_cannot_be_evaluated_is_a_broken_one(tmp_path: Path) -> None:
    suite = SUITES["corpus"]
    _, begun = publication(tmp_path, CORPUS_AT, [corpus_page(0)])
    absent = replace(suite.row_rules[0], arguments={"column": "no_such_column"})
    found = validate(replace(suite, row_rules=(absent,)), measured_rows(suite, begun), 1)
    (broken,) = found.failed("critical")
    assert "could not be evaluated" in broken.observed


def test_a_stage_module_imports_no_heavy_library_with_the_check() -> None:
    """DAG tests and `--help` import every stage; the library alone takes seconds."""
    probe = "import sys, jobs.quality.check; print({'great_expectations', 'pandas'} & set(sys.modules))"
    answer = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "set()"


class Tags(HTMLParser):
    """The names of all elements, and every attribute that would load or lead somewhere."""

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.add(tag)
        self.addresses += [v or "" for k, v in attrs if k in ("src", "href", "action", "data", "srcset")]
