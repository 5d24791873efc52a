import math

import pytest
import torch
from torch import Tensor

from training import advantages


def test_outcome_is_the_z_score_within_each_group() -> None:
    rewards = torch.tensor([[1.0, 2.0, 3.0, 6.0], [0.0, 0.0, 1.0, 1.0]])
    found = advantages.outcome(rewards, "population")
    root = math.sqrt(3.5)  # deviations -2 -1 0 3: variance 14 / 4
    torch.testing.assert_close(found[0], torch.tensor([-2 / root, -1 / root, 0.0, 3 / root]))
    torch.testing.assert_close(found[1], torch.tensor([-1.0, -1.0, 1.0, 1.0]))


@pytest.mark.parametrize(("deviation", "expected"), [("population", math.sqrt(63)), ("sample", 63 / 8)])
def test_one_right_answer_among_64(deviation: advantages.Deviation, expected: float) -> None:
    """(1 - 1/64) / std: 7.94 with divisor 64, 7.875 with divisor 63."""
    rewards = torch.zeros(1, 64)
    rewards[0, 5] = 1.0
    found = advantages.outcome(rewards, deviation)
    assert found[0, 5].item() == pytest.approx(expected, rel=1e-6)
    assert found[0, 0].item() == pytest.approx(-expected / 63, rel=1e-6)


@pytest.mark.parametrize("value", [0.0, 1.0, 0.1, 1e-30, 1e30])
def test_a_group_without_variance_has_advantage_exactly_zero(value: float) -> None:
    rewards = torch.full((2, 7), value)
    assert torch.equal(advantages.outcome(rewards, "sample"), torch.zeros(2, 7))
    assert advantages.zero_variance(rewards).tolist() == [True, True]


def test_an_unscorable_output_gets_zero_and_does_not_move_the_others() -> None:
    with_gap = advantages.outcome(torch.tensor([[1.0, math.nan, 0.0, 4.0]]), "sample")
    without = advantages.outcome(torch.tensor([[1.0, 0.0, 4.0]]), "sample")
    assert with_gap[0, 1] == 0.0
    torch.testing.assert_close(with_gap[0, [0, 2, 3]], without[0])


@pytest.mark.parametrize("scored", [0, 1])
def test_a_group_with_fewer_than_two_scored_outputs_teaches_nothing(scored: int) -> None:
    rewards = torch.full((1, 4), math.nan)
    rewards[0, :scored] = 1.0
    assert torch.equal(advantages.outcome(rewards, "sample"), torch.zeros(1, 4))
    assert advantages.zero_variance(rewards).tolist() == [True]


def test_a_group_of_one_is_refused() -> None:
    with pytest.raises(ValueError, match="no baseline"):
        advantages.outcome(torch.ones(3, 1), "population")
    with pytest.raises(ValueError, match="no baseline"):
        advantages.process(torch.ones(3, 1, 5), "population")


def _steps(*rows: dict[int, float]) -> Tensor:
    table = torch.full((1, len(rows), 5), math.nan)
    for row, steps in zip(table[0], rows, strict=True):
        for token, reward in steps.items():
            row[token] = reward
    return table


def test_process_sums_the_steps_that_end_at_or_after_a_token() -> None:
    """Pooled step rewards 1, 0, 1, 0: mean 1/2, population std 1/2, so normalised +1, -1, +1, -1."""
    found = advantages.process(_steps({1: 1.0, 3: 0.0}, {2: 1.0, 4: 0.0}), "population")
    assert found.tolist() == [[[0.0, 0.0, -1.0, -1.0, 0.0], [0.0, 0.0, 0.0, -1.0, -1.0]]]


def test_process_pools_steps_of_all_outputs_though_they_have_different_numbers() -> None:
    """Pooled 3, 0, 0: mean 1, population std sqrt 2, so normalised sqrt 2, -1/sqrt 2, -1/sqrt 2."""
    found = advantages.process(_steps({0: 3.0}, {1: 0.0, 3: 0.0}), "population")
    half = 1 / math.sqrt(2)
    torch.testing.assert_close(found[0, 0], torch.tensor([2 * half, 0.0, 0.0, 0.0, 0.0]))
    torch.testing.assert_close(found[0, 1], torch.tensor([-2 * half, -2 * half, -half, -half, 0.0]))


@pytest.mark.parametrize("deviation", ["population", "sample"])
def test_process_equals_outcome_when_each_output_is_one_step(deviation: advantages.Deviation) -> None:
    rewards, lengths = torch.tensor([[0.2, 0.9, 0.4]]), [5, 2, 3]
    found = advantages.process(_steps({4: 0.2}, {1: 0.9}, {2: 0.4}), deviation)
    wanted = advantages.outcome(rewards, deviation)
    for row, length, value in zip(found[0], lengths, wanted[0], strict=True):
        torch.testing.assert_close(row[:length], value.expand(length))
        assert not row[length:].any()
