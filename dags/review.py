"""What recall_math shows to a reviewer, and how the answer reaches jobs.approvals.

Domain names come from the web: they are shown as code, with everything that could end the code span percent-encoded.
"""

from typing import Any
from urllib.parse import quote

from airflow.sdk import task
from airflow.sdk.exceptions import AirflowSkipException

from dags.submit import VERSION

SHOWN_DOMAINS = 60
SHOWN_PREFIXES = 4
SHOWN_LETTERS = 100
PLAIN = "!#$&'()*+,/:;=?@-._~[]{}"  # shown as they are; backticks, bars, backslashes, spaces and controls never are


@task.short_circuit(task_id="until_saturated", ignore_downstream_trigger_rules=False)
def _until_saturated(number: int, version: str) -> bool:
    """Skip the later rounds where this one found hardly any new tokens (paper section 2.1)."""
    from jobs.lake.catalog import Lake
    from jobs.lake.datasets import RECALLED
    from jobs.lake.settings import lake_root

    recalled = Lake(lake_root()).require(RECALLED.at(version, number), "until_saturated")
    print(f"round {number}: new share of tokens {recalled.figures['new_share']}")
    return not recalled.figures["saturated"]


@task(task_id="candidate_domains")
def _candidate_domains(number: int, version: str, params: dict[str, str]) -> str:
    """The domains that a reviewer is asked about, as Markdown; skips the question where the rule reviews."""
    if params["review"] != "person":
        raise AirflowSkipException(f"the rule {params['rule']} reviews")
    from jobs.lake.catalog import Lake
    from jobs.lake.datasets import DOMAINS
    from jobs.lake.settings import lake_root

    columns = ["domain", "pages", "share", "share_low", "share_high", "expected_tokens", "mathematical", "prefixes"]
    batches = Lake(lake_root()).read_batches(DOMAINS.at(version, number), columns, "candidate_domains")
    rows = [row for batch in batches for row in batch.filter(batch.column("mathematical")).to_pylist()]
    return domain_table(rows, f"make candidates ROUND={number} VERSION={version} FILE=review.csv")


def until_saturated(number: int) -> Any:
    return _until_saturated(number, VERSION)


def candidate_domains(number: int) -> Any:
    return _candidate_domains(number, VERSION)


def domain_table(rows: list[dict[str, Any]], command: str) -> str:
    """Rows of `domains` as a Markdown table, those with most to gain first. command: what writes all of them to a file
    to fill in."""
    if not rows:
        return "No domain of this round has a share of mathematics above the threshold: there is nothing to approve."
    rows = sorted(rows, key=lambda row: (-row["expected_tokens"], row["domain"]))
    lines = [
        f"{len(rows)} candidates; approving adds a prefix's pages that were not recalled to the next round's seeds.",
        "Percentages: pages recalled, with a 95% interval. Tokens to gain: those of the other pages, times that share.",
        f"To decide on single prefixes, run `{command}`, fill the file in, and name it below.",
        "",
        "| domain | pages | recalled | tokens to gain | URL prefixes |",
        "| --- | ---: | ---: | ---: | --- |",
    ]
    for row in rows[:SHOWN_DOMAINS]:
        prefixes = [f"{as_code(p['prefix'])} {_share(p)}" for p in row["prefixes"][:SHOWN_PREFIXES]]
        more = len(row["prefixes"]) - SHOWN_PREFIXES
        cell = ", ".join(prefixes) + (f" and {more} more" if more > 0 else "")
        lines.append(
            f"| {as_code(row['domain'])} | {row['pages']:,} | {_share(row)} | {row['expected_tokens']:,} | {cell} |"
        )
    if len(rows) > SHOWN_DOMAINS:
        lines += ["", f"{len(rows) - SHOWN_DOMAINS} more with less to gain are in the lake's `domains` table."]
    return "\n".join(lines)


def _share(row: dict[str, Any]) -> str:
    return f"{row['share']:.0%} ({row['share_low']:.0%} to {row['share_high']:.0%})"


def as_code(text: str) -> str:
    """Text of unknown origin as a Markdown code span that it cannot end, in a table cell that it cannot end."""
    return f"`{quote(text[:SHOWN_LETTERS], safe=PLAIN)}`"


def decision(number: int) -> dict[str, str]:
    """Flags of jobs.approvals, as templates: a person's answer, else the rule alone."""
    answer = f"(ti.xcom_pull(task_ids='round_{number}.approve_domains') or {{}})"
    form = f"({answer}.get('params_input') or {{}})"
    return {
        "rule": f"{{{{ '' if {form}.get('decisions') else params.rule }}}}",
        "decisions": f"{{{{ {form}.get('decisions') or '' }}}}",
        "note": f"{{{{ {form}.get('note') or '' }}}}",
        "reviewer": f"{{{{ ({answer}.get('responded_by_user') or {{}}).get('name') or '' }}}}",
        "decided_at": f"{{{{ {answer}.get('responded_at') or '' }}}}",
    }
