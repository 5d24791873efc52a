"""What KaTeX draws as SVG because no font holds it: wide accents, long arrows, tall fences."""

from __future__ import annotations

from jobs.web.mathml_elements import MathElement

_TILDE_WIDTHS = frozenset(("600", "1033", "2339", "2340"))
"""Widths of the pictures of wide tildes; hats have others."""
_FENCE_WIDTHS = {"333": "|", "556": "‖"}


def accent_name(holder: MathElement) -> str:
    """The command of the wide accent or arrow that an element shows."""
    pictures = [inner for inner in holder.walk() if inner.tag == "svg" and _attribute(inner, "viewBox")]
    if len(pictures) != 1:
        return "overleftrightarrow"
    ratio = _attribute(pictures[0], "preserveAspectRatio")
    if ratio.startswith("xMax"):
        return "overrightarrow"
    if ratio.startswith("xMin"):
        return "overleftarrow"
    return "widetilde" if _width(pictures[0]) in _TILDE_WIDTHS else "widehat"


def tall_fence(holder: MathElement) -> str:
    """The fence that an element shows, '' if it shows none: the outline of each begins in its own place."""
    picture = next((inner for inner in holder.walk() if inner.tag == "svg"), None)
    path = picture.find("path") if picture is not None else None
    if picture is None or path is None:
        return ""
    width, outline = _width(picture), path.attrs.get("d", "")
    if width == "875":
        return "(" if outline.startswith("M863") else ")"
    if width == "667":
        if outline.startswith("M319"):
            return "⌊" if "h347" in outline else "⌋"
        if outline.startswith("M403"):
            return "[" if "h347" in outline else "⌈"
        return "]" if "v84 H347" in outline else "⌉"
    return _FENCE_WIDTHS.get(width, "")


def _attribute(element: MathElement, name: str) -> str:
    """An SVG attribute, whose name some parsers write in small letters."""
    return element.attrs.get(name) or element.attrs.get(name.lower(), "")


def _width(picture: MathElement) -> str:
    box = _attribute(picture, "viewBox").split()
    return box[2] if len(box) == 4 else ""
