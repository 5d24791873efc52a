"""The stories that word problems are made from: wordings, number ranges, and the operations that solve them.

Sentences and numbers are short on purpose: a model of a million parameters meets each fact of arithmetic often enough
in two minutes of training on one core.
"""

from dataclasses import dataclass
from functools import cached_property

PEOPLE = "Ada Ben Cleo Dan Eva Finn Gus Ivy Jack Kim Leo Mia Noah Olga Paul Rosa Sam Tina Vera Zoe".split()
THINGS = "apples bags balls books caps cards cups eggs figs hats keys nuts pens pins plums shells stamps toys".split()


@dataclass(frozen=True)
class Story:
    """A kind of problem. Texts are wordings of the same story; {p} and {q} are people, {t} and {u} are things,
    {a} to {d} are numbers drawn from `numbers` in that order. A step is an operation on numbers, earlier results
    (x, y, z in order) and constants."""

    name: str
    texts: tuple[str, ...]
    numbers: tuple[range, ...]
    steps: tuple[str, ...]

    @cached_property
    def operations(self) -> tuple[tuple[str, str, str], ...]:
        return tuple((left, sign, right) for left, sign, right in (step.split() for step in self.steps))


def r(low: int, high: int) -> range:
    """Both ends included."""
    return range(low, high + 1)


