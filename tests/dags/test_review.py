"""What a reviewer is shown: domain names come from the web and must stay text."""

import re

from dags.review import SHOWN_DOMAINS, as_code, domain_table


def row(domain: str, gain: int = 10, prefixes: tuple[str, ...] = ()) -> dict[str, object]:
    tree = [{"prefix": p, "share": 0.75, "share_low": 0.3, "share_high": 0.954} for p in prefixes]
    return {"domain": domain, "pages": 1234, "share": 0.6, "share_low": 0.57, "share_high": 0.63,
            "expected_tokens": gain, "prefixes": tree}  # fmt: skip


def test_a_name_cannot_leave_its_code_span_or_its_cell() -> None:
    assert as_code("algebra.example/a?b=c#d") == "`algebra.example/a?b=c#d`"
    for hostile in ("a`b", "a|b", "a\nb", "a\\|b", "<script>alert(1)</script>", "\u202egpj.exe", "a\x1b[31m", "``` x"):
        shown = as_code(hostile)
        assert re.fullmatch(r"`[!-~]*`", shown)
        assert not set("`|\\<>") & set(shown[1:-1])


def test_a_long_name_is_cut() -> None:
    assert len(as_code("a" * 10_000)) == 102


def test_the_table_shows_most_gain_first_and_keeps_its_columns() -> None:
    lines = domain_table(
        [row("small.example", 1), row("evil|x`.example", 5000, ("evil/a", "evil/b"))], "make it"
    ).splitlines()
    assert lines[0].startswith("2 candidates") and "`make it`" in lines[2]
    assert lines[6] == (
        "| `evil%7Cx%60.example` | 1,234 | 60% (57% to 63%) | 5,000 | `evil/a` 75% (30% to 95%), "
        "`evil/b` 75% (30% to 95%) |"
    )
    assert lines[7].startswith("| `small.example` |")
    assert all(line.count("|") == 6 for line in lines[4:])


def test_thousands_of_domains_are_cut_and_counted() -> None:
    text = domain_table([row(f"d{n:05}.example", n) for n in range(SHOWN_DOMAINS + 7)], "")
    assert text.count("\n| `") == SHOWN_DOMAINS
    assert text.endswith("7 more with less to gain are in the lake's `domains` table.")


def test_no_candidates_is_said() -> None:
    assert "nothing to approve" in domain_table([], "")
