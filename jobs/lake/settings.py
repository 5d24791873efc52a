"""A stage's settings: a frozen dataclass becomes flags, a `--help` page, a logged config and a part of the fingerprint.

    @dataclass(frozen=True)
    class Recall:
        '''Rank pages and keep the best up to a token budget (paper 2.1).'''
        round: int = 1
        '''Which round of recall this is.'''

The docstring is the description, the string below a field is its help, the default stands in one place only.
"""

import argparse
import ast
import dataclasses
import inspect
import os
import textwrap
import types
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

LOCATION = "location"
Location = Annotated[str, LOCATION]
"""Where something lies, not what it is: shown in the config, left out of the fingerprint, so that a folder may move."""

JsonValue = str | int | float | bool | None | list[Any] | dict[str, Any]


class SettingsError(ValueError):
    """A flag's value cannot be used; the message says which, the value, and what would be right."""


def read_time(flag: str, text: str) -> datetime:
    """ISO 8601 -> a time in UTC; without a zone it is UTC. Raises SettingsError, which names the flag."""
    try:
        time = datetime.fromisoformat(text)
        return time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC)
    except (ValueError, OverflowError) as error:  # the year 1 in another zone is none in UTC
        raise SettingsError(f"{flag} {text!r} is no ISO 8601 time; write 2026-11-22T10:00:00Z") from error


def lake_root() -> str:
    """The lake's root: the environment variable LAKE, or ./lake."""
    return os.environ.get("LAKE", "").strip() or "./lake"


@dataclasses.dataclass(frozen=True)
class RunOptions:
    """How a stage is run; none of this changes what it makes."""

    lake: Location = dataclasses.field(default_factory=lake_root)
    """Root of the lake: a folder or an object-store URI (default: the variable LAKE, else ./lake)."""
    replace: bool = False
    """Build again what stands at the address; what was built from it is refused until it is built again too."""


def parse(argv: Sequence[str], prog: str, *classes: type) -> list[Any]:
    """Instances of the given dataclasses, in order, from command-line words; exits with usage on an unknown flag.

    Raises SettingsError where a class's own `__post_init__` refuses a value.
    """
    parser = argparse.ArgumentParser(
        prog=prog, description=inspect.getdoc(classes[0]), formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for cls in classes:
        _add_flags(parser.add_argument_group(cls.__name__), cls)
    words = vars(parser.parse_args(list(argv)))
    return [cls(**{f.name: words[f.name] for f in dataclasses.fields(cls)}) for cls in classes]


def describe(settings: object) -> dict[str, JsonValue]:
    """Every field and its value, as JSON values, for the log and the manifest."""
    return {f.name: _plain(getattr(settings, f.name)) for f in _fields(settings)}


def identity(settings: object) -> dict[str, JsonValue]:
    """The fields that decide what is made: all but locations."""
    hints = get_type_hints(type(settings), include_extras=True)
    return {f.name: _plain(getattr(settings, f.name)) for f in _fields(settings) if not _is_location(hints[f.name])}


def _fields(settings: object) -> tuple[dataclasses.Field[Any], ...]:
    if not dataclasses.is_dataclass(settings) or isinstance(settings, type):
        raise TypeError(f"settings must be a dataclass instance, not {settings!r}")
    return dataclasses.fields(settings)


def _flag(name: str) -> str:
    return "--" + name.replace("_", "-")


def _is_location(hint: Any) -> bool:
    return get_origin(hint) is Annotated and LOCATION in get_args(hint)[1:]


def _plain(value: Any) -> JsonValue:
    return [_plain(v) for v in value] if isinstance(value, tuple) else value


def _add_flags(group: argparse._ArgumentGroup, cls: type) -> None:
    helps, hints = field_help(cls), get_type_hints(cls)
    for field in dataclasses.fields(cls):
        if field.default is not dataclasses.MISSING:
            default: Any = field.default
        elif field.default_factory is not dataclasses.MISSING:
            default = field.default_factory()
        else:
            default = dataclasses.MISSING
        options: dict[str, Any] = {"dest": field.name, "help": helps.get(field.name, "").replace("%", "%%")}
        if default is dataclasses.MISSING:
            options["required"] = True
        else:
            options["default"] = default
            if default not in ("", ()):
                options["help"] += f" (default: {_shown(default)})"
        group.add_argument(_flag(field.name), **options, **_reader(hints[field.name]))


def _shown(value: Any) -> str:
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value).replace("%", "%%")


def _reader(hint: Any) -> dict[str, Any]:
    """argparse's options for one type; whole numbers may be written 40_000_000_000."""
    if get_origin(hint) in (Union, types.UnionType):  # X | None: the flag may stay away
        (hint,) = [a for a in get_args(hint) if a is not type(None)]
    if hint is bool:
        return {"action": argparse.BooleanOptionalAction}
    if get_origin(hint) is Literal:
        choices = get_args(hint)
        return {"type": type(choices[0]), "choices": choices}
    if get_origin(hint) is tuple:
        return {"type": _tuple_reader(get_args(hint)[0]), "metavar": "A,B,..."}
    if hint in (int, float, str):
        return {"type": hint, "metavar": hint.__name__.upper()}
    raise TypeError(f"settings fields are int, float, str, bool, Literal or tuple[X, ...], not {hint}")


def _tuple_reader(element: Any) -> Any:
    def read(text: str) -> tuple[Any, ...]:
        return tuple(element(word.strip()) for word in text.split(",") if word.strip())

    read.__name__ = f"list of {element.__name__}"  # argparse names the type in its error
    return read


def field_help(cls: type) -> dict[str, str]:
    """Field name -> the string that stands below it in the class body, own and inherited."""
    found: dict[str, str] = {}
    for owner in reversed(cls.__mro__[:-1]):
        body = ast.parse(textwrap.dedent(inspect.getsource(owner))).body[0]
        assert isinstance(body, ast.ClassDef)
        for line, below in zip(body.body, body.body[1:], strict=False):
            if (
                isinstance(line, ast.AnnAssign)
                and isinstance(line.target, ast.Name)
                and isinstance(below, ast.Expr)
                and isinstance(below.value, ast.Constant)
            ):
                found[line.target.id] = inspect.cleandoc(str(below.value.value)).replace("\n", " ")
    return found
