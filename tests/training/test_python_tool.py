import json
import os
import platform
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.sandbox import WRITABLE, descendants, stat
from tests.training.sandboxes import python_tool
from training.python_tool import server
from training.python_tool.box import Limits, Report, Watch
from training.python_tool.bubblewrap import SandboxError, command, mounts
from training.python_tool.tool import PythonTool, Result, judge

LIMITS = Limits(cpu_seconds=2, wall_seconds=60.0, output_bytes=10_000)
ROOT = Path(__file__).parents[2]
SHARED = ROOT.parent / "shared/data/sandbox/programs.jsonl"
SEEDED = "0.8444218515250481 0.5488135039273248\n"


@pytest.fixture(scope="module")
def tool() -> Iterator[PythonTool]:
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("SECRET_TOKEN", "canary")
        with python_tool(LIMITS, workers=2) as made:
            yield made


PLAIN = {
    "output": ("print(6 * 7)", "42\n"),
    "no output": ("x = 1", ""),
    "exit with 0": ("import sys\nprint(1)\nsys.exit()", "1\n"),
    "stdin is empty": ("import sys\nprint(repr(sys.stdin.read()))", "''\n"),
    "main module": ("import sys\nprint(__name__, vars(sys.modules['__main__']) is globals())", "__main__ True\n"),
    "text of all kinds": ("print('答 ½ \\x1b[1m')", "答 ½ \x1b[1m\n"),
    "bytes that are no text": ("import os\nos.write(1, b'a\\xff')", "a\ufffd"),
    "threads": ("from concurrent.futures import ThreadPoolExecutor as T\nprint(*T(3).map(abs, [-1, -2]))", "1 2\n"),
    "a thread that goes on": ("import threading as t\nt.Timer(0.01, print, ['late']).start()\nprint(1)", "1\nlate\n"),
    "at exit": ("import atexit\natexit.register(print, 'end')\nprint(1)", "1\nend\n"),
    "a file of its own": ("open('a', 'w').write('x')\nprint(open('a').read())", "x\n"),
    "libraries": ("import numpy, sympy\nprint(numpy.arange(3).sum(), sympy.Rational(1, 2))", "3 1/2\n"),
    "the same chance": ("import random, numpy\nprint(random.random(), numpy.random.rand())", SEEDED),
    "text like a report": ("print('{\"status\": 0, \"entered\": 1}')", '{"status": 0, "entered": 1}\n'),
    "alarm": ("import signal as s\ns.signal(14, lambda *_: print('rung'))\ns.alarm(1)\ns.pause()", "rung\n"),
}  # fmt: skip


@pytest.mark.parametrize("name", PLAIN)
def test_a_program_runs_as_python_runs_a_file(tool: PythonTool, name: str) -> None:
    program, stdout = PLAIN[name]
    result = tool.run(program)
    assert (result.outcome, result.reason, result.stdout) == ("ok", "", stdout), result


FAILING = {
    "exception": ("print(5)\n1 / 0", "error", "5\n"),
    "exit status": ("print(5)\nraise SystemExit(3)", "error", "5\n"),
    "message at exit": ("raise SystemExit('bye')", "error", ""),
    "syntax": ("print(5", "error", ""),
    "not a program": ("\0", "error", ""),
    "end of input": ("input()", "error", ""),
    "crash": ("import ctypes\nctypes.string_at(0)", "error", ""),
    "abort": ("import os\nos.abort()", "error", ""),
    "recursion": ("def f(): f()\nf()", "error", ""),
    "output closed": ("import os\nos.close(1)\nprint(1)", "error", ""),
    "streams replaced": ("import sys\nsys.stdout = sys.stderr = 7", "error", ""),
    "exit hooks fail": ("import sys\nclass E:\n def flush(s): 1 / 0\n closed = False\nsys.stdout = E()", "error", ""),
    "fork": ("import os\nos.fork()", "denied", ""),
    "another program": ("import subprocess\nsubprocess.run(['/bin/sh', '-c', 'id'])", "denied", ""),
    "run a file": ("import os\nos.execv('/python/bin/python3', ['python3'])", "denied", ""),
    "network": ("import socket\nsocket.socket()", "denied", ""),
    "kill the parent": ("import os\nos.kill(os.getppid(), 9)", "denied", ""),
    "kill everybody": ("import os\nos.kill(-1, 9)", "denied", ""),
    "write outside": ("open('/python/x', 'w')", "denied", ""),
    "memory": ("a = []\nwhile True: a.append(bytearray(10**7))", "limit", ""),
    "threads": ("import threading, time\nwhile 1: threading.Thread(target=time.sleep, args=[99]).start()", "limit", ""),
    "a large file": ("f = open('a', 'wb')\nwhile True: f.write(bytes(10**6))", "limit", ""),
    "many files": ("import os\nfor i in range(10**6): os.close(os.open(str(i), os.O_CREAT))", "limit", ""),
    "open files": ("import os\nwhile True: os.pipe()", "limit", ""),
    "processor time, deaf": ("import signal\nsignal.signal(24, signal.SIG_IGN)\nwhile True: pass", "limit", ""),
}  # fmt: skip


