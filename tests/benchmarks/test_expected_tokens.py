"""The benchmark of the reviewers' order counts missed pages that are labelled math, by host."""

import json
import subprocess
import sys
from pathlib import Path

from page_rows import VERSION, publish_pages
from round_rows import domain_row, maths, news, prefix_row, publish_round, recalled_row

from jobs.lake.catalog import Lake
from jobs.lake.datasets import DOMAINS, RECALLED
from jobs.text.normalise import count_tokens

SCRIPT = Path(__file__).resolve().parents[2] / "benchmarks" / "expected_tokens.py"


def test_hosts_come_in_the_reviewers_order_with_what_labels_say(lake: Lake, tmp_path: Path) -> None:
    recalled, missed = [maths(f"https://m.org/{n}", n) for n in range(2)]
    pages = [recalled, missed, maths("https://m.org/unsure", 3), news("https://n.org/1", 4)]
    publish_pages(lake, "one", pages)
    publish_round(lake, RECALLED, 1, [recalled_row(recalled)])
    publish_round(lake, DOMAINS, 1, [
        domain_row("n.org", prefix_row("n.org", 10, 5, 1000)),
        domain_row("m.org", prefix_row("m.org", 10, 5, 4000), prefix_row("m.org/deep", 8, 1, 9000)),
    ])  # fmt: skip
    kinds = ("math", "math", "mixed-unsure", "nonmath")
    labels = [{"url": p["url"], "label": k, "language": "en", "site": "s"} for p, k in zip(pages, kinds, strict=True)]
    (tmp_path / "labels.jsonl").write_text("\n".join(map(json.dumps, labels)))
    command = [sys.executable, str(SCRIPT), "--lake", lake.root, "--labels", str(tmp_path / "labels.jsonl")]
    answer = subprocess.run([*command, "--version", VERSION], capture_output=True, text=True, check=True, cwd=tmp_path)
    tokens = str(count_tokens(missed["text"]))
    assert [line.split() for line in answer.stdout.splitlines()[1:]] == [
        ["4,000", "946", "2,000", tokens, "m.org"], ["1,000", "237", "500", "0", "n.org"],
        ["5,000", "1,183", "2,500", tokens, "all"],
    ]  # fmt: skip
    refused = subprocess.run([*command, "--version", "none"], capture_output=True, text=True, check=False)
    assert refused.returncode == 1 and "domains/none/round=1 has no manifest" in refused.stderr
