"""Byte-level BPE: training one, loading one, and turning text into tokens that text cannot forge."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

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
        raise ValueError(f"the special tokens {', '.join(missing)} are missing")
    kernel.encode_special_tokens = True
    return kernel


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