STORIES = (
    Story(
        "pocket_money",
        (
            "{p} has {a} dollars and buys {b} {t} at {c} dollars each. How many dollars are left?",
            "{p} pays for {b} {t} at {c} dollars each out of {a} dollars. How much money is left?",
        ),
        (r(8, 20), r(2, 6), r(2, 6)),
        ("b * c", "a - x"),
    ),
    Story(
        "boxes_and_loose",
        (
            "{p} has {a} boxes of {b} {t} and {c} loose {t}. How many {t} are there?",
            "There are {b} {t} in each of {a} boxes and {c} more on the table. How many {t} is that?",
        ),
        (r(2, 6), r(2, 6), r(1, 10)),
        ("a * b", "x + c"),
    ),
    Story(
        "find_and_give",
        (
            "{p} has {a} {t}, finds {b} more and gives {c} to {q}. How many {t} does {p} have now?",
            "{p} found {b} {t} and had {a} before. Then {q} got {c} of them. How many does {p} keep?",
        ),
        (r(2, 15), r(2, 12), r(2, 15)),
        ("a + b", "x - c"),
    ),
    Story(
        "share_equally",
        (
            "{p} has {a} {t}, gets {b} more and shares all equally among {c} friends. How many does each get?",
            "{a} {t} from {p} and {b} from {q} are shared equally by {c} children. How many does each get?",
        ),
        (r(2, 15), r(2, 12), r(2, 6)),
        ("a + b", "x / c"),
    ),
    Story(
        "twice_as_many",
        (
            "{p} has {a} {t} and {q} twice as many. They get {b} more. How many {t} are there in all?",
            "{q} has twice as many {t} as {p}, who has {a}. {p} gets {b} more. How many do both have?",
        ),
        (r(2, 6), r(1, 12)),
        ("a * 2", "a + x", "y + b"),
    ),
    Story(
        "half_sold",
        (
            "A shop has {a} {t}. It sells half of them, then {b} more. How many are left?",
            "Half of {a} {t} are sold before noon and {b} after noon. How many {t} remain?",
        ),
        (r(4, 20), r(1, 9)),
        ("a / 2", "x - b"),
    ),
    Story(
        "change",
        (
            "{p} buys {a} {t} at {b} dollars each and pays with {c} dollars. How much change is due?",
            "{a} {t} at {b} dollars each are paid for with {c} dollars. How many dollars come back?",
        ),
        (r(2, 6), r(2, 6), r(6, 20)),
        ("a * b", "c - x"),
    ),
    Story(
        "hours_of_work",
        (
            "{p} works {a} hours a day for {b} days, then {c} hours on Sunday. How many hours is that?",
            "For {b} days {p} works {a} hours a day, and {c} hours on Friday. How many hours in all?",
        ),
        (r(2, 8), r(2, 6), r(1, 9)),
        ("a * b", "x + c"),
    ),
    Story(
        "pages_left",
        (
            "A book has {c} pages. {p} reads {a} pages a day for {b} days. How many pages are left?",
            "{p} reads {a} pages each day of a book of {c}. How many are left after {b} days?",
        ),
        (r(2, 8), r(2, 6), r(6, 20)),
        ("a * b", "c - x"),
    ),
    Story(
        "rows_of_chairs",
        (
            "A hall has {a} rows of {b} chairs and {c} rows of {d} chairs. How many chairs is that?",
            "There are {a} rows with {b} chairs and {c} rows with {d} chairs. How many chairs are there?",
        ),
        (r(2, 5), r(2, 6), r(2, 5), r(2, 6)),
        ("a * b", "c * d", "x + y"),
    ),
    Story(
        "ages",
        (
            "{p} is {a} years old. {q} is {b} years older. How old will {q} be in {c} years?",
            "How old will {q} be in {c} years, who is {b} years older than {p}, now {a}?",
        ),
        (r(2, 15), r(1, 9), r(1, 9)),
        ("a + b", "x + c"),
    ),
    Story(
        "two_prices",
        (
            "{p} buys {a} {t} at {b} dollars each and {c} {u} at {d} dollars each. What does {p} pay?",
            "{a} {t} cost {b} dollars each, {c} {u} cost {d} each. How many dollars is it for all?",
        ),
        (r(2, 5), r(2, 6), r(2, 5), r(2, 6)),
        ("a * b", "c * d", "x + y"),
    ),
    Story(
        "bus",
        (
            "There are {a} people on a bus. {b} get off and {c} get on. How many are on it now?",
            "A bus with {a} people stops. {b} leave and {c} come in. How many people are on the bus?",
        ),
        (r(4, 20), r(2, 12), r(2, 12)),
        ("a - b", "x + c"),
    ),
    Story(
        "orchard",
        (
            "{p} plants {a} rows of {b} trees. {c} trees die. How many trees are left?",
            "Of {a} rows with {b} trees each {p} cuts down {c} trees. How many trees stand?",
        ),
        (r(2, 6), r(2, 6), r(1, 12)),
        ("a * b", "x - c"),
    ),
    Story(
        "bags_of_rolls",
        (
            "{p} bakes {a} trays of {b} rolls and puts {c} in a bag. How many bags are filled?",
            "{a} trays of {b} rolls go into bags of {c}. How many bags does {p} fill?",
        ),
        (r(2, 9), r(2, 9), r(2, 9)),
        ("a * b", "x / c"),
    ),
    Story(
        "saving",
        (
            "{p} saves {a} dollars a week for {b} weeks. A toy costs {c}. How many dollars are missing?",
            "A toy costs {c} dollars. {p} saves {a} a week. How much is missing after {b} weeks?",
        ),
        (r(2, 8), r(2, 6), r(6, 20)),
        ("a * b", "c - x"),
    ),
    Story(
        "fence",
        (
            "{p} fences a garden of {a} by {b} metres and keeps {c} metres. How many metres were there?",
            "A fence goes around {a} by {b} metres and {c} metres are left. How many metres were there?",
        ),
        (r(1, 6), r(1, 6), r(1, 10)),
        ("a + b", "x * 2", "y + c"),
    ),
    Story(
        "more_than",
        (
            "{p} has {a} {t}. {q} has {b} more than {p}. They lose {c}. How many do they have together?",
            "{q} has {b} more {t} than {p}, who has {a}. They eat {c}. How many do both have?",
        ),
        (r(2, 9), r(1, 9), r(1, 9)),
        ("a + b", "a + x", "y - c"),
    ),
    Story(
        "fewer_than",
        (
            "{p} has {a} {t}. {q} has {b} fewer. They lose {c}. How many do they have together?",
            "{q} has {b} fewer {t} than {p}, who has {a}. They give {c} away. How many do both have?",
        ),
        (r(3, 12), r(1, 8), r(1, 9)),
        ("a - b", "a + x", "y - c"),
    ),
    Story(
        "three_days",
        (
            "{p} sells {a} {t} on Monday, {b} more than that on Tuesday and {c} on Friday. How many in all?",
            "On Friday {p} sells {c} {t}, on Monday {a}, on Tuesday {b} more than on Monday. How many in all?",
        ),
        (r(1, 8), r(1, 8), r(1, 9)),
        ("a + b", "a + x", "y + c"),
    ),
    Story(
        "each_child",
        (
            "{p} needs {a} {t} for each of {b} children and has {c}. How many {t} are missing?",
            "Each of {b} children is to get {a} {t}. {p} has {c}. How many more are needed?",
        ),
        (r(2, 6), r(2, 8), r(1, 12)),
        ("a * b", "x - c"),
    ),
    Story(
        "points",
        (
            "{p} throws {a} balls for {c} points each and {b} balls for 3 points each. How many points is that?",
            "{p} scores {a} times {c} points and {b} times 3 points. How many points is that?",
        ),
        (r(1, 8), r(1, 6), r(1, 5)),
        ("a * c", "b * 3", "x + y"),
    ),
    Story(
        "three_times",
        (
            "{p} has {a} {t}. {q} has three times as many and gives {b} away. How many does {q} have then?",
            "{q} has three times as many {t} as {p}, who has {a}. {q} loses {b}. How many does {q} keep?",
        ),
        (r(2, 6), r(1, 15)),
        ("a * 3", "x - b"),
    ),
    Story(
        "gives_half",
        (
            "{p} gives half of {a} {t} to {q}, who had {b}. How many {t} does {q} have now?",
            "{q} has {b} {t}. {p} has {a} and gives {q} half of them. How many does {q} have then?",
        ),
        (r(2, 20), r(1, 15)),
        ("a / 2", "b + x"),
    ),
    Story(
        "water_tank",
        (
            "A tank holds {a} litres. {b} litres run out every hour. How many are in it after {c} hours?",
            "Every hour {b} litres run out of a tank of {a}. How many litres are left after {c} hours?",
        ),
        (r(8, 20), r(2, 6), r(2, 6)),
        ("b * c", "a - x"),
    ),
    Story(
        "price_of_more",
        (
            "{a} {t} cost {b} dollars. How many dollars do {c} {t} cost?",
            "{p} pays {b} dollars for {a} {t}. What does {q} pay for {c} {t}?",
        ),
        (r(2, 6), r(4, 20), r(2, 6)),
        ("b / a", "x * c"),
    ),
)
