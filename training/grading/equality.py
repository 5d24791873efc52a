"""Whether two expressions are the same value: by structure, by exact algebra, by identity. Each names itself."""

import training.grading.normal_form as normal_form
from training.grading.effort import effort
from training.grading.evaluation import approximate, identical
from training.grading.expressions import Expression, Number, size
from training.grading.tokens import Unreadable

LARGEST = 250
"""Nodes of an expression that is compared."""


def same_value(left: Expression, right: Expression) -> str:
    """The rule by which two expressions are equal: number, expression, algebra or identity; '' where they are not.

    'algebra' is a proof in the canonical form, 'identity' agreement at random points beyond the digits that the parts
    can hide.
    """
    if isinstance(left, Number) and isinstance(right, Number):
        return "number" if left.value == right.value else ""
    if left == right:
        return "expression"
    if (left, right) not in effort.verdicts:
        effort.verdicts[left, right] = _compared(left, right)
    return effort.verdicts[left, right]


def _compared(left: Expression, right: Expression) -> str:
    if size(left) > LARGEST or size(right) > LARGEST:
        return ""
    one, other = approximate(left), approximate(right)
    if one is not None and other is not None and abs(one - other) > 1e-6 * max(abs(one), abs(other)):
        return ""
    proof = _proved(left, right)
    if proof is not None:
        return proof
    try:
        return "identity" if identical(left, right) else ""
    except (Unreadable, RecursionError):
        return ""


def _proved(left: Expression, right: Expression) -> str | None:
    """The verdict of the canonical forms; None where they leave it open."""
    try:
        one, other = normal_form.normal(left), normal_form.normal(right)
        if normal_form.equal(one, other):
            return "number" if one.constant is not None else "algebra"
        return "" if one.complete and other.complete else None
    except normal_form.Undefined:
        return ""
    except Unreadable:
        powers = normal_form.prime_powers(left), normal_form.prime_powers(right)
        return None if None in powers else "algebra" if powers[0] == powers[1] else ""
