"""The text of a page: the compiled walk over its blocks, and what only Python finishes in it.

Delimiters, scripts and formulas stand in a small part of a page's paragraphs; those and code blocks come as pieces.
"""

from __future__ import annotations

import re

import numpy as np
import numpy.typing as npt

from jobs.html.block_contexts import CELL, CODE_BLOCK, PARAGRAPH
from jobs.html.block_text import write_blocks
from jobs.html.characters import Bytes
from jobs.html.text_buffer import BACK_QUOTES, EVERYTHING, FORMULA_COLUMNS, PRINTED
from jobs.web.asciimath import asciimath_to_tex
from jobs.web.code_blocks import code_block
from jobs.web.delimiters import ATOM, ATOM_END, BREAK, EM, Found, find_delimited
from jobs.web.dom import Dom
from jobs.web.formulas import Formula, Ledger
from jobs.web.html_scripts import find_scripts
from jobs.web.page_config import PageConfig

_PIECE = re.compile(f"{ATOM}(\\d+){ATOM_END}")
_PIPE = re.compile(r"(?<!\\)\|")
_CODE = re.compile("\ufddb([^\ufddb\ufddc]*)\ufddc")
_MARKS = re.compile(f"[{EM}-\ufdef]")
_AROUND_BREAK = re.compile(f" ?{BREAK} ?")


class MarkdownWriter:
    """Writes one page. `formulas`: those in the tree, by number; `ledger` counts what is found and printed."""

    def __init__(self, dom: Dom, config: PageConfig, formulas: list[Formula], ledger: Ledger) -> None:
        self.dom = dom
        self.config = config
        self.ledger = ledger
        self.atoms: list[Formula | str] = list(formulas)
        self.over_limit = False

    def write(self, body: int) -> str:
        """The page's blocks below a node, a blank line between them."""
        formulas = [piece for piece in self.atoms if isinstance(piece, Formula)]
        printed, places = _places(formulas)
        out, pieces, prefixes, self.over_limit = write_blocks(
            self.dom.array(), self.dom.nodes, body, printed, places, self._options()
        )
        for formula, count in zip(formulas, places[:, PRINTED].tolist(), strict=True):
            if count:
                self.ledger.printed[formula.kind] += count
        text = out.tobytes()
        if not len(pieces):
            return text.decode("utf-8", "replace").strip()
        pool = prefixes.tobytes()
        parts: list[str] = []
        at = 0
        for kind, separator, begin, end, prefix_begin, prefix_end, node in pieces.tolist():
            raw = text[begin:end].decode("utf-8", "replace")
            if kind == CODE_BLOCK:
                finished = code_block(self.dom, node, raw)
            else:
                finished = self._finish(raw, kind == CELL)
                if kind != PARAGRAPH:
                    finished = " ".join(finished.split())
            if finished:
                parts.append(text[at:begin].decode("utf-8", "replace"))
                if prefix_end > prefix_begin and "\n" in finished:
                    finished = _prefixed(finished, pool[prefix_begin:prefix_end].decode())
                parts.append(finished)
            else:
                parts.append(text[at:separator].decode("utf-8", "replace"))
            at = end
        parts.append(text[at:].decode("utf-8", "replace"))
        return "".join(parts).strip()

    def _options(self) -> int:
        return (BACK_QUOTES if self.config.asciimath else 0) | (EVERYTHING if self.config.pairs else 0)

    def _atom(self, piece: Formula | str) -> str:
        self.atoms.append(piece)
        return f"{ATOM}{len(self.atoms) - 1}{ATOM_END}"

    def _code(self, code: re.Match[str]) -> str:
        tick = "``" if "`" in code[1] else "`"
        return self._atom(f"{tick}{code[1]}{tick}")

    def _found(self, found: Found) -> str:
        self.ledger.seen[found.kind] += 1
        return self._atom(Formula(found.tex, found.display, found.kind))

    def _finish(self, flat: str, in_table: bool = False) -> str:
        """A raw run to Markdown: delimiters, scripts, literal dollars, and the atoms back in."""
        if "\ufddb" in flat:
            flat = _CODE.sub(self._code, flat)
        flat = find_delimited(flat, self.config, self._found, asciimath_to_tex)
        flat = find_scripts(flat, self._found)
        if BREAK in flat:
            flat = _AROUND_BREAK.sub("\n", flat)
        if _MARKS.search(flat):
            flat = _MARKS.sub("", flat)
        if "$" in flat:
            flat = flat.replace("\\$", "$").replace("$", "\\$")
        if in_table and "|" in flat:
            flat = _PIPE.sub(r"\\|", flat)
        return (self._with_atoms(flat, in_table) if ATOM in flat else flat).strip()

    def _with_atoms(self, flat: str, in_table: bool) -> str:
        parts = _PIECE.split(flat)  # text, number, text, number, ..., text
        printed = self.ledger.printed
        after_formula = False
        for at, part in enumerate(parts):
            if at % 2 == 0:
                if after_formula and (part[:1].isdigit() or not part and at + 1 < len(parts)):
                    parts[at] = " " + part  # `$x$2` and `$x$$y$` would not be formulas in Markdown
                continue
            piece = self.atoms[int(part)]
            after_formula = isinstance(piece, Formula)
            if isinstance(piece, Formula):
                parts[at] = _printed(piece, in_table)
                printed[piece.kind] += 1
            else:
                parts[at] = piece
        return "".join(parts)


def _places(formulas: list[Formula]) -> tuple[Bytes, npt.NDArray[np.int32]]:
    """The printed formulas in one buffer, and a row of `Writer.formula_places` for each."""
    parts: list[str] = []
    cells: list[int] = []
    at = 0
    for formula in formulas:
        text = _printed(formula, False)
        parts.append(text)
        end = at + (len(text) if text.isascii() else len(text.encode()))
        begin, last = at, end
        if "|" in formula.tex:
            cell = _printed(formula, True)
            parts.append(cell)
            begin, last = end, end + len(cell.encode())
        cells += (at, end, begin, last, len(formula.tex) + 2, 0)
        at = last
    places = np.array(cells, dtype=np.int32).reshape(-1, FORMULA_COLUMNS)
    return np.frombuffer("".join(parts).encode(), dtype=np.uint8), places


def _printed(formula: Formula, in_table: bool) -> str:
    tex = without_pipes(formula.tex) if in_table and "|" in formula.tex else formula.tex
    return f"$${tex}$$" if formula.display else f"${tex}$"


def without_pipes(tex: str) -> str:
    """A pipe would end the table's cell: bars in pairs become \\lvert and \\rvert, a single one \\vert."""
    tex = tex.replace("\\|", "\\Vert ")
    if tex.count("|") % 2:
        return tex.replace("|", "\\vert ")
    parts = tex.split("|")
    out = parts[0]
    for at, part in enumerate(parts[1:]):
        bar = "\\lvert" if at % 2 == 0 else "\\rvert"
        out += bar + (" " if part[:1].isalpha() else "") + part
    return out


def _prefixed(text: str, prefix: str) -> str:
    """Lines after the first as the list items and quotes around them want."""
    first, *lines = text.split("\n")
    blank = prefix[: prefix.rfind(">") + 1]
    return "\n".join([first, *(prefix + line if line else blank for line in lines)])


__all__ = ["MarkdownWriter"]