@pytest.mark.parametrize("name", FAILING)
def test_what_goes_wrong_has_the_right_name_and_the_next_program_is_right(tool: PythonTool, name: str) -> None:
    program, outcome, stdout = FAILING[name]
    result = tool.run(program)
    assert (result.outcome, result.stdout) == (outcome, stdout), result
    assert tool.run("import os\nprint(os.listdir(), 6 * 7)").stdout == "[] 42\n"


def test_output_is_cut_while_it_is_read(tool: PythonTool) -> None:
    for stream in ("stdout", "stderr"):
        result = tool.run(f"import sys\nwhile True: sys.{stream}.write('A' * 1000)")
        assert (result.outcome, result.reason) == ("limit", "output")
        assert getattr(result, stream) == "A" * LIMITS.output_bytes
    exact = tool.run(f"print('A' * {LIMITS.output_bytes - 2})")
    assert exact.outcome == "ok" and len(exact.stdout) == LIMITS.output_bytes - 1


def test_system_calls_outside_the_list_are_refused(tool: PythonTool) -> None:
    names = {
        "ptrace": 101, "fork": 57, "vfork": 58, "execve": 59, "kill": 62, "tkill": 200, "mount": 165, "umount2": 166,
        "chroot": 161, "pivot_root": 155, "unshare": 272, "setns": 308, "clone3": 435, "socket": 41, "socketpair": 53,
        "connect": 42, "bpf": 321, "keyctl": 250, "add_key": 248, "perf_event_open": 298, "io_uring_setup": 425,
        "userfaultfd": 323, "process_vm_readv": 310, "process_vm_writev": 311, "pidfd_open": 434, "shmget": 29,
        "pidfd_send_signal": 424, "memfd_create": 319, "msgget": 68, "semget": 64, "mq_open": 240, "mknod": 133,
        "setuid": 105, "capset": 126, "init_module": 175, "kexec_load": 246, "reboot": 169, "swapon": 167,
        "open_by_handle_at": 304, "ioperm": 173, "iopl": 172, "acct": 163, "personality": 135, "modify_ldt": 154,
        "sethostname": 170, "settimeofday": 164, "setpriority": 141,
    }  # fmt: skip
    program = (
        "import ctypes, errno\nc = ctypes.CDLL(None, use_errno=True)\n"
        f"for name, number in {names}.items():\n"
        "    done = c.syscall(number, 0, 0, 0, 0, 0, 0)\n"
        "    if done != -1 or ctypes.get_errno() not in (errno.EPERM, errno.ENOSYS):\n"
        "        print(name, done, ctypes.get_errno())\n"
        "done = c.syscall(56, 0x10000000 | 17, 0, 0, 0, 0)  # clone, with a user namespace\n"
        "print(done, errno.errorcode[ctypes.get_errno()])\n"
        "print(c.prctl(4, 1, 0, 0, 0), errno.errorcode[ctypes.get_errno()])  # dumpable\n"
    )
    assert tool.run(program).stdout == "-1 EPERM\n-1 EPERM\n"


