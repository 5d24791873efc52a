"""The laws of import, and the names that modules must not have."""

import ast
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("jobs", "training", "dags")
FORBIDDEN_NAMES = {"utils", "util", "common", "helpers", "misc", "base", "core"}
LAKE_MAY_IMPORT = {"pyarrow", "fsspec", "numpy"}
"""numpy: token shards are memory-mapped arrays."""
HEAVY = {"pyspark", "torch", "pandas", "numpy", "transformers", "deepspeed"}
FILE_LINES = 360
FUNCTION_LINES = 70

FILES = sorted(p for package in PACKAGES for p in (ROOT / package).rglob("*.py"))
MODULES = {".".join(p.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): p for p in FILES}


def imported(path: Path) -> set[str]:
    """Every dotted name that a file imports, wherever in the file."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {a.name for a in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path}: relative imports hide where a name comes from"
            names |= {f"{node.module}.{a.name}" for a in node.names} | {str(node.module)}
    return names


def ours(path: Path) -> set[str]:
    """The modules of ours that a file imports."""
    return {m for name in imported(path) for m in MODULES if name == m and m not in PACKAGES}


def is_entry_point(path: Path) -> bool:
    """It does something when run as a module (a docstring that shows how does not count)."""
    return any(
        isinstance(node, ast.If) and ast.unparse(node.test) == "__name__ == '__main__'"
        for node in ast.parse(path.read_text()).body
    )


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_laws_of_import(path: Path) -> None:
    name = path.relative_to(ROOT).as_posix()
    used, tops = ours(path), {n.split(".")[0] for n in imported(path)}
    if name.startswith("jobs/lake/"):
        assert all(m.startswith("jobs.lake") for m in used), f"{name} is the ground floor: {used}"
        assert tops <= LAKE_MAY_IMPORT | {"jobs"} | set(sys.stdlib_module_names), f"{name}: {tops}"
    if name.startswith("jobs/"):
        assert not tops & {"training", "dags"}, name
    if name.startswith("training/"):
        assert "dags" not in tops, name
        assert all(m.startswith(("training", "jobs.lake")) for m in used), f"{name} imports more of jobs: {used}"
        assert name == "training/engine.py" or "deepspeed" not in tops, f"{name}: only engine.py imports deepspeed"
    if name.startswith("dags/"):
        assert all(m.startswith(("dags", "jobs.lake")) for m in used), f"{name}: {used}"
        assert not tops & HEAVY, f"{name}: a DAG file is parsed every few seconds"


@pytest.mark.parametrize(
    "path", [p for p in FILES if is_entry_point(p) and p.parts[-2] != "lake"], ids=lambda p: p.stem
)
def test_an_entry_point_imports_no_entry_point(path: Path) -> None:
    others = {m for m in ours(path) if is_entry_point(MODULES[m]) and m != "jobs.java"}
    assert not others, f"{path.name} imports {others}"


def test_no_import_circles() -> None:
    graph = {m: ours(p) - {m} for m, p in MODULES.items()}
    done: set[str] = set()

    def visit(module: str, trail: tuple[str, ...]) -> None:
        assert module not in trail, f"circle: {' -> '.join((*trail, module))}"
        if module not in done:
            for below in graph[module]:
                visit(below, (*trail, module))
            done.add(module)

    for module in graph:
        visit(module, ())


def test_modules_are_named_by_what_they_hold() -> None:
    for path in FILES:
        assert path.stem not in FORBIDDEN_NAMES, path
        if path.parent.name in PACKAGES:
            continue
        assert path.stem == "__init__" or path.stem not in sys.stdlib_module_names, (
            f"{path} shadows the standard library"
        )


def test_files_and_functions_stay_readable() -> None:
    for path in FILES:
        lines = path.read_text().splitlines()
        assert len(lines) <= FILE_LINES, f"{path.relative_to(ROOT)} has {len(lines)} lines: two nouns in one file?"
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                length = (node.end_lineno or 0) - node.lineno + 1
                assert length <= FUNCTION_LINES, (
                    f"{path.relative_to(ROOT)}:{node.lineno} {node.name} has {length} lines"
                )
