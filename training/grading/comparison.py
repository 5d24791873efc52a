"""Whether two values are the same answer, by the rules of docs/grading.md; every function returns the rule or ''."""

from fractions import Fraction

import training.grading.normal_form as normal_form
import training.grading.regions as regions
from training.grading.equality import same_value
from training.grading.expressions import Expression, Sum, Symbol, letters, negated
from training.grading.normal_form import Monomial, Polynomial
from training.grading.tokens import Unreadable
from training.grading.values import (
    Matrix,
    Name,
    NamedSet,
    Proportion,
    Quantity,
    Region,
    Relation,
    Several,
    Value,
    without_units,
)

ORDERED_LETTERS = ("x y", "x y z", "a b", "a b c", "a b c d", "m n", "p q", "r s", "u v", "h k", "p q r")
"""Unknowns whose order in a tuple is beyond doubt."""


def same(gold: Value, answer: Value) -> str:
    """The rule by which the answer is the gold value, '' where it is not."""
    if isinstance(gold, Relation) and isinstance(answer, Relation):
        return _relations(gold, answer)
    if isinstance(answer, Relation):
        stated = _named_value(answer, gold)
        return same(gold, stated) if stated is not None else ""
    if isinstance(gold, Relation):
        stated = _named_value(gold, None)
        return same(stated, answer) if stated is not None else ""
    if isinstance(gold, Quantity) and isinstance(answer, Quantity):
        return quantities(gold.expression, answer.expression)
    if isinstance(gold, Region) or isinstance(answer, Region):
        return _regions(gold, answer)
    if isinstance(gold, Several) or isinstance(answer, Several):
        return _several(gold, answer)
    if isinstance(gold, Matrix) and isinstance(answer, Matrix):
        return _matrices(gold, answer)
    if isinstance(gold, Proportion) and isinstance(answer, Proportion):
        return _proportions(gold.parts, answer.parts)
    if isinstance(gold, NamedSet | Name) and gold == answer:
        return "set" if isinstance(gold, NamedSet) else "words"
    return ""


def quantities(gold: Expression, answer: Expression) -> str:
    """Equal values; a unit may be missing on either side but not differ."""
    right, unit = without_units(gold)
    found, other = without_units(answer)
    if regions.infinite(right) or regions.infinite(found):
        return "infinity" if regions.infinite(right) == regions.infinite(found) else ""
    if unit is not None and other is not None and not _same_unit(unit, other):
        return ""
    rule = same_value(right, found)
    return f"{rule} with unit" if rule and (unit is not None or other is not None) else rule


def _same_unit(one: Expression, other: Expression) -> bool:
    if same_value(one, other):
        return True
    names = [u.name[1:] for u in (one, other) if isinstance(u, Symbol)]
    # 'children tickets' are tickets; 'red marbles' are no blue ones.
    return len(names) == 2 and (names[0].endswith(" " + names[1]) or names[1].endswith(" " + names[0]))


def _named_value(relation: Relation, gold: Value | None) -> Value | None:
    """What 'x = 3', 'f(2) = 3', 'area = 6/2 = 3' state; None for an unsolved equation or an approximation.

    With `gold` None the relation is the gold itself: its name may be left out where its value is free of letters.
    """
    sides, signs = relation.sides, relation.signs
    while "~" in signs and (len(sides) > 2 or not _is_name(sides[0])):
        sides, signs = sides[:-1], signs[:-1]  # 1/3 ~ 0.333 states 1/3
    if len(sides) == 1:
        return sides[0]
    if not set(signs) <= {"=", "~"}:
        return None
    named, value = sides[0], sides[-1]
    if not _is_name(named):
        named, value = (value, named) if len(sides) == 2 and _is_name(value) and _is_constant(named) else (named, value)
    if not _is_name(named):
        # 2 + 3 = 5: a true statement about numbers.
        return value if all(_is_constant(s) and same(value, s) for s in sides) else None
    if any(not same(value, s) for s in sides[1:-1]):
        return None
    if isinstance(named, Quantity) and isinstance(value, Quantity):
        if letters(named.expression) & letters(value.expression):
            return None
        subscript = named.expression.name.partition("_")[2] if isinstance(named.expression, Symbol) else ""
        if gold is None and not letters(value.expression) <= frozenset(subscript):
            return None  # y = 2x + 1 is more than its right side; a_n = 2n + 1 is not
    return value


def _is_name(side: Value) -> bool:
    """A letter, a called function, words, or a tuple of letters."""
    if isinstance(side, Name):
        return True
    if isinstance(side, Several):
        return side.brackets in ("()", "") and len(side.items) > 1 and all(map(_is_name, side.items))
    return isinstance(side, Quantity) and isinstance(side.expression, Symbol) and bool(letters(side.expression))