def test_a_program_sees_nothing_of_this_machine(tool: PythonTool) -> None:
    seen = tool.run("import os\nprint(dict(os.environ), os.getpid(), os.getppid(), os.uname().nodename)").stdout
    assert "SECRET_TOKEN" in os.environ and seen == "{} 1 0 sandbox\n"
    tops = tool.run("import os\nprint(*sorted(os.listdir('/') + os.listdir('/dev')), os.path.exists('/proc'))").stdout
    assert tops == "dev lib64 null packages python random scratch server.py urandom zero False\n"


def test_a_running_program_has_no_rights_seen_from_outside(tool: PythonTool) -> None:
    with ThreadPoolExecutor(1) as threads:
        running = threads.submit(tool.run, "import time\ntime.sleep(3)")
        seen: list[dict[str, str]] = []
        while not running.done():
            seen += [status for pid in descendants() if (status := status_of(pid)).get("Seccomp") == "2"]
    assert seen, "the program was never seen"
    for status in seen:
        assert {status[name] for name in ("CapInh", "CapPrm", "CapEff", "CapAmb")} == {"0" * 16}
        assert status["NoNewPrivs"] == "1" and "0" not in status["Uid"].split()
        assert len(status["NSpid"].split()) == 3 and status["NSpid"].endswith("\t1")  # alone in a namespace of its own


