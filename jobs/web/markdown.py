"""The walk over a page's blocks that writes Markdown."""

from __future__ import annotations

import re

from jobs.web.asciimath import asciimath_to_tex
from jobs.web.boilerplate import Boilerplate
from jobs.web.code_blocks import code_language, code_text
from jobs.web.delimiters import (
    ATOM,
    ATOM_END,
    BREAK,
    EM,
    EM_END,
    SUB,
    SUB_END,
    SUP,
    SUP_END,
    Found,
    find_delimited,
)
from jobs.web.dom import Element, Leaf
from jobs.web.formulas import Formula, Ledger
from jobs.web.html_scripts import find_scripts
from jobs.web.page_config import PageConfig
from jobs.web.tables import holds_line_numbers, is_layout, table_rows, without_pipes

MAX_COLUMNS = 60
MAX_ROWS = 2000

_BLOCKS = frozenset(
    """address article aside blockquote body center dd details dialog dir div dl dt fieldset figcaption figure footer
    form h1 h2 h3 h4 h5 h6 header hgroup hr html legend li main nav ol p pre search section summary table tbody td tfoot
    th thead tr ul caption""".split()
)
_HEADINGS = {"h1": "# ", "h2": "## ", "h3": "### ", "h4": "#### ", "h5": "##### ", "h6": "###### "}
_EMPHASIS = frozenset(("em", "i", "var"))
_CODE = frozenset(("code", "kbd", "samp", "tt"))
_SPACE = re.compile(r"[ \t\r\n\f\v\u00a0]+")
_DOLLAR = re.compile(r"(?<!\\)\$")
_PIECE = re.compile(f"{ATOM}(\\d+){ATOM_END}")
_PIPE = re.compile(r"(?<!\\)\|")


