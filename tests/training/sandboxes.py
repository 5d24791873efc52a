"""The sandbox for tests that need one; where it cannot run they skip, and say so where nobody can miss it."""

import warnings
from typing import NoReturn

import pytest

from training.python_tool.box import Limits
from training.python_tool.bubblewrap import SandboxError
from training.python_tool.tool import PythonTool


def python_tool(limits: Limits, workers: int = 1) -> PythonTool:
    try:
        return PythonTool(limits, workers)
    except SandboxError as why:
        skip_loudly(str(why))


def skip_loudly(why: str) -> NoReturn:
    warnings.warn(f"THE SANDBOX WAS NOT TESTED: {why}", stacklevel=2)
    pytest.skip(f"no sandbox on this machine: {why}")