def status_of(pid: int) -> dict[str, str]:
    """/proc/PID/status by name; empty where the process is gone."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return {}
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}


def test_it_can_write_in_its_scratch_folder_alone(tool: PythonTool) -> None:
    assert tool.run(WRITABLE).stdout.split() == [server.SCRATCH]


def test_a_library_made_in_the_scratch_folder_cannot_be_loaded(tool: PythonTool) -> None:
    program = "import ctypes, shutil, math\nshutil.copy(math.__file__, 'a.so')\nctypes.CDLL('./a.so')"
    assert "failed to map segment" in tool.run(program).stderr


def test_nothing_of_a_program_reaches_the_next(tool: PythonTool) -> None:
    tool.run(
        "import builtins, math, os, random, sys\nbuiltins.print = None\nmath.pi = 3\nsys.modules['sympy'] = None\n"
        "os.environ['LEFT'] = '1'\nopen('left', 'w').close()\nrandom.seed(5)\nos.umask(0o777)\nos.chdir('/')"
    )
    after = tool.run(
        "import math, os, sympy\nprint(math.pi, dict(os.environ), os.listdir(), os.umask(0) < 63, os.getcwd())"
    )
    assert after.stdout == "3.141592653589793 {} [] True /scratch\n"


def test_no_descriptor_but_its_own_three_and_what_it_writes_anywhere_is_no_report(tool: PythonTool) -> None:
    forged = json.dumps({"status": 0, "cpu_seconds": 0.0, "entered": "entered"})
    program = (
        "import os\nfound = []\n"
        "for number in range(1024):\n"
        "    try: os.fstat(number); found.append(number)\n"
        "    except OSError: pass\n"
        f"for number in range(3, 1024):\n    try: os.write(number, {forged!r}.encode())\n    except OSError: pass\n"
        "print(found, flush=True)\nos.closerange(0, 1024)\nos._exit(5)"
    )
    result = tool.run(program)
    assert (result.outcome, result.reason, result.stdout) == ("error", "exit status 5", "[0, 1, 2]\n")


def test_claiming_a_status_of_ours_is_a_failure_all_the_same(tool: PythonTool) -> None:
    assert {tool.run(f"import os\nos._exit({s})").outcome for s in (server.DENIED, server.LIMIT, 1)} == {
        "denied", "limit", "error",
    }  # fmt: skip


def test_the_stack_ends_without_anything_of_this_side(tool: PythonTool) -> None:
    program = (
        "import sys, gc\nnames = set()\nframe = sys._getframe()\n"
        "while frame:\n    names |= {*frame.f_globals, *frame.f_locals}\n    frame = frame.f_back\n"
        "print([n for n in names if any(s in n.lower() for s in ('gold', 'reward', 'expect', 'answer', 'secret'))])\n"
        "print([m for m in sys.modules if m.startswith(('training', 'jobs', 'torch'))])"
    )
    assert tool.run(program).stdout == "[]\n[]\n"


def test_a_traceback_shows_the_program_and_nothing_of_ours(tool: PythonTool) -> None:
    result = tool.run("def f(x):\n    return 1 / x\nf(0)")
    assert result.stderr == (
        'Traceback (most recent call last):\n  File "<program>", line 3, in <module>\n    f(0)\n'
        '  File "<program>", line 2, in f\n    return 1 / x\n           ~~^~~\nZeroDivisionError: division by zero\n'
    )


def test_earlier_programs_of_an_answer_leave_their_names_and_no_output(tool: PythonTool) -> None:
    result = tool.run(
        "print(x + y)", before=["x = 1\nprint('no')", "y = 2\nraise ValueError", "import sys\nsys.exit(3)"]
    )
    assert (result.outcome, result.stdout, result.stderr) == ("ok", "3\n", "")


def test_programs_run_at_once_and_from_other_threads(tool: PythonTool) -> None:
    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(lambda n: tool.run(f"import sys\nprint({n})\nsys.exit({n} % 2)"), range(20)))
    assert [(r.stdout, r.outcome) for r in found] == [(f"{n}\n", "error" if n % 2 else "ok") for n in range(20)]
    assert [r.stdout for r in tool.run_many([["a = 1", "print(a)"], ["print(2)"]])] == ["1\n", "2\n"]


def test_a_sleeping_program_ends_at_the_wall_limit_and_all_is_gone_after_the_end() -> None:
    before = descendants()
    with python_tool(replace(LIMITS, wall_seconds=1.0)) as made:
        for program in (
            "import time\ntime.sleep(3600)",
            "import signal\nsignal.pthread_sigmask(0, range(1, 65))\nsignal.pause()",
        ):
            result = made.run(program)
            assert (result.outcome, result.reason) == ("limit", "wall time")
        assert len(descendants() - before) > 0
    assert descendants() - before == set()


def test_a_runner_that_is_killed_leaves_no_box_and_no_program(tool: PythonTool) -> None:
    runner = (
        "from training.python_tool.tool import PythonTool\ntool = PythonTool()\nprint('made', flush=True)\n"
        "tool.run('import time\\ntime.sleep(8)')"
    )
    before = descendants()
    with subprocess.Popen([sys.executable, "-c", runner], stdout=subprocess.PIPE, cwd=ROOT) as running:
        assert running.stdout is not None and running.stdout.readline() == b"made\n"
        below = descendants() - before - {running.pid}
        assert len(below) >= 3
        running.kill()
    wait_until(lambda: not any(stat(pid) for pid in below))


def wait_until(done: Callable[[], bool], seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < end, "not in time"
        time.sleep(0.02)


def test_an_interrupted_run_gives_its_box_up(tool: PythonTool, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(self: Watch) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Watch, "until_end", interrupt)
        with pytest.raises(KeyboardInterrupt):
            tool.run("print(1)")
    assert tool.run("print(2)").stdout == "2\n"


def test_a_box_that_breaks_is_an_error_and_never_a_result() -> None:
    with python_tool(LIMITS) as made:
        outer = made._boxes.queue[0]._bubblewrap.pid
        (inner,) = Path(f"/proc/{outer}/task/{outer}/children").read_text().split()
        os.kill(int(inner), signal.SIGKILL)
        with pytest.raises(SandboxError, match="ended by itself"):
            made.run("print(1)")
        assert made.run("print(1)").stdout == "1\n"


@pytest.mark.skipif(not SHARED.exists(), reason=f"{SHARED} is not here")
def test_the_shared_set_ends_as_expected(tool: PythonTool) -> None:
    for row in map(json.loads, SHARED.read_text(encoding="utf-8").splitlines()):
        if row["id"] != "sleep":  # takes the wall limit
            result = tool.run(row["code"])
            found = f"ok:{result.stdout}" if result.outcome == "ok" else result.outcome
            assert found in (row["expect"], *row.get("also", [])), (row["id"], result)
            assert not any(text in result.stdout for text in row.get("must_not", [])), row["id"]


# --- what needs no sandbox --------------------------------------------------------------------------------------------


def test_it_refuses_to_run_without_bubblewrap_and_says_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(
        SandboxError, match="bwrap.* is not installed.*never run without it.*apt-get install bubblewrap"
    ):
        PythonTool(LIMITS)


def test_it_refuses_to_run_where_bubblewrap_does_not_work(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    if platform.machine() != "x86_64":
        pytest.skip("refused before, for the machine")
    broken = tmp_path / "bwrap"
    broken.write_text("#!/bin/sh\necho 'bwrap: No permissions to create new namespace' >&2\nexit 1\n")
    broken.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    with pytest.raises(
        SandboxError, match="No permissions to create new namespace.*It needs the right to make namespaces"
    ):
        PythonTool(LIMITS)


def test_it_refuses_other_machines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "machine", lambda: "aarch64")
    with pytest.raises(SandboxError, match="Linux on x86-64, this is Linux on aarch64"):
        PythonTool(LIMITS)


def test_without_root_the_box_has_a_user_namespace_and_nobodys_uid(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "bwrap").write_text("")
    (tmp_path / "bwrap").chmod(0o755)
    monkeypatch.setattr(platform, "machine", lambda: "x86_64")
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    for uid, wanted in ((0, False), (1000, True)):
        monkeypatch.setattr(os, "geteuid", lambda uid=uid: uid)
        line = command(3, 4)
        assert ("--unshare-user" in line) == wanted and ("CAP_SETUID" in line) == (not wanted)
        assert {"--unshare-net", "--unshare-pid", "--clearenv"} < set(line)


def test_places_in_the_box_tell_nothing_of_this_machine() -> None:
    home = str(Path.home())
    for _, place in mounts():
        assert place.startswith(("/python/", "/packages/", "/lib", "/server.py")) and not place.startswith(home)


def test_a_report_ends_the_reading_though_a_forked_process_may_hold_the_pipes() -> None:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    (stdout, stdout_end), (stderr, stderr_end) = os.pipe(), os.pipe()
    os.write(stdout_end, b"42")
    ended = {"status": 0, "cpu_seconds": 0.5, "entered": "entered"}
    theirs.send(json.dumps(ended).encode())
    watch = Watch(ours, stdout, stderr, LIMITS)
    assert watch.until_end() == ended and watch.read == (b"42", b"") and not watch.stopped
    for descriptor in (stdout, stdout_end, stderr, stderr_end):
        os.close(descriptor)
    ours.close()
    theirs.close()


@pytest.mark.parametrize(
    ("report", "verdict"),
    [
        (Report(0, 0.1, "", b"", b""), ("ok", "")),
        (Report(0, 0.1, "output", b"", b""), ("limit", "output")),
        (Report(3 << 8, 0.1, "", b"", b""), ("error", "exit status 3")),
        (Report(server.DENIED << 8, 0.1, "", b"", b""), ("denied", "refused")),
        (Report(server.LIMIT << 8, 0.1, "", b"", b""), ("limit", "memory, threads or files")),
        (Report(signal.SIGSEGV, 0.1, "", b"", b""), ("error", "SIGSEGV")),
        (Report(signal.SIGKILL, 1.9, "", b"", b""), ("limit", "CPU time")),
        (Report(signal.SIGKILL, 0.1, "", b"", b""), ("limit", "memory of the machine")),
        (Report(signal.SIGKILL, 0.1, "wall time", b"", b""), ("limit", "wall time")),
    ],
)
def test_judge(report: Report, verdict: tuple[str, str]) -> None:
    assert judge(report, LIMITS) == verdict


def test_result_is_all_that_comes_out() -> None:
    assert [*Result.__dataclass_fields__] == ["outcome", "reason", "stdout", "stderr", "seconds", "cpu_seconds"]
