"""How kernels are compiled: once a machine, without Python's lock.

Numba's cache watches the file of a kernel only: after a change to a helper of another file, delete __pycache__.
"""

from collections.abc import Callable
from typing import Any

import numba

kernel: Callable[[Any], Any] = numba.njit(cache=True, nogil=True)

helper: Callable[[Any], Any] = numba.njit(cache=True, nogil=True, _nrt=False)  # type: ignore[call-overload]
"""For functions that other kernels call and that never allocate: compiled without reference counts. Their atomic
increments, for every array of every call, took three times as long as the work (70 against 25 microseconds a page)."""
