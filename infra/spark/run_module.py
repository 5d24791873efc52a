"""spark-submit takes a file; this one runs a module: spark-submit infra/spark/run_module.py jobs.recall --round 2."""

import runpy
import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
    if len(sys.argv) < 2:
        raise SystemExit("usage: spark-submit infra/spark/run_module.py MODULE [flags]; MODULE such as jobs.recall")
    sys.argv = sys.argv[1:]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
