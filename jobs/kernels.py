"""Functions that are compiled to machine code: what must look at every byte of a crawl.

Numba keeps machine code on disk per source file, and sees a change of that file only; constants and functions of other
files are inside the code all the same. So the cache lies in a folder named by a digest of every file that a kernel may
take something from, and an update of one file can never run with old code of another.
"""

from __future__ import annotations

import hashlib
import os
import warnings
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

import numba

SHARED = (Path(__file__).parent / "web" / "formula_names.py",)
"""Sources of constants outside a kernel's own folder."""


def kernel(function: Callable[..., Any]) -> Any:
    """Compile a function of numbers and arrays (nopython); it may make arrays. The entry points are such."""
    return _compiled(function)


def bare_kernel(function: Callable[..., Any]) -> Any:
    """Compile a function that makes no array itself, without Numba's counting of references.

    A walk passes its buffers through a dozen functions a node, and counting them took half to two thirds of its time.
    """
    return _compiled(function, _nrt=False)


def _compiled(function: Callable[..., Any], **options: Any) -> Any:
    """Machine code, kept on disk where that is possible."""
    folder = _cache_folder(Path(function.__code__.co_filename).parent)
    if folder is None:
        return numba.njit(nogil=True, **options)(function)
    config: Any = numba.config
    before = config.CACHE_DIR
    config.CACHE_DIR = str(folder)
    try:
        return numba.njit(cache=True, nogil=True, **options)(function)
    finally:
        config.CACHE_DIR = before


@lru_cache(maxsize=8)
def _cache_folder(sources: Path) -> Path | None:
    """Where machine code of a folder's kernels is kept: NUMBA_CACHE_DIR if set, else beside the byte code; None and a
    warning if it cannot be kept."""
    digest = hashlib.sha256()
    for source in (*sorted(sources.glob("*.py")), *SHARED):
        digest.update(source.read_bytes())
    base = Path(os.environ.get("NUMBA_CACHE_DIR") or sources / "__pycache__")
    try:
        base.mkdir(parents=True, exist_ok=True)
    except OSError:
        writable = False
    else:
        writable = os.access(base, os.W_OK)
    if writable:
        return base / digest.hexdigest()[:16]
    warnings.warn(
        f"compiled code cannot be kept in {base}: every process compiles it anew, which takes up to a minute; set "
        "NUMBA_CACHE_DIR to a folder that can be written",
        stacklevel=2,
    )
    return None


__all__ = ["bare_kernel", "kernel"]