def _is_constant(side: Value) -> bool:
    return isinstance(side, Quantity) and not letters(side.expression)


def _relations(gold: Relation, answer: Relation) -> str:
    """The same name with the same value; the same curve up to moved terms and a constant factor; or side by side."""
    right, found = _turned(gold), _turned(answer)
    named = _is_name(right.sides[0]) and _is_name(found.sides[0]) and _same_name(right.sides[0], found.sides[0])
    value = _named_value(right, None) if named and "=" in right.signs else None
    if value is not None:
        other = _named_value(found, None)
        return same(value, other) if other is not None else ""
    if len(right.signs) == len(found.signs) == 1 and right.signs[0] in ("=", "<", "<=", "!="):
        rule = _curves(right, found)
        if rule:
            return rule
    if right.signs != found.signs:
        return ""
    pairs = zip(right.sides, found.sides, strict=True)
    return "relation" if all(_same_name(a, b) if isinstance(a, Name) else same(a, b) for a, b in pairs) else ""


def _same_name(one: Value, other: Value) -> bool:
    if isinstance(one, Name) and isinstance(other, Name):
        return one.text.replace(" ", "").casefold() == other.text.replace(" ", "").casefold()
    return bool(same(one, other))


def _turned(relation: Relation) -> Relation:
    """'>' read from the right, and a lone name on the left of an equation."""
    sides, signs = relation.sides, relation.signs
    if set(signs) <= {">", ">="}:
        return Relation(sides[::-1], tuple({">": "<", ">=": "<="}[s] for s in signs[::-1]))
    if signs == ("=",) and not _is_name(sides[0]) and _is_name(sides[1]):
        return Relation(sides[::-1], signs)
    return relation


def _curves(gold: Relation, answer: Relation) -> str:
    """Two equations, or two inequalities of one direction, whose left minus right sides differ by a constant factor."""
    if gold.signs != answer.signs:
        return ""
    sides = [*gold.sides, *answer.sides]
    expressions = [s.expression for s in sides if isinstance(s, Quantity | Name) and s.expression is not None]
    if len(expressions) < 4:
        return ""
    try:
        one, other = (
            normal_form.normal(Sum((a, negated(b)))) for a, b in (expressions[:2], expressions[2:])
        )  # fmt: skip
        ratio = _ratio(one.top, other.top)
        if ratio is None or not one.top:
            return ""
        if gold.signs[0] in ("=", "!="):
            return "equation"
        positive = len(one.bottom) == len(other.bottom) == 1 and ratio > 0
        return "inequality" if positive else ""
    except Unreadable:
        return ""


def _ratio(one: Polynomial, other: Polynomial) -> float | None:
    """The sign of the constant factor between two polynomials (1.0, -1.0; 0.0 where unknown), None for none."""
    left, right = _by_letters(_cleared(one)), _by_letters(_cleared(other))
    if left.keys() != right.keys() or not left:
        return None
    first = min(left, key=lambda m: (len(m), sorted(map(str, m))))
    for monomial in left:
        if normal_form.times(left[monomial], right[first]) != normal_form.times(left[first], right[monomial]):
            return None
    if set(left[first]) == set(right[first]) == {normal_form.UNIT}:
        return 1.0 if left[first][normal_form.UNIT] * right[first][normal_form.UNIT] > 0 else -1.0
    return 0.0


def _cleared(polynomial: Polynomial) -> Polynomial:
    """Multiplied by the letters that stand in denominators: y = 1/x is xy = 1."""
    lowest: dict[normal_form.Atom, normal_form.Exponent] = {}
    for monomial in polynomial:
        for atom, exponent in monomial:
            lowest[atom] = min(lowest.get(atom, 0), exponent)
    factor = frozenset((a, -e) for a, e in lowest.items() if e < 0 and not isinstance(a, int))
    return normal_form.times(polynomial, {factor: Fraction(1)}) if factor else polynomial


def _by_letters(polynomial: Polynomial) -> dict[Monomial, Polynomial]:
    """Coefficients (numbers and roots of primes) by the letters that they belong to."""
    grouped: dict[Monomial, Polynomial] = {}
    for monomial, coefficient in polynomial.items():
        own = frozenset((a, e) for a, e in monomial if not isinstance(a, int))
        grouped.setdefault(own, {})[monomial - own] = coefficient
    return grouped


