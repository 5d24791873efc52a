"""A small file of labelled lines for fastText to learn from."""

import random
from pathlib import Path

from jobs.fasttext_model import LABEL, TrainingSettings

SETTINGS = TrainingSettings(dim=16, lr=0.5, word_ngrams=3, min_count=2, epoch=20, bucket=4096)
MATHS = "lemma proof integral theorem let sum 设 函 naïve \\frac".split()
NEWS = "team goal market minister rain film 新 闻 Straße 𝔘".split()


def write_examples(path: Path, labels: tuple[str, ...] = ("math", "other"), words: int = 12) -> Path:
    """40 lines of each label; the first and third draw from one vocabulary, the second from another."""
    draw = random.Random(1)
    vocabulary = dict(zip(labels, (MATHS, NEWS, MATHS), strict=False))
    lines = [f"{LABEL}{n} {' '.join(draw.choices(v, k=words))}" for _ in range(40) for n, v in vocabulary.items()]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path
