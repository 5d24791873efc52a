"""The page of what changed: hostile names stay text, figures are those of the summary."""

from example_lake import HOSTILE
from test_corpus_report import Page

from jobs.report.changes import Changes, Group, Size, Source, page, summary


def changed(*kinds: Group) -> Changes:
    one = Group(f"{HOSTILE}.org", "removed", 3, 1_200, 0)
    return Changes(
        "v1", "v2", Size(10, 5_000), Size(8, 4_100), kinds, (one,), 1, (Group("two", "added", 1, 0, 300),),
        (Source("math", 4_000, None),),
    )  # fmt: skip


def test_hostile_names_stay_text_and_every_figure_is_shown() -> None:
    report = changed(Group("near_duplicate", "removed", 3, 1_200, 0), Group("", "added", 1, 0, 300))
    found = Page(page(report))
    assert "script" not in found.names and not found.addresses
    assert f"{HOSTILE}.org" in found.words and "near duplicate" in found.words
    assert "1,200" in found.words and "-1,200" in found.words and "4,000" in found.words
    said = summary(report)
    assert isinstance(said, dict) and said["domains"][0]["tokens_before"] == 1_200


def test_nothing_changed_is_said() -> None:
    assert "Nothing changed." in Page(page(changed())).words
