"""The decoder: Hugging Face's Llama to 1e-5, documents apart in packed rows, decoding equal to one pass."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from training.config import ModelConfig
from training.model import PADDING, Decoder, expected_parameters
from training.recipes import RECIPES

CONFIG = ModelConfig(
    hidden=32,
    layers=3,
    heads=4,
    kv_heads=2,
    intermediate=48,
    vocabulary=97,
    context=64,
    init_std=0.05,
    rope_theta=500.0,
)


@pytest.fixture
def model() -> Decoder:
    torch.manual_seed(0)
    return Decoder(CONFIG)


def tokens(rows: int, length: int, seed: int = 1) -> Tensor:
    return torch.randint(0, CONFIG.vocabulary, (rows, length), generator=torch.Generator().manual_seed(seed))


def test_packed_rows_give_the_logits_and_gradients_of_separate_ones(model: Decoder) -> None:
    lengths = [(7, 12, 5), (20, 4)]  # rows of 24, the second one without padding needed
    rows = tokens(2, 24)
    documents = torch.full((2, 24), PADDING, dtype=torch.int32)
    targets = tokens(2, 24, seed=2)
    parts = []
    for row, of_row in enumerate(lengths):
        start = 0
        for document, length in enumerate(of_row):
            documents[row, start : start + length] = document
            parts.append((row, start, start + length))
            start += length

    separate = {}
    losses = torch.zeros(())
    for row, start, end in parts:
        logits = model(rows[row : row + 1, start:end])
        separate[row, start] = logits[0]
        losses = losses + F.cross_entropy(logits[0], targets[row, start:end], reduction="sum")
    losses.backward()
    wanted = [p.grad.clone() for p in model.parameters() if p.grad is not None]
    model.zero_grad()

    packed = model(rows, documents=documents)
    for row, start, end in parts:
        assert torch.allclose(packed[row, start:end], separate[row, start], atol=1e-6)
    F.cross_entropy(packed[documents != PADDING], targets[documents != PADDING], reduction="sum").backward()
    found = [p.grad for p in model.parameters() if p.grad is not None]
    assert len(found) == len(wanted) > 0
    for mine, theirs in zip(found, wanted, strict=True):
        assert torch.allclose(mine, theirs, atol=1e-6 * max(1.0, float(theirs.abs().max())))


def test_a_token_does_not_see_another_document(model: Decoder) -> None:
    documents = torch.tensor([[0] * 5 + [1] * 5])
    row = tokens(1, 10)
    other = row.clone()
    other[0, :5] = (other[0, :5] + 1) % CONFIG.vocabulary
    with torch.no_grad():
        assert torch.equal(model(row, documents=documents)[0, 5:], model(other, documents=documents)[0, 5:])
        assert not torch.allclose(model(row)[0, 5:], model(other)[0, 5:])


def test_left_padding_changes_nothing(model: Decoder) -> None:
    row = tokens(1, 9)
    padded = torch.cat([torch.full((1, 6), 3), row], dim=1)
    documents = torch.tensor([[PADDING] * 6 + [0] * 9])
    with torch.no_grad():
        assert torch.allclose(model(padded, documents=documents)[:, 6:], model(row), atol=1e-6)


def test_decoding_with_a_cache_equals_one_pass_for_left_padded_rows(model: Decoder) -> None:
    rows = tokens(3, 20)
    starts = torch.tensor([0, 3, 7])
    documents = torch.where(torch.arange(20) < starts[:, None], PADDING, 0)
    with torch.no_grad():
        whole = model(rows, documents=documents)
        cache = model.new_cache(3, 20)
        found = [model(rows[:, :10], documents=documents[:, :10], cache=cache)]
        found += [model(rows[:, i : i + 1], cache=cache) for i in range(10, 15)]
        keep = torch.tensor([True, False, True])
        cache.keep(keep)
        found_later = [model(rows[keep][:, i : i + 1], cache=cache) for i in range(15, 20)]
    real = documents[:, :15] == 0
    assert torch.allclose(torch.cat(found, dim=1)[real], whole[:, :15][real], atol=1e-5)
    assert torch.allclose(torch.cat(found_later, dim=1), whole[keep][:, 15:], atol=1e-5)


def test_a_full_cache_is_refused(model: Decoder) -> None:
    cache = model.new_cache(1, 4)
    with pytest.raises(ValueError, match="holds 4 tokens a row, 5 are needed"):
        model(tokens(1, 5), cache=cache)


def test_activation_checkpointing_gives_the_same_gradients_bit_for_bit() -> None:
    gradients = []
    for checkpointing in (False, True):
        torch.manual_seed(0)
        model = Decoder(CONFIG, activation_checkpointing=checkpointing)
        model(tokens(2, 16), targets=tokens(2, 16, seed=2), weights=torch.ones(2, 16)).backward()
        gradients.append([p.grad for p in model.parameters()])
    assert all(torch.equal(a, b) for a, b in zip(*gradients, strict=True) if a is not None and b is not None)


def test_logits_at_chosen_positions_are_those_of_the_whole(model: Decoder) -> None:
    rows, chosen = tokens(2, 8), torch.rand(2, 8, generator=torch.Generator().manual_seed(3)) > 0.5
    with torch.no_grad():
        assert torch.allclose(model(rows, at=chosen), model(rows)[chosen], atol=1e-6)
        assert torch.allclose(model(rows, last_only=True), model(rows)[:, -1:], atol=1e-6)


def test_parameters_are_counted_right(model: Decoder) -> None:
    assert model.parameter_count() == expected_parameters(CONFIG)
    shape = RECIPES["math_7b"]().pretrain.model
    assert f"{expected_parameters(shape) / 1e9:.2f}" == "6.91"


def test_a_shape_that_does_not_split_into_heads_is_refused() -> None:
    with pytest.raises(ValueError, match="hidden 32 must split into 5 heads"):
        replace(CONFIG, heads=5)
