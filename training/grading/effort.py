"""How much work one comparison may cost, in steps and not in seconds: a verdict is the same on a busy machine."""

import threading

MOST_STEPS = 250_000
"""About 2 microseconds each, half a second in all; a fair pair costs some hundreds."""


class Exhausted(Exception):
    """The comparison costs too much; the answer is then wrong."""


class Effort(threading.local):
    """Steps spent by this thread's comparison, and the values that it has compared."""

    def __init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        self.spent = 0
        self.verdicts: dict[object, str] = {}
        self.forms: dict[object, object] = {}

    def spend(self, steps: int) -> None:
        self.spent += steps
        if self.spent > MOST_STEPS:
            raise Exhausted


effort = Effort()
