"""The benchmark counts what the labels say: unsure pages count for neither side, small hosts for none."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from page_rows import VERSION, publish_pages
from round_rows import maths, news, publish_round, recalled_row

from benchmarks.corpus_quality import Label, judge, mathematical_hosts, read_labels
from jobs.lake.catalog import Lake
from jobs.lake.datasets import RECALLED, SEEDS

SCRIPT = Path(__file__).resolve().parents[2] / "benchmarks" / "corpus_quality.py"
LABELS = {
    **{
        f"https://m.org/{n}": Label("math" if n < 8 else "mixed-unsure", "zh" if n < 2 else "en", "m.org")
        for n in range(10)
    },
    **{f"https://n.org/{n}": Label("nonmath", "en", "n.org") for n in range(10)},
    **{f"https://few.org/{n}": Label("math", "en", "few.org") for n in range(2)},
}


def test_a_mathematical_host_has_eight_pages_and_a_tenth_of_maths() -> None:
    assert mathematical_hosts(LABELS.values()) == {"m.org"}
    tenth = [Label("math", "en", "t.org")] + [Label("nonmath", "en", "t.org")] * 9
    assert mathematical_hosts(tenth) == {"t.org"}
    assert mathematical_hosts([*tenth, Label("nonmath", "en", "t.org")]) == set()


def test_precision_recall_hosts_and_chinese_pages() -> None:
    urls = [f"https://m.org/{n}" for n in (0, 2, 3, 9)] + ["https://n.org/1", "https://unknown.org/"]
    found = judge("round 1", urls, LABELS, {"m.org"}, 1.0)
    assert (found.precision, found.recall) == (3 / 4, 3 / 10)
    assert (found.hosts_found, found.hosts_seeded, found.chinese_found) == (("m.org",), 1, 1)
    assert (found.unsure_kept, found.unlabelled, found.pages) == (1, 1, 6)


def test_a_host_with_a_tenth_recalled_or_less_is_not_found() -> None:
    assert judge("x", ["https://m.org/1"], LABELS, set(), None).hosts_found == ()


def test_another_label_is_refused(tmp_path: Path) -> None:
    (tmp_path / "l.jsonl").write_text('{"url": "u", "label": "maths", "language": "en", "site": "s"}\n')
    with pytest.raises(ValueError, match="line 1: label is 'maths'"):
        read_labels(tmp_path / "l.jsonl")


def test_the_command_prints_a_row_for_each_round(lake: Lake, tmp_path: Path) -> None:
    pages = [maths(f"https://m.org/{n}", n) for n in range(10)] + [news(f"https://n.org/{n}", n) for n in range(9)]
    publish_pages(lake, "one", pages)
    publish_round(lake, SEEDS, 1, [
        {"page_id": pages[0]["page_id"], "url": pages[0]["url"], "text": "x", "label": "math", "origin": "seed file"}
    ])  # fmt: skip
    publish_round(lake, RECALLED, 1, [recalled_row(p) for p in pages[:4]])
    publish_round(lake, RECALLED, 2, [recalled_row(p) for p in pages[:8]])
    rows = [{"url": u, "label": x.label, "language": x.language, "site": x.site} for u, x in LABELS.items()]
    (tmp_path / "labels.jsonl").write_text("\n".join(map(json.dumps, rows)))
    command = [sys.executable, str(SCRIPT), "--lake", lake.root, "--labels", str(tmp_path / "labels.jsonl")]
    answer = subprocess.run([*command, "--version", VERSION], capture_output=True, text=True, check=True, cwd=tmp_path)
    lines = answer.stdout.splitlines()
    assert lines[1].startswith("3 of the labelled pages are not among the pages")
    assert lines[3].split()[:4] == ["round", "1", "4", "1.000"] and lines[4].split()[:5] == [
        "round",
        "2",
        "8",
        "1.000",
        "0.800",
    ]
    refused = subprocess.run([*command, "--version", "none"], capture_output=True, text=True, check=False)
    assert refused.returncode == 1 and "seeds/none/round=1 has no manifest" in refused.stderr
