"""Flags from dataclasses."""

from dataclasses import dataclass
from typing import Literal

import pytest

from jobs.lake.settings import Location, RunOptions, describe, identity, parse


@dataclass(frozen=True)
class Example:
    """Do something with pages."""

    keep_tokens: int = 40_000_000_000
    """Tokens to keep."""
    share: float = 0.1
    """Share in percent: 10% by default."""
    mode: Literal["paper", "maths"] = "paper"
    """Which rule."""
    crawls: tuple[str, ...] = ()
    """Crawls to read."""
    folder: Location = ""
    """Where it lies."""
    strict: bool = False
    """Be strict."""


def test_defaults_come_from_the_dataclass() -> None:
    (settings,) = parse([], "example", Example)
    assert settings == Example()


def test_every_kind_of_field_is_read_from_flags() -> None:
    words = "--keep-tokens 1_000 --share 0.5 --mode maths --crawls a,b --folder /x --strict".split()
    settings, options = parse([*words, "--lake", "s3://b/p"], "example", Example, RunOptions)
    assert settings == Example(1000, 0.5, "maths", ("a", "b"), "/x", True)
    assert options.lake == "s3://b/p"


def test_help_is_the_docstrings(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parse(["--help"], "example", Example)
    text = " ".join(capsys.readouterr().out.split())
    assert "Do something with pages." in text
    assert "Tokens to keep. (default: 40000000000)" in text
    assert "10% by default" in text


@pytest.mark.parametrize("words", [["--kep-tokens", "1"], ["--mode", "other"], ["--keep-tokens", "many"]])
def test_a_wrong_flag_or_value_is_refused(words: list[str]) -> None:
    with pytest.raises(SystemExit) as refused:
        parse(words, "example", Example)
    assert refused.value.code == 2


def test_a_location_is_shown_but_not_part_of_the_identity() -> None:
    settings = Example(folder="/data")
    assert describe(settings)["folder"] == "/data"
    assert "folder" not in identity(settings)
