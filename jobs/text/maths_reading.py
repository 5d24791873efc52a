"""The maths reading: what a formula or a question says, however a page wrote it down.

TeX is canonical (layout and dress go, synonyms agree), HTML references and tags go, numbers stay whole, every Chinese
or Japanese character is a word, and operators are kept beside the words that they stand between. The work is done by
`jobs.text.maths_kernel`; tests/text/test_maths_reading.py holds the same rules as plain regular expressions.
"""

from __future__ import annotations

import html
import re
from functools import lru_cache

import numpy as np

from jobs.text import maths_kernel, tex_words
from jobs.text.characters import characters
from jobs.text.markup_kernel import (
    ALPHABET,
    ALPHABET_ORDER,
    ENVIRONMENT,
    FIRST_SIGN,
    FIRST_SYNONYM,
    FRACTION,
    LAYOUT,
    UNSEEN,
    Names,
)  # fmt: skip
from jobs.text.reading import ReadText, code_points

# A reference is as long as what it stands for or longer; the rest is filled with a character that nothing sees, so
# that every place in the decoded text is a place in the page. In front, or `&amp;lt;` would not decode twice.
_REFERENCE = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});?")


def read_maths(text: str) -> ReadText:
    """The words of a text in the maths reading; places are those of `text` itself."""
    if "&" in text:
        text = _REFERENCE.sub(_decoded, _REFERENCE.sub(_decoded, text))
    return ReadText(*maths_kernel.read(code_points(text), characters(), _names()))


def _decoded(reference: re.Match[str]) -> str:
    return html.unescape(reference[0]).rjust(len(reference[0]), chr(UNSEEN))


@lru_cache(maxsize=1)
def _names() -> Names:
    kinds = dict.fromkeys(tex_words.LAYOUT, LAYOUT)
    kinds |= dict.fromkeys(tex_words.FRACTIONS, FRACTION)
    kinds |= dict.fromkeys(tex_words.ENVIRONMENTS, ENVIRONMENT)
    kinds |= {name: FIRST_SIGN + code for name, code in tex_words.SIGN_COMMANDS.items()}
    synonyms: list[int] = []
    for name, word in tex_words.SYNONYMS.items():
        kinds[name] = FIRST_SYNONYM + len(synonyms)
        synonyms += [len(word), *map(ord, word)]
    nodes, trie = _trie({*kinds, *tex_words.TAGS})
    commands, tags = np.zeros(len(trie), np.int32), np.zeros(len(trie), np.bool_)
    for name, kind in kinds.items():
        commands[nodes[name]] = kind
    for name in tex_words.TAGS:
        tags[nodes[name]] = True
    return Names(trie, commands, tags, np.array(synonyms, np.uint32))


def _trie(names: set[str]) -> tuple[dict[str, int], np.ndarray]:
    """Node of every name, and the node behind each node and character (a to z, 0 to 9), 0 where there is none."""
    nodes = {"": 0}
    for name in sorted(names):
        for end in range(1, len(name) + 1):
            nodes.setdefault(name[:end], len(nodes))
    trie = np.zeros((len(nodes), ALPHABET), np.int16)
    for prefix, node in nodes.items():
        if prefix:
            trie[nodes[prefix[:-1]], ALPHABET_ORDER.index(prefix[-1])] = node
    return nodes, trie