class MarkdownWriter:
    """Writes one page. `ledger` counts what is found in the text and what is printed."""

    def __init__(self, config: PageConfig, ledger: Ledger, boilerplate: Boilerplate) -> None:
        self.config = config
        self.ledger = ledger
        self.boilerplate = boilerplate
        self.atoms: list[Formula | str] = []
        self.ancestors: list[Element] = []

    def write(self, body: Element) -> str:
        """The page's blocks, a blank line between them."""
        return "\n\n".join(self._blocks(body, False)).strip()

    # --- blocks ---

    def _blocks(self, element: Element, inside_content: bool) -> list[str]:
        """The Markdown blocks of an element's children; runs of inline nodes become paragraphs."""
        inside_content = inside_content or element.tag in ("main", "article")
        blocks: list[str] = []
        run: list[str] = []
        self.ancestors.append(element)

        def end_run() -> None:
            if run and (text := self._finish("".join(run))):
                blocks.append(text)
            run.clear()

        for child in element.children:
            if isinstance(child, Element) and self._is_block(child):
                end_run()
                if not self.boilerplate.drops(child, inside_content):
                    blocks.extend(self._block(child, inside_content))
            else:
                self._inline(child, run, inside_content)
        end_run()
        self.ancestors.pop()
        return blocks

    def _is_block(self, element: Element) -> bool:
        """Block elements, and inline elements that authors put blocks into."""
        if element.tag in _BLOCKS:
            return True
        if not element.children or element.tag in _CODE or element.tag in ("sub", "sup", "script", "svg", "textarea"):
            return False
        return any(isinstance(child, Element) and self._is_block(child) for child in element.children)

    def _block(self, element: Element, inside_content: bool) -> list[str]:
        tag = element.tag
        if tag in _HEADINGS:
            text = " ".join(self._inline_text(element).split())
            return [_HEADINGS[tag] + text] if text else []
        if tag == "pre":
            return self._code_block(element)
        if tag in ("ul", "ol", "dir"):
            return self._list(element, inside_content)
        if tag == "table":
            return self._table(element, inside_content)
        if tag == "blockquote":
            inner = "\n\n".join(self._blocks(element, inside_content))
            return ["\n".join(f"> {line}".rstrip() for line in inner.split("\n"))] if inner else []
        if tag == "hr":
            return []
        if tag == "li":
            return self._items([element], None, inside_content)
        return self._blocks(element, inside_content)

    def _list(self, element: Element, inside_content: bool) -> list[str]:
        start = element.attrs.get("start", "1")
        number = int(start) if element.tag == "ol" and re.fullmatch(r"\d{1,6}", start) else 1
        items = [child for child in element.children if not isinstance(child, str) or child.strip()]
        return self._items(items, number if element.tag == "ol" else None, inside_content)

    def _items(self, nodes: list, number: int | None, inside_content: bool) -> list[str]:  # type: ignore[type-arg]
        """List items as one block; `number` is the first number, None for bullets."""
        lines: list[str] = []
        for node in nodes:
            if not isinstance(node, Element):
                continue
            if self.boilerplate.drops(node, inside_content):
                continue
            if node.tag in ("ul", "ol"):  # a list right inside a list
                lines += [f"  {line}" for block in self._list(node, inside_content) for line in block.split("\n")]
                continue
            marker = "- " if number is None else f"{number}. "
            number = None if number is None else number + 1
            text = "\n".join(self._blocks(node, inside_content))
            if text:
                indent = " " * len(marker)
                lines += [
                    (marker if at == 0 else indent if line else "") + line for at, line in enumerate(text.split("\n"))
                ]
        return ["\n".join(lines)] if lines else []

    def _code_block(self, element: Element) -> list[str]:
        parts: list[str] = []
        code_text(element, parts)
        code = "".join(parts).replace("\u00a0", " ").strip("\n").rstrip()
        if not code.strip():
            return []
        fence = "```"
        while fence in code:
            fence += "`"
        return [f"{fence}{code_language([element, *element.elements()[:1], *self.ancestors[:-3:-1]])}\n{code}\n{fence}"]

    # --- tables ---

    def _table(self, table: Element, inside_content: bool) -> list[str]:
        rows = table_rows(table)
        if is_layout(table, rows):
            return self._layout(table, inside_content)
        lines: list[str] = []
        cells = [[self._cell(cell) for cell in row[:MAX_COLUMNS]] for row in rows[:MAX_ROWS]]
        cells = [row for row in cells if any(row)]
        width = max((len(row) for row in cells), default=0)
        for at, row in enumerate(cells):
            lines.append("| " + " | ".join(row + [""] * (width - len(row))) + " |")
            if at == 0:
                lines.append("|" + "---|" * width)
        caption = next((child for child in table.elements() if child.tag == "caption"), None)
        title = self._inline_text(caption) if caption else ""
        return [block for block in (title, "\n".join(lines)) if block]

    def _layout(self, table: Element, inside_content: bool) -> list[str]:
        """A table that only places blocks: its cells are read one after another."""
        if len(table.elements()) and holds_line_numbers(table):
            return [block for pre in table.walk() if pre.tag == "pre" for block in self._code_block(pre)]
        return self._blocks(table, inside_content)

    def _cell(self, cell: Element) -> str:
        return self._inline_text(cell, in_table=True)

    # --- inline ---

    def _inline_text(self, element: Element, in_table: bool = False) -> str:
        run: list[str] = []
        for child in element.children:
            self._inline(child, run, True)
        text = self._finish("".join(run), in_table)
        return " ".join(text.split()) if in_table else text

    def _inline(self, node: Element | Leaf | str, run: list[str], inside_content: bool) -> None:
        """Append a node's flat text: running text with marks, finished pieces as numbered atoms."""
        if isinstance(node, str):
            run.append(node)
        elif isinstance(node, Formula):
            run.append(self._atom(node))
        elif isinstance(node, Element):
            self._inline_element(node, run, inside_content)

    def _inline_element(self, element: Element, run: list[str], inside_content: bool) -> None:
        tag = element.tag
        if tag == "br":
            run.append(BREAK)
            return
        if tag in ("pre", *_CODE):
            code = _SPACE.sub(" ", element.text()).strip()
            if code and not _holds_formula(element):
                tick = "``" if "`" in code else "`"
                run.append(self._atom(f"{tick}{code}{tick}"))
                return
        if self.boilerplate.drops(element, inside_content):
            return
        if tag in ("sup", "sub"):
            if _is_note(element):
                return
            opening, closing = (SUP, SUP_END) if tag == "sup" else (SUB, SUB_END)
        elif tag in _EMPHASIS:
            opening, closing = EM, EM_END
        else:
            opening = closing = " " if tag in _BLOCKS else ""
        run.append(opening)
        for child in element.children:
            self._inline(child, run, inside_content)
        run.append(closing)

    def _atom(self, piece: Formula | str) -> str:
        self.atoms.append(piece)
        return f"{ATOM}{len(self.atoms) - 1}{ATOM_END}"

    def _found(self, found: Found) -> str:
        self.ledger.seen[found.kind] += 1
        return self._atom(Formula(found.tex, found.display, found.kind))

    def _finish(self, flat: str, in_table: bool = False) -> str:
        """Flat text to Markdown: delimiters, scripts, spaces, literal dollars, and the atoms back in."""
        flat = _SPACE.sub(" ", flat)
        if not flat.strip():
            return ""
        flat = find_delimited(flat, self.config, self._found, asciimath_to_tex)
        flat = find_scripts(flat, self._found)
        if BREAK in flat:
            flat = re.sub(f" ?{BREAK} ?", BREAK, flat).replace(BREAK, "\n")
        flat = _without_marks(flat)
        if "$" in flat:
            flat = _DOLLAR.sub(r"\\$", flat)
        if in_table and "|" in flat:
            flat = _PIPE.sub(r"\\|", flat)
        return self._with_atoms(flat, in_table).strip()

    def _with_atoms(self, flat: str, in_table: bool) -> str:
        out: list[str] = []
        at = 0
        after_formula = False
        for mark in _PIECE.finditer(flat):
            between = flat[at : mark.start()]
            at = mark.end()
            if after_formula and between[:1].isdigit():
                out.append(" ")  # `$x$2` would not be a formula in Markdown
            out.append(between)
            piece = self.atoms[int(mark[1])]
            if isinstance(piece, str):
                out.append(piece)
                after_formula = False
                continue
            if after_formula and not between:
                out.append(" ")
            out.append(_printed(piece, in_table))
            self.ledger.printed[piece.kind] += 1
            after_formula = True
        if after_formula and flat[at : at + 1].isdigit():
            out.append(" ")
        out.append(flat[at:])
        return "".join(out)


def _printed(formula: Formula, in_table: bool) -> str:
    tex = without_pipes(formula.tex) if in_table and "|" in formula.tex else formula.tex
    return f"$${tex}$$" if formula.display else f"${tex}$"


def _without_marks(flat: str) -> str:
    """Drop the marks of markup, not those around atoms."""
    if not re.search(f"[{EM}-\ufdef]", flat):
        return flat
    return re.sub(f"[{EM}-\ufdef]", "", flat)


def _is_note(sup: Element) -> bool:
    """A footnote reference: a superscript that is a link within the page."""
    if "reference" in sup.classes or "footnote-ref" in sup.classes or "footnote" in sup.classes:
        return True
    link = sup.find("a")
    return link is not None and link.attrs.get("href", "").startswith("#")


def _holds_formula(element: Element) -> bool:
    return any(isinstance(child, Formula) for inner in element.walk() for child in inner.children)


__all__ = ["MarkdownWriter"]
