"""Draws: the same everywhere, different by seed, even over their range."""

from jobs.text.hashing import draw, draw_share


def test_a_draw_is_the_same_on_every_machine() -> None:
    assert draw("0", "https://example.org/a") == 8672449209429473631
    assert draw("0", "\ud800") == draw("0", "\ud800")


def test_another_seed_draws_otherwise() -> None:
    keys = [str(n) for n in range(50)]
    assert sorted(keys, key=lambda k: draw("0", k)) != sorted(keys, key=lambda k: draw("1", k))


def test_shares_are_even() -> None:
    below = sum(draw_share("s", str(n)) < 0.1 for n in range(10_000))
    assert 900 < below < 1100
    assert all(0 <= draw_share("s", str(n)) < 1 for n in range(1000))
