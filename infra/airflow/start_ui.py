"""Airflow with its UI on this machine, until Ctrl-C: what `make ui` does.

.venv-airflow/bin/python infra/airflow/start_ui.py --lake ./lake --port 8080

Flags such as --seeds set the defaults of the trigger forms. These are the parts of `airflow standalone`, started here
because standalone also serves log files to the whole network (ports 8793 and 8794, on all addresses). No triggerer: no
task of ours defers, and since 3.3 a question to a person needs none.
"""

import argparse
import base64
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from environment import PROJECT, LocalAirflow, add_parameter_flags, as_variables, parameter_defaults

START_SECONDS = 240
STOP_SECONDS = 10
STATUSES = ("metadatabase", "scheduler", "dag_processor")
COMPONENTS = (("api-server",), ("dag-processor",), ("scheduler", "--skip-serve-logs"))
PASSWORDS = "simple_auth_manager_passwords.json.generated"
KEY_BYTES = {"AIRFLOW__API_AUTH__JWT_SECRET": 64, "AIRFLOW__API__SECRET_KEY": 32, "AIRFLOW__CORE__FERNET_KEY": 32}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lake", default=os.environ.get("LAKE") or "./lake")
    parser.add_argument("--home", type=Path, default=PROJECT / ".airflow" / "ui", help="Airflow's database and logs")
    parser.add_argument("--port", type=int, default=8080)
    add_parameter_flags(parser)
    words = parser.parse_args()
    if not free(words.port):
        raise SystemExit(f"port {words.port} is taken; choose another: make ui PORT={words.port + 1}")
    airflow = LocalAirflow(words.home.resolve(), words.lake, words.port)
    environment = os.environ | airflow.environment() | keys(airflow.home) | as_variables(parameter_defaults(words))
    log = airflow.home / "airflow.log"
    print(
        f"starting Airflow in {airflow.home}, lake {environment['LAKE']}, log {log}; takes about a minute", flush=True
    )
    return serve(airflow, environment, log)


def keys(home: Path) -> dict[str, str]:
    """The keys that Airflow's parts share, made once and readable by their owner only. Parts that start together for
    the first time would each make their own, and refuse each other's tasks."""
    file = home / "keys.json"
    home.mkdir(parents=True, exist_ok=True)
    if not file.exists():
        made = {n: base64.urlsafe_b64encode(secrets.token_bytes(size)).decode() for n, size in KEY_BYTES.items()}
        with open(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as stream:
            json.dump(made, stream)
    return dict(json.loads(file.read_text()))


def free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def serve(airflow: LocalAirflow, environment: dict[str, str], log: Path) -> int:
    """Run Airflow until a part of it or its user ends; nothing of it is left afterwards. Returns the exit status."""
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    parts: list[subprocess.Popen[bytes]] = []
    try:
        with log.open("ab") as output:
            prepare = [sys.executable, str(PROJECT / "infra" / "airflow" / "prepare.py")]
            subprocess.run(prepare, env=environment, stdout=output, stderr=output, check=True)
            # Sessions of their own: Ctrl-C reaches only this process, which then ends all of them in order.
            parts += [
                subprocess.Popen(
                    ["airflow", *words], cwd=PROJECT, env=environment, stdin=subprocess.DEVNULL, stdout=output,
                    stderr=output, start_new_session=True,
                ) for words in COMPONENTS
            ]  # fmt: skip
        if wait_until_healthy(parts, airflow.port):
            print(f"Airflow: http://127.0.0.1:{airflow.port}   {account(airflow)}   Ctrl-C ends it", flush=True)
            while running(parts):
                time.sleep(1)
        tail = log.read_text(errors="replace").splitlines()[-20:]
        print(f"a part of Airflow ended or never became healthy; the end of {log}:\n" + "\n".join(tail))
        return 1
    except KeyboardInterrupt:
        return 0
    finally:
        stop(parts)


def account(airflow: LocalAirflow) -> str:
    """Who may log in; Airflow makes the password when it first starts and keeps it in its home folder."""
    ((user, password),) = json.loads((airflow.home / PASSWORDS).read_text()).items()
    return f"user {user}, password {password}"


def running(parts: "list[subprocess.Popen[bytes]]") -> bool:
    return all(part.poll() is None for part in parts)


def wait_until_healthy(parts: "list[subprocess.Popen[bytes]]", port: int) -> bool:
    """True once all parts report healthy, False where one ended or it took too long."""
    deadline = time.monotonic() + START_SECONDS
    while running(parts) and time.monotonic() < deadline:
        if healthy(port):
            return True
        time.sleep(1)
    return False


def healthy(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v2/monitor/health", timeout=5) as answer:
            status = json.load(answer)
    except (urllib.error.URLError, OSError, ValueError):
        return False
    return all(status[component]["status"] == "healthy" for component in STATUSES)


def stop(parts: "list[subprocess.Popen[bytes]]") -> None:
    """End Airflow and every process below it, also training jobs, which have process groups of their own."""
    import psutil

    print("stopping Airflow", flush=True)
    family = []
    for part in parts:
        if part.poll() is None:
            parent = psutil.Process(part.pid)
            family += [*parent.children(recursive=True), parent]
    for member in family:
        if member.is_running():
            member.terminate()
    _, alive = psutil.wait_procs(family, timeout=STOP_SECONDS)
    for member in alive:
        member.kill()
    for part in parts:
        part.wait()


if __name__ == "__main__":
    sys.exit(main())
