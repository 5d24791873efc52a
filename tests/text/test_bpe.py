"""The tokenizer loses no text, spells numbers by digits, and lets no page write a special token."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.text import bpe

TEXTS = ["The sum of $a+b$ and 12345 is even.", "设集合 $A$，求 $x$ 的值。", "def f(x):\n    return x ** 2\n"] * 20
KERNEL = bpe.train(TEXTS, 300)


@given(st.text())
def test_every_text_comes_back(text: str) -> None:
    (ids,) = bpe.encode(KERNEL, [text])
    assert KERNEL.decode(ids.tolist(), skip_special_tokens=False) == text


def test_digits_stand_alone() -> None:
    (ids,) = bpe.encode(KERNEL, ["12345"])
    assert len(ids) == 5


@pytest.mark.parametrize("name", bpe.SPECIALS)
def test_text_cannot_write_special_tokens(name: str) -> None:
    (ids,) = bpe.encode(KERNEL, [f"end {name} more"])
    assert KERNEL.token_to_id(name) not in ids.tolist()


def test_the_same_texts_give_the_same_tokenizer() -> None:
    assert bpe.train(TEXTS, 300).to_str() == KERNEL.to_str() == bpe.train(TEXTS[::-1], 300).to_str()


def test_ids_of_specials_come_first_and_the_size_is_kept() -> None:
    assert [KERNEL.token_to_id(n) for n in bpe.SPECIALS] == [0, 1, 2] and bpe.eos(KERNEL) == 0
    assert bpe.vocabulary_size(KERNEL) == 300


def test_what_is_no_tokenizer_is_refused() -> None:
    with pytest.raises(ValueError, match="no tokenizer.json"):
        bpe.load("{}")
    with pytest.raises(ValueError, match="<eos>, <pad> are missing"):
        bpe.load(KERNEL.to_str().replace("<eos>", "<e>").replace("<pad>", "<p>"))


FOREIGN = KERNEL.to_str().replace("<eos>", "<|endoftext|>").replace("<pad>", "<|im_end|>")


def test_a_foreign_tokenizers_special_tokens_are_named_and_keep_their_ids() -> None:
    found = bpe.load(bpe.named(FOREIGN, "<|endoftext|>", "<|im_end|>"))
    assert found.get_vocab() == KERNEL.get_vocab() and bpe.eos(found) == bpe.eos(KERNEL)
    for text in (*TEXTS, "a <|endoftext|> b <eos>"):
        (ids,), (wanted,) = bpe.encode(found, [text]), bpe.encode(KERNEL, [text])
        assert ids.tolist() == wanted.tolist() and bpe.eos(found) not in ids


@pytest.mark.parametrize("name", ["<|absent|>", "a"])
def test_a_name_that_is_no_special_token_of_the_file_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=r"cannot be its <eos>; its special tokens are <bos>, <\|endoftext\|>"):
        bpe.named(FOREIGN, name, "<|im_end|>")


def test_one_token_cannot_be_both() -> None:
    with pytest.raises(ValueError, match="one token cannot both end a text and pad"):
        bpe.named(FOREIGN, "<|endoftext|>", "<|endoftext|>")
