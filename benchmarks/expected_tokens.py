"""What approving each host of a round would bring: as estimated for reviewers, and as labels say.

    python benchmarks/expected_tokens.py --lake LAKE --labels labels.jsonl --round 1

`labelled` counts tokens of pages that were not recalled and that are labelled math; pages whose label is uncertain
count as none. Labels are only read here: nothing in the flow sees them.
"""

import argparse
import sys
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # run as a file, from any folder

from benchmarks.corpus_quality import MATH, Label, read_labels
from jobs.decisions import Candidate, read_candidates
from jobs.lake.catalog import Lake, LakeError
from jobs.lake.datasets import DOMAINS, PAGES, RECALLED
from jobs.text.normalise import count_tokens
from jobs.web.urls import url_prefixes

HEADS = ("missed", "x share_low", "x share", "labelled", "host")


def labelled_tokens(lake: Lake, version: str, number: int, labels: dict[str, Label]) -> Counter[str]:
    """Host -> tokens of its pages that the round did not recall and that are labelled math."""
    recalled = set(lake.read_table(RECALLED.at(version, number), ["page_id"])["page_id"].to_pylist())
    found: Counter[str] = Counter()
    for address in lake.finished(PAGES, version):
        for batch in lake.read_batches(address, ["page_id", "url", "text"]):
            for row in batch.to_pylist():
                label = labels.get(row["url"])
                if row["page_id"] not in recalled and label and label.label == MATH:
                    found[url_prefixes(row["url"])[0]] += count_tokens(row["text"])
    return found


def table(candidates: list[Candidate], labelled: Counter[str]) -> str:
    """The hosts in the order that reviewers see, and their sums. Prefixes below hosts would count pages twice."""
    hosts = [c for c in candidates if "/" not in c.prefix]
    figures = [
        (c.missed_tokens, round(c.missed_tokens * c.share_low), c.expected_tokens, labelled[c.prefix]) for c in hosts
    ]
    rows = [*zip(figures, (c.prefix for c in hosts), strict=True), (tuple(map(sum, zip(*figures, strict=True))), "all")]
    lines = ["".join(f"{head:>13}" for head in HEADS[:-1]) + f"  {HEADS[-1]}"]
    return "\n".join(lines + ["".join(f"{f:13,}" for f in figures) + f"  {name}" for figures, name in rows])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lake", required=True, help="root of the lake: a folder or an object-store URI")
    parser.add_argument("--labels", required=True, type=Path, help="labels.jsonl of the crawl")
    parser.add_argument("--version", default="v1", help="version of the datasets (default: v1)")
    parser.add_argument("--round", type=int, default=1, help="round whose candidates are judged (default: 1)")
    given = parser.parse_args()
    lake = Lake(given.lake)
    try:
        candidates = read_candidates(lake, DOMAINS.at(given.version, given.round))
        print(table(candidates, labelled_tokens(lake, given.version, given.round, read_labels(given.labels))))
    except (LakeError, OSError, ValueError, KeyError) as error:
        raise SystemExit(f"expected_tokens: {error}") from error


if __name__ == "__main__":
    main()
