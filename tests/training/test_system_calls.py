"""The seccomp filter, run step by step on invented calls."""

import errno
import struct

import pytest

from training.python_tool.system_calls import (
    CLONE,
    CLONE_THREAD,
    IOCTL,
    KNOWN,
    PRCTL,
    PRLIMIT64,
    TERMINAL_QUESTIONS,
    allowed_numbers,
    seccomp_filter,
)

ALLOW, KILL = 0x7FFF0000, 0x80000000
REFUSED, UNKNOWN = 0x00050000 | errno.EPERM, 0x00050000 | errno.ENOSYS
X86_64, I386 = 0xC000003E, 0x40000003


def decide(number: int, *arguments: int, machine: int = X86_64) -> int:
    """What the kernel would do with a call."""
    data = struct.pack("=IIQ6Q", number, machine, 0, *arguments, *[0] * (6 - len(arguments)))
    steps = list(struct.iter_unpack("=HBBI", seccomp_filter()))
    place, loaded = 0, 0
    while True:
        code, if_true, if_false, value = steps[place]
        place += 1
        if code == 0x06:
            return int(value)
        if code == 0x20:
            (loaded,) = struct.unpack_from("=I", data, value)
        else:
            test = {0x15: loaded == value, 0x25: loaded > value, 0x45: bool(loaded & value)}[code]
            place += if_true if test else if_false


def test_every_number_is_decided_and_only_the_list_is_allowed() -> None:
    listed = set(allowed_numbers())
    assert len(listed) > 100 and not listed & {41, 42, 53, 57, 58, 59, 62, 101, 165, 272, 308, 310, 319, 321, 322, 434}
    for number in set(range(1024)) - {CLONE, IOCTL, PRCTL, PRLIMIT64}:
        wanted = ALLOW if number in listed else UNKNOWN if number > KNOWN else REFUSED
        assert decide(number) == wanted, number


def test_numbers_of_the_x32_table_and_of_other_machines_are_not_ours() -> None:
    assert decide(0x40000000 + 1) == UNKNOWN
    assert decide(1, machine=I386) == KILL


@pytest.mark.parametrize(
    ("number", "arguments", "wanted"),
    [
        (CLONE, (CLONE_THREAD | 0xF00,), ALLOW),
        (CLONE, (17,), REFUSED),
        (CLONE, (0x10000000,), REFUSED),
        (IOCTL, (0, TERMINAL_QUESTIONS[0]), ALLOW),
        (IOCTL, (TERMINAL_QUESTIONS[0], 0x5412), REFUSED),
        (PRCTL, (15,), ALLOW),
        (PRCTL, (38, 1), REFUSED),
        (PRLIMIT64, (0, 7), ALLOW),
        (PRLIMIT64, (1, 7), REFUSED),
    ],
)
def test_calls_that_depend_on_an_argument(number: int, arguments: tuple[int, ...], wanted: int) -> None:
    assert decide(number, *arguments) == wanted
