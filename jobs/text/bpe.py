"""Byte-level BPE: training one, loading one, and turning text into tokens that text cannot forge."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

EOS, PAD, BOS = "<eos>", "<pad>", "<bos>"
SPECIALS = (EOS, PAD, BOS)
SMALLEST = 256 + len(SPECIALS)
"""Every byte is a token, so that no text is unknown."""


def train(texts: Iterable[str], vocabulary: int) -> Tokenizer:
    """A tokenizer of at most `vocabulary` tokens. The same texts give the same tokenizer, in whatever order."""
    kernel = Tokenizer(models.BPE())
    kernel.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    kernel.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=list(SPECIALS),
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    kernel.train_from_iterator(texts, trainer)
    return load(kernel.to_str())


def load(source: str) -> Tokenizer:
    """A tokenizer from the content of its tokenizer.json. Raises ValueError where it is none, or lacks <eos> or <pad>.

    Special tokens are never made from text: a page that says "<eos>" must not end a document.
    """
    try:
        kernel = Tokenizer.from_str(source)
    except Exception as error:  # the library raises a plain Exception for every fault of the file
        raise ValueError(f"no tokenizer.json: {error}") from error
    missing = [name for name in (EOS, PAD) if kernel.token_to_id(name) is None]
    if missing:
        raise ValueError(f"the special tokens {', '.join(missing)} are missing; --eos and --pad name the file's own")
    kernel.encode_special_tokens = True
    return kernel


def named(source: str, eos: str, pad: str) -> str:
    """A foreign tokenizer.json in which its special tokens `eos` and `pad` are called <eos> and <pad>; '' keeps a name.

    Ids stay as they are, so a model that was trained with the tokenizer still fits. Raises ValueError where a name is
    no special token of the file.
    """
    record = json.loads(source)
    specials = sorted(t["content"] for t in record.get("added_tokens", []) if t["special"])
    if eos and eos == pad:
        raise ValueError(f"one token cannot both end a text and pad rows: {eos!r}")
    names = {old: new for old, new in ((eos, EOS), (pad, PAD)) if old and old != new}
    for old, new in names.items():
        if old not in specials or new in specials:
            raise ValueError(f"{old!r} cannot be its {new}; its special tokens are {', '.join(specials)}")

    def renamed(value: Any) -> Any:
        if isinstance(value, dict):
            return {names.get(k, k): renamed(v) for k, v in value.items()}
        if isinstance(value, list):
            return [renamed(v) for v in value]
        return names.get(value, value) if isinstance(value, str) else value

    return json.dumps(renamed(record), ensure_ascii=False)


def encode(kernel: Tokenizer, texts: Sequence[str]) -> list[npt.NDArray[np.uint32]]:
    """Token ids of each text, shape (tokens,), with nothing added."""
    return [np.array(e.ids, dtype=np.uint32) for e in kernel.encode_batch_fast(list(texts), add_special_tokens=False)]


def vocabulary_size(kernel: Tokenizer) -> int:
    """Number of ids, special tokens included."""
    return int(kernel.get_vocab_size(with_added_tokens=True))


def eos(kernel: Tokenizer) -> int:
    """The id that ends a document."""
    number = kernel.token_to_id(EOS)
    assert number is not None, "load refuses a tokenizer without it"
    return int(number)
