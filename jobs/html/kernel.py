"""Functions that are compiled to machine code: what must look at every byte of a crawl.

Numba keeps machine code on disk per source file, and sees a change of that file only; constants and functions of other
files are inside the code all the same. So the cache lies in a folder named by a digest of every file here, and an
update of one file can never run with old code of another.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba

HERE = Path(__file__).parent
SOURCES = (*sorted(HERE.glob("*.py")), HERE.parent / "web" / "formula_names.py")
"""What machine code may be made from."""


def _cache_folder() -> Path | None:
    """Where machine code is kept: NUMBA_CACHE_DIR if it is set, else beside the byte code; None if it cannot be."""
    digest = hashlib.sha256()
    for source in SOURCES:
        digest.update(source.read_bytes())
    base = Path(os.environ.get("NUMBA_CACHE_DIR") or HERE / "__pycache__")
    try:
        base.mkdir(parents=True, exist_ok=True)
    except OSError:
        return None
    return base / digest.hexdigest()[:16] if os.access(base, os.W_OK) else None


_CACHE = _cache_folder()


def kernel(function: Callable[..., Any]) -> Any:
    """Compile a function of numbers and arrays (nopython) that makes no array itself.

    Without Numba's counting of references: a walk passes its buffers through a dozen functions a node, and counting
    them took half of its time.
    """
    return _compiled(function, _nrt=False)


def allocating_kernel(function: Callable[..., Any]) -> Any:
    """Compile a function that makes arrays: the entry points."""
    return _compiled(function)


def _compiled(function: Callable[..., Any], **options: Any) -> Any:
    """Machine code, kept on disk where that is possible."""
    if _CACHE is None:
        return numba.njit(nogil=True, **options)(function)
    config: Any = numba.config
    before = config.CACHE_DIR
    config.CACHE_DIR = str(_CACHE)
    try:
        return numba.njit(cache=True, nogil=True, **options)(function)
    finally:
        config.CACHE_DIR = before


__all__ = ["allocating_kernel", "kernel"]