def _regions(gold: Value, answer: Value) -> str:
    right = gold if isinstance(gold, Region) else regions.from_brackets(gold)
    found = answer if isinstance(answer, Region) else regions.from_brackets(answer)
    if right is None or found is None or len({right.letter, found.letter} - {""}) > 1:
        return ""
    return regions.same(right, found)


def _several(gold: Value, answer: Value) -> str:
    right, found = _items(gold), _items(answer)
    if right is None or found is None:
        return ""
    if _one(gold) or _one(answer):
        return same(right[0], found[0]) if len(right) == len(found) == 1 else ""
    assert isinstance(gold, Several) and isinstance(answer, Several)
    if {gold.brackets, answer.brackets} <= {"", "{}"}:
        if gold.ordered and answer.brackets == "":
            return _all_same(right, found, "blanks")
        system = _system(gold), _system(answer)
        if system[0] and system[1]:
            return _systems(gold, answer)
        right, found = _without_name(right), _without_name(found)
        if "{}" in (gold.brackets, answer.brackets):
            right, found = _distinct(right), _distinct(found)
        return _matched(right, found)
    if gold.brackets == answer.brackets:
        return _all_same(right, found, "tuple")
    if gold.brackets == "()" and not answer.brackets and " ".join(_system(answer)) in ORDERED_LETTERS:
        return _all_same(right, [r.sides[1] for r in found if isinstance(r, Relation)], "tuple")
    return ""


def _items(value: Value) -> list[Value] | None:
    if isinstance(value, Several):
        return list(value.items)
    return [value] if isinstance(value, Quantity) else None


def _one(value: Value) -> bool:
    """One value, written bare, as a set or in square brackets."""
    return not isinstance(value, Several) or (len(value.items) == 1 and value.brackets in ("", "{}", "[]"))


def _system(value: Several) -> list[str]:
    """The different letters of 'x = 1, y = 2', in order; none where it is no such system."""
    names = [
        r.sides[0].expression.name
        for r in value.items
        if isinstance(r, Relation)
        and r.signs == ("=",)
        and isinstance(r.sides[0], Quantity)
        and isinstance(r.sides[0].expression, Symbol)
    ]
    return names if len(set(names)) == len(value.items) > 1 else []


def _systems(gold: Several, answer: Several) -> str:
    values = [dict(zip(_system(s), s.items, strict=True)) for s in (gold, answer)]
    if values[0].keys() != values[1].keys():
        return ""
    return "system" if all(same(v, values[1][k]) for k, v in values[0].items()) else ""


def _without_name(items: list[Value]) -> list[Value]:
    """'x = 1, x = 3' are the values 1 and 3."""
    named = [i for i in items if isinstance(i, Relation) and i.signs == ("=",) and _is_name(i.sides[0])]
    if len(named) != len(items) or any(not _same_name(named[0].sides[0], r.sides[0]) for r in named):
        return items
    return [r.sides[1] for r in named]


def _distinct(items: list[Value]) -> list[Value]:
    kept: list[Value] = []
    for item in items:
        if not any(same(k, item) for k in kept):
            kept.append(item)
    return kept


def _matched(right: list[Value], found: list[Value]) -> str:
    """Every value once on either side, in any order."""
    if len(right) != len(found):
        return ""
    left = list(found)
    for wanted in right:
        at = next((i for i, value in enumerate(left) if same(wanted, value)), None)
        if at is None:
            return ""
        del left[at]
    return "values"


def _all_same(right: list[Value], found: list[Value], rule: str) -> str:
    if len(right) != len(found):
        return ""
    return rule if all(same(a, b) for a, b in zip(right, found, strict=True)) else ""


def _matrices(gold: Matrix, answer: Matrix) -> str:
    if gold.kind != answer.kind or len(gold.rows) != len(answer.rows) or len(gold.rows[0]) != len(answer.rows[0]):
        return ""
    pairs = ((a, b) for one, other in zip(gold.rows, answer.rows, strict=True) for a, b in zip(one, other, strict=True))
    return "matrix" if all(quantities(a, b) for a, b in pairs) else ""


def _proportions(gold: tuple[Expression, ...], answer: tuple[Expression, ...]) -> str:
    """a : b = ka : kb."""
    if len(gold) != len(answer):
        return ""
    try:
        one, other = [normal_form.normal(e) for e in gold], [normal_form.normal(e) for e in answer]
        crossed = all(
            normal_form.equal(normal_form.multiplied(one[0], b), normal_form.multiplied(a, other[0]))
            for a, b in zip(one, other, strict=True)
        )
        return "ratio" if crossed and one[0].top and other[0].top else ""
    except Unreadable:
        return ""


def names_unit(value: Value) -> bool:
    return isinstance(value, Quantity) and without_units(value.expression)[1] is not None
