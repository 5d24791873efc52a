"""What a person may change for one run: the typed fields of the trigger forms, one definition for all DAGs.

A deployment sets its own defaults by MATHQUARRY_<NAME>, such as MATHQUARRY_SEEDS=/data/openwebmath.jsonl.gz.
"""

import os
from datetime import timedelta

from airflow.sdk import Param

NAME = r"^[A-Za-z0-9][A-Za-z0-9._-]*$"
"""The lake's rule for words of an address."""

REVIEW_TIME = timedelta(days=7)
"""How long a question waits for its person before the run fails."""

REVIEW_FORM = {
    "decisions": Param(
        None, type=["null", "string"], title="Decisions file",
        description="CSV, JSON lines or Parquet: prefix, decision, note. Empty: the rule decides on every candidate.",
    ),
    "note": Param(None, type=["null", "string"], title="Note", description="Kept with the approvals."),
}  # fmt: skip
"""What a reviewer of domains may add to the answer; empty fields are null, as Airflow requires a text to be filled."""


def default(name: str, fallback: str) -> str:
    """This deployment's default of a field."""
    return os.environ.get(f"MATHQUARRY_{name.upper()}", "").strip() or fallback


def parameters(*names: str) -> dict[str, Param]:
    """The form fields of a DAG, in the given order."""
    every = _every_parameter()
    return {name: every[name] for name in names}


def _every_parameter() -> dict[str, Param]:
    return {
        "version": Param(
            default("version", "v1"), type="string", pattern=NAME, title="Version", section="Data",
            description_md="Version of everything this run reads and writes in the lake. "
            "A run that new data started takes that data's version.",
        ),
        "crawl": Param(
            default("crawl", "sample"), type="string", pattern=NAME, title="Crawl id", section="Data",
            description_md="Name of the crawl in the lake. For Common Crawl its id, such as `CC-MAIN-2026-43`.",
        ),
        "input": Param(
            default("input", "sample"), type="string", minLength=1, title="Input", section="Data",
            description_md="`sample` (generated here), `commoncrawl`, or a folder of WARC files.",
        ),
        "segments": Param(
            int(default("segments", "1")), type="integer", minimum=1, maximum=100, title="Segments", section="Data",
            description_md="Common Crawl only: how many of the snapshot's 100 segments to fetch.",
        ),
        "seeds": Param(
            default("seeds", "sample"), type="string", minLength=1, title="Seeds", section="Data",
            description_md="`sample`, or a file of mathematical pages with OpenWebMath's columns (JSON lines).",
        ),
        "benchmarks": Param(
            default("benchmarks", "sample"), type="string", minLength=1, title="Benchmarks", section="Data",
            description_md="`sample`, or a folder of benchmark files that the corpus must not contain.",
        ),
        "keep_tokens": Param(
            int(default("keep_tokens", "40_000_000_000")), type="integer", minimum=1, title="Tokens to keep",
            section="Recall", description_md="Token budget of each round; the paper kept 40 billion in its first.",
        ),
        "review": Param(
            default("review", "rule"), type="string", enum=["rule", "person"], title="Who reviews the domains",
            section="Review", values_display={"rule": "the rule below", "person": "a person, under Required Actions"},
        ),
        "rule": Param(
            default("rule", "share>=0.5"), type="string", minLength=1, title="Rule", section="Review",
            description_md="Approves the URL prefixes for which it holds, such as `share>=0.5 and pages>=10`.",
        ),
        "recipe": Param(
            default("recipe", "tiny"), type="string", enum=["tiny", "math_1b", "math_7b"], title="Recipe",
            section="Training", description_md="Model size and all training settings; see `training/recipes`.",
        ),
    }  # fmt: skip
