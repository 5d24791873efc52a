"""Templates to bytes. Everything that a template prints is escaped: URLs and texts come from hostile pages.

A page made here stands alone: styles inside, pictures as inline SVG, no script, and a policy that lets nothing load.
"""

from functools import cache
from pathlib import Path

import jinja2

TEMPLATES = Path(__file__).resolve().parent / "templates"


def render(template: str, **values: object) -> bytes:
    """One HTML page. Raises jinja2.UndefinedError where a template names what it was not given."""
    return _environment().get_template(template).render(**values).encode()


def number(value: float | int | None, digits: int = 4) -> str:
    """1234567 -> 1,234,567; 0.123456 -> 0.1235; None -> a dash."""
    if value is None:
        return "–"
    if float(value).is_integer():
        return f"{value:,.0f}"
    return f"{value:,.1f}" if abs(value) >= 1000 else f"{value:.{digits}g}"


def percent(value: float | None, digits: int = 1) -> str:
    """0.1234 -> 12.3%."""
    return "–" if value is None else f"{100 * value:.{digits}f}%"


def size(value: float) -> str:
    """Bytes with a binary unit: 2048 -> 2.0 KiB."""
    if value < 1024:
        return f"{value:.0f} B"
    for unit in ("KiB", "MiB", "GiB"):
        value /= 1024
        if value < 1024:
            return f"{value:.1f} {unit}"
    return f"{value / 1024:,.1f} TiB"


def words(name: str) -> str:
    """below_cut -> below cut."""
    return name.replace("_", " ")


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters.update(number=number, percent=percent, size=size, words=words)
    return environment
