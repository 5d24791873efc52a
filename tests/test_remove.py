"""What has left is in nothing made afterwards; the list keeps every decision and can be undone."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from page_rows import prose
from refresh_lake import (
    ADDED,
    CHANGED,
    COPY,
    FIRST,
    FIRST_MATHS,
    GROUP,
    LEAVER,
    MARK,
    MIRROR,
    NEW,
    RING,
    SECOND,
    SECOND_QUIZ,
    UNCHANGED,
    corpus_of,
    fetched,
    first_corpus,
    publish_rows,
    run,
)  # fmt: skip
from round_rows import approval

from jobs import changes, dedup, math_pages, remove, seeds, shards, tokenizer
from jobs.explain import Answer, explain
from jobs.explain import main as explain_main
from jobs.lake.catalog import Differs, Lake, LakeError
from jobs.lake.datasets import (
    APPROVALS,
    CHANGES,
    CONTAMINATION,
    CORPUS,
    DATASETS,
    DEDUPED,
    MATH_PAGES,
    PAGES,
    SEEDS,
    SHARDS,
    TOKENIZER,
)  # fmt: skip
from jobs.lake.removals import Stale, decisions, in_force, state_address
from jobs.lake.settings import SettingsError
from jobs.lake.stage import execute
from jobs.lake.token_shards import TokenShards
from jobs.removed_pages import RemovedPages, ShownLake
from jobs.runner import SparkOptions, SparkRun
from jobs.text import bpe
from jobs.web.urls import url_prefixes

WHY = {"reason": "<b>asked</b> to", "reviewer": "Ada", "decided_at": "2026-11-22T10:00:00+01:00"}
ONE_URL = "http://www.d.org/old/index.html?utm_source=x"
THIRD = [
    *SECOND,
    fetched("https://leaver.org/3", f"{MARK} " * 40, NEW),
    fetched("https://d.org/old", "a lemma " * 30, NEW),
]


def decide(lake: Lake, **changed: Any) -> list[str]:
    return remove.remove(remove.Remove(**{**WHY, **changed}), lake)


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        ({"domain": "a.org", "url": "https://a.org"}, "give either"),
        ({"domain": "a.org", "reason": " "}, "--reason"),
        ({"domain": "a.org", "decided_at": "today"}, "'today' is no ISO 8601 time"),
        ({"domain": "blog.a.org"}, "only a whole registrable domain can be removed, and that is a.org"),
        ({"domain": "github.io"}, "is a public suffix"),
        ({"domain": "a b"}, "is no domain"),
        ({"url": "ftp://a.org/x"}, "is no http or https address"),
        ({"domain": "a.org", "undo": True}, "a.org was never removed; removed are: nothing"),
    ],
)
def test_what_cannot_be_decided_is_refused(lake: Lake, flags: dict[str, Any], said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        decide(lake, **flags)
    assert not lake.storage.folders("removals")


def test_decisions_are_kept_said_once_and_taken_back(lake: Lake) -> None:
    assert in_force(lake) is None
    decide(lake, domain="www.A.org")
    assert in_force(lake) == state_address(1)
    assert decide(lake, domain="a.org", reviewer="Bo")[0].endswith("by Ada: <b>asked</b> to: nothing to do")
    decide(lake, url="http://b.org/x/?utm_source=y")
    assert in_force(lake) == state_address(2)
    decide(lake, url="https://b.org/x", undo=True, reason="a mistake")
    assert in_force(lake) == state_address(1), "what was made after the first decision is as good as it was"
    decide(lake, domain="a.org", undo=True)
    assert in_force(lake) is None
    assert "nothing to do" in decide(lake, domain="a.org", undo=True)[0]
    rows = lake.read_table(state_address(4)).to_pylist()
    assert [(r["state"], r["action"], r["value"], r["reason"]) for r in rows] == [
        (1, "remove", "a.org", "<b>asked</b> to"), (2, "remove", "https://b.org/x", "<b>asked</b> to"),
        (3, "restore", "https://b.org/x", "a mistake"), (4, "restore", "a.org", "<b>asked</b> to"),
    ]  # fmt: skip
    assert rows[0]["decided_at"].isoformat() == "2026-11-22T09:00:00+00:00"


@pytest.fixture(scope="module")
def left(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """v1 with everything; then leaver.org and one address leave; v2 goes on from v1 with a crawl that holds them."""
    folder = tmp_path_factory.mktemp("left")
    lake = first_corpus(folder)
    said = decide(lake, domain="leaver.org")
    assert "math_pages/v1: 2 pages of it, which stay there" in said
    decide(lake, url=ONE_URL)
    publish_rows(lake, PAGES.at("v2", "two"), THIRD)
    corpus_of(lake, "v2", folder, base="v1")
    run(lake, tokenizer.STAGE, version="v2", vocabulary=400)
    for source in ("math", "natural_language"):
        run(lake, shards.STAGE, version="v2", source=source)
    run(lake, changes.STAGE, version="v2")
    return lake


@pytest.mark.spark
def test_nothing_of_what_has_left_is_in_the_next_corpus_and_shards(left: Lake) -> None:
    for dataset in DATASETS.values():
        if dataset.schema is not None and dataset not in (PAGES, CHANGES) and not dataset.split_by:
            for address in left.finished(dataset, "v2"):
                rows = json.dumps(left.read_table(address).to_pylist(), default=str)
                assert "leaver.org" not in rows and MARK not in rows and "d.org/old" not in rows, address
    kernel = bpe.load(left.storage.read(f"{TOKENIZER.at('v2').folder}/tokenizer.json").decode())
    for source in ("math", "natural_language"):
        found = TokenShards.open(left, SHARDS.at("v2", source))
        text = kernel.decode(found.read(0, found.tokens).tolist())
        assert found.documents and MARK not in text, source
        assert ("matroid" in text) == (source == "math"), "the decoded tokens are the documents'"
    assert "leaver.org" in json.dumps(left.read_table(CORPUS.at("v1")).to_pylist(), default=str)
    urls = set(left.read_table(CORPUS.at("v2"), ["url"])["url"].to_pylist())
    assert urls == {MIRROR["url"], CHANGED["url"], COPY["url"], ADDED["url"]}, "a copy elsewhere takes the place"
    made = left.require(CONTAMINATION.at("v2"), "tests")
    assert made.figures["read_from_earlier_crawls"] == 1 and "removals/000002" in made.provenance.inputs
    assert left.require(MATH_PAGES.at("v2"), "tests").dropped["removed"] == 2


@pytest.mark.spark
def test_what_was_made_before_is_never_silently_taken_for_current(left: Lake) -> None:
    options = SparkOptions(lake=left.root)
    with pytest.raises(Stale, match="math_pages/v1 was made under no list of removals, in force is removals/000002"):
        execute(dedup.STAGE, dedup.Dedup(version="v1"), options, SparkRun)
    finished = math_pages.MathPages(version="v2", parts=2, base="v1")
    assert execute(math_pages.STAGE, finished, options, SparkRun) is None
    decide(left, domain="n.org")
    with pytest.raises(Differs, match="inputs removals/000003: absent -> "):
        execute(math_pages.STAGE, finished, options, SparkRun)
    decide(left, domain="n.org", undo=True)
    assert execute(math_pages.STAGE, finished, options, SparkRun) is None, "the list says what it said before"


def test_reports_name_nothing_that_has_left_however_old_their_data(lake: Lake) -> None:
    rows = [
        {"page_id": p["page_id"], "url": p["url"], "cluster": p["page_id"], "survives": True, "similarity": 1.0,
         "reason": "unique"}
        for p in (LEAVER, MIRROR)
    ]  # fmt: skip
    publish_rows(lake, DEDUPED.at("v1"), rows)
    decide(lake, domain="leaver.org")
    shown = ShownLake(lake.root, RemovedPages.after(decisions(lake)))
    assert shown.read_table(DEDUPED.at("v1"), ["url"])["url"].to_pylist() == [MIRROR["url"]]
    assert lake.read_table(DEDUPED.at("v1")).num_rows == 2


@pytest.mark.spark
def test_neither_pages_nor_seed_rows_of_what_has_left_are_learned_from(lake: Lake, tmp_path: Path) -> None:
    publish_rows(lake, PAGES.at("v1", "one"), FIRST)
    decide(lake, domain="leaver.org")
    decide(lake, url=MIRROR["url"])
    elsewhere = [f"https://{host}/elsewhere" for host in ("leaver.org", "known.org")]
    lines = [{"url": url, "text": prose("cube")} for url in (*elsewhere, *(p["url"] for p in FIRST_MATHS))]
    (tmp_path / "seeds.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    run(lake, seeds.STAGE, version="v1", seeds=str(tmp_path / "seeds.jsonl"))
    found = lake.read_table(SEEDS.at("v1", 1)).to_pylist()
    urls = {row["url"] for row in found}
    assert {"https://known.org/elsewhere", GROUP["url"], "https://n.org/1"} <= urls
    assert not [url for url in urls if "leaver.org" in url or "mirror.org" in url]
    assert MARK not in json.dumps([row["text"] for row in found])


@pytest.mark.spark
def test_signatures_of_what_has_left_keep_no_copy_out(left: Lake) -> None:
    copies = [{**MIRROR, "page_id": "f" * 16}, fetched("https://h.org/ring", RING["text"], NEW)]
    publish_rows(left, PAGES.at("v3", "three"), copies)
    kept = [{**{k: p[k] for k in ("page_id", "url", "domain")}, "score": 0.9, "tokens": 9, "round": 1} for p in copies]
    under = {str(state_address(2)): left.require(state_address(2), "tests").fingerprint}
    publish_rows(left, MATH_PAGES.at("v3"), kept, inputs=under)
    run(left, dedup.STAGE, version="v3", earlier=("v1",))
    reasons = {r["url"]: r["reason"] for r in left.read_table(DEDUPED.at("v3")).to_pylist()}
    assert reasons == {MIRROR["url"]: "unique", "https://h.org/ring": "near_duplicate"}


@pytest.mark.spark
def test_the_changes_are_told_with_their_reasons(left: Lake) -> None:
    rows = {r["url"]: (r["change"], r["reason"]) for r in left.read_table(CHANGES.at("v2")).to_pylist()}
    assert rows == {
        LEAVER["url"]: ("removed", "left"), "https://leaver.org/2": ("removed", "left"),
        GROUP["url"]: ("removed", "near_duplicate"), CHANGED["url"]: ("changed", ""),
        MIRROR["url"]: ("added", ""), COPY["url"]: ("added", ""), ADDED["url"]: ("added", ""),
    }  # fmt: skip
    summary = json.loads(left.storage.read(f"{CHANGES.at('v2').folder}/summary.json"))
    assert (summary["size_before"]["pages"], summary["size"]["pages"]) == (4, 4)
    gain = sum(g["tokens"] - g["tokens_before"] for g in summary["kinds"])
    assert summary["size"]["tokens"] - summary["size_before"]["tokens"] == gain
    assert {g["name"]: g["pages"] for g in summary["kinds"] if g["change"] == "removed"} == {
        "left": 2,
        "near_duplicate": 1,
    }
    assert {(g["name"], g["change"]) for g in summary["crawls"]} >= {("one", "removed"), ("two", "added")}
    assert [s["source"] for s in summary["sources"] if s["tokens_before"] is None] == ["math", "natural_language"]
    page = left.storage.read(f"{CHANGES.at('v2').folder}/index.html").decode()
    assert "near duplicate" in page and "leaver.org" in page


def verdicts(found: Answer) -> list[str]:
    return [story.verdict for story in found.pages]


@pytest.mark.spark
def test_a_page_can_be_explained(left: Lake) -> None:
    assert verdicts(explain(left, "d.org/new", "v2")) == ["in corpus/v2"]
    said = "\n".join(explain(left, "http://www.d.org/new/?utm_source=x", "v2").lines())
    assert "pages/v2/crawl=two: a.warc.gz, 1 bytes at 0" in said and "threshold 0.5" in said
    assert "corpus/v2:" in said and "shards/v2/source=math/tokens-0000" in said
    changed, ring = verdicts(explain(left, RING["url"], "v2"))
    assert changed == "in corpus/v2" and ring.startswith("out: same_url, similarity 0.") and CHANGED["url"] in ring
    again, group = verdicts(explain(left, GROUP["url"], "v2"))
    assert again == f"out: unchanged since v1, where it is page {GROUP['page_id']}, which stands for it"
    assert group == f"out: near_duplicate, similarity 1.00, of {COPY['url']}"
    (quiz,) = verdicts(explain(left, SECOND_QUIZ["page_id"], "v2"))
    assert quiz.startswith("out: it holds 17 words of b, item 0: 'A farmer has twelve hens")
    (gone,) = verdicts(explain(left, LEAVER["url"], "v2"))
    assert gone == "out: domain leaver.org was removed by Ada on 2026-11-22: <b>asked</b> to"
    (stands,) = verdicts(explain(left, LEAVER["url"], "v1"))
    assert stands == "in corpus/v1, which was made before it was removed; no later version has it"
    (market,) = explain(left, "https://n.org/1", "v2").pages
    assert market.verdict == "out: no mathematical page, see its scores"
    (score,) = [f for f in market.findings if f.topic == "recall"]
    assert score.details["score"] < 0.5 and not score.details["stored"]


@pytest.mark.spark
def test_a_page_that_is_not_there_gets_what_is_nearest(left: Lake) -> None:
    assert explain(left, "https://a.org/gruop", "v2").nearest[0] == GROUP["url"]
    assert explain(left, "https://miror.org/1", "v2").nearest == ("mirror.org",)
    assert explain(left, "0123456789abcdef", "v2").nearest == ()
    with pytest.raises(SettingsError, match="neither an http address nor a page_id"):
        explain(left, "what", "v2")
    with pytest.raises(LakeError, match="version v9 has no finished pages"):
        explain(left, "https://a.org/", "v9")


def test_a_half_made_lake_gets_half_an_answer(lake: Lake) -> None:
    publish_rows(lake, PAGES.at("v1", "one"), FIRST)
    (story,) = explain(lake, UNCHANGED["url"], "v1").pages
    assert story.verdict == "not decided yet: math_pages/v1 is not finished; run 'make math_pages'"
    assert [f.topic for f in story.findings] == ["crawl", "recall", "math_pages"]


def test_all_decisions_on_a_page_are_told_and_which_one_stands(lake: Lake) -> None:
    publish_rows(lake, PAGES.at("v1", "one"), FIRST)
    host = url_prefixes(UNCHANGED["url"])[0]
    for number, decision in enumerate(("approve", "reject", "undo"), 1):
        publish_rows(lake, APPROVALS.at("v1", number), [approval(host, decision)])
        (story,) = explain(lake, UNCHANGED["url"], "v1").pages
        told = [f.said for f in story.findings if f.topic == "decision"]
        assert len(told) == number + 1 and f"{decision} {host}, by" in told[-2]
        stands = "none, all were taken back" if decision == "undo" else f"{decision} {host}"
        assert told[-1] == f"the decision that stands and speaks for it: {stands}"


def test_decisions_and_answers_on_the_command_line(
    lake: Lake, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def said(entry: Callable[[], int], *words: str) -> tuple[int, str]:
        monkeypatch.setattr("sys.argv", ["x", *words, "--lake", lake.root])
        return entry(), capsys.readouterr().out

    publish_rows(lake, PAGES.at("v1", "one"), FIRST)
    why = [word for name, value in WHY.items() for word in (f"--{name.replace('_', '-')}", value)]
    assert said(remove.main, "--domain", "b.a.org", *why) == (2, "")
    code, line = said(remove.main, "--domain", "a.org", *why)
    assert code == 0 and line.startswith("2026-11-22T09:00:00Z  remove   domain a.org  by Ada")
    assert said(remove.main, "--list")[1] == line.splitlines()[0] + "\n"
    code, story = said(explain_main, GROUP["url"], "--json")
    assert code == 0 and json.loads(story)["pages"][0]["verdict"].startswith("out: domain a.org was removed by Ada")
    assert said(explain_main, "https://a.org/none")[0] == 1
    assert said(explain_main, "what") == (2, "")
