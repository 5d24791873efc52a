"""The benchmark command writes a row for each program, and tells what a program did that no row shows."""

import json
import subprocess
import sys
from pathlib import Path

from tests.training.sandboxes import skip_loudly

SCRIPT = Path(__file__).resolve().parents[2] / "benchmarks" / "sandbox.py"
PROGRAMS = {
    "sum": "print(6 * 7)",
    "local": 'import socket\nsocket.create_connection(("127.0.0.1", 22))',
    "environment": "import os\nprint(os.environ.get('SECRET_TOKEN'))",
}


def test_rows_and_faults(tmp_path: Path) -> None:
    programs, out = tmp_path / "programs.jsonl", tmp_path / "out.jsonl"
    programs.write_text("".join(json.dumps({"id": k, "code": v}) + "\n" for k, v in PROGRAMS.items()))
    command = [sys.executable, str(SCRIPT), str(programs), str(out), "--wall", "60", "--speed", "3"]
    done = subprocess.run(command, capture_output=True, text=True)
    if "SandboxError" in done.stderr:
        skip_loudly(done.stderr)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "3 programs, twice; 0 faults" in done.stdout and "| median ms |" in done.stdout
    rows = {row["id"]: row for row in map(json.loads, out.read_text().splitlines())}
    assert [(k, r["outcome"], r["stdout"]) for k, r in rows.items()] == [
        ("sum", "ok", "42\n"), ("local", "denied", ""), ("environment", "ok", "None\n"),
    ]  # fmt: skip
    assert all(0 < row["seconds"] < 61 for row in rows.values())
