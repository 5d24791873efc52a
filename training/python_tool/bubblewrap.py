"""bubblewrap's command line for a box: what is in it, and which rights its server keeps.

The box holds the interpreter, its standard library, the libraries of server.py where they are installed, and the shared
objects that those load: all read-only, and nothing else of this machine.
"""

import importlib.util
import os
import platform
import random
import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

from training.python_tool import server

INSTALL = (
    "Programs of a model are never run without it. Install bubblewrap 0.8 or newer (Debian and Ubuntu: apt-get install "
    "bubblewrap; Fedora: dnf install bubblewrap; Arch: pacman -S bubblewrap)"
)
PYTHON = "/python/bin/python3"
STANDARD_LIBRARY = f"/python/{sys.platlibdir}/python{sys.version_info.major}.{sys.version_info.minor}"
DEVICES = ("/dev/null", "/dev/zero", "/dev/random", "/dev/urandom")
NOBODY = 65534


class SandboxError(RuntimeError):
    """Programs cannot be run safely here; says why and what to do."""


def stranger() -> int:
    """A uid that nobody has: the kernel counts processes by uid, and root's not at all."""
    first, _, count = map(int, Path("/proc/self/uid_map").read_text().split()[:3])
    return random.SystemRandom().randrange(first + count // 2, first + count - 2)


def command(control: int, info: int) -> list[str]:
    """bubblewrap's command line, with the descriptors of the control socket and of its report on itself.

    As root the box is in the machine's user namespace, and its programs run as a stranger; otherwise it has a user
    namespace of its own. The server keeps what it needs to make PID namespaces and scratch folders; programs keep
    nothing.
    """
    bubblewrap = find_bubblewrap()
    if os.geteuid() == 0:
        user = [part for right in ("SETUID", "SETGID", "KILL") for part in ("--cap-add", f"CAP_{right}")]
    else:
        user = ["--unshare-user", "--uid", str(NOBODY), "--gid", str(NOBODY)]
    environment = {
        "LD_LIBRARY_PATH": "/python/lib", "LANG": "C.UTF-8", "PYTHONUTF8": "1", "PYTHONHASHSEED": "0",
        "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "HOME": server.SCRATCH, "TMPDIR": server.SCRATCH,
    }  # fmt: skip
    return [
        bubblewrap, "--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try",
        "--hostname", "sandbox", "--new-session", "--cap-drop", "ALL", "--cap-add", "CAP_SYS_ADMIN", *user,
        "--clearenv", *(part for name, value in environment.items() for part in ("--setenv", name, value)),
        *(part for folder in folders() for part in ("--dir", folder)),
        *(part for source, place in mounts() for part in ("--ro-bind", source, place)),
        *(part for device in DEVICES for part in ("--dev-bind", device, device)),
        *(part for place in hidden() for part in ("--tmpfs", place, "--remount-ro", place)),
        "--dir", server.SCRATCH, "--remount-ro", "/", "--info-fd", str(info),
        "--", PYTHON, "-I", "-B", "/server.py", str(control),
    ]  # fmt: skip


def find_bubblewrap() -> str:
    """Raises SandboxError where there is none, or where the filter does not fit the machine."""
    if platform.system() != "Linux" or platform.machine() != "x86_64":
        raise SandboxError(f"the sandbox is for Linux on x86-64, this is {platform.system()} on {platform.machine()}")
    found = shutil.which("bwrap")
    if found is None:
        raise SandboxError(f"bubblewrap (bwrap) is not installed. {INSTALL}")
    return found


@cache
def mounts() -> tuple[tuple[str, str], ...]:
    """What the box holds, as (path here, path in the box): no path in it tells where things are on this machine."""
    standard = Path(sysconfig.get_path("stdlib"))
    interpreter = os.path.realpath(sys.executable)
    found = [
        (interpreter, PYTHON),
        (str(standard), STANDARD_LIBRARY),
        (str(Path(server.__file__).resolve()), "/server.py"),
    ]
    packages = list(installed())
    found += [(str(package), f"/packages/{package.name}") for package in packages]
    objects = [Path(interpreter), *(f for f in standard.glob("lib-dynload/*.so") if "_tkinter" not in f.name)]
    objects += [file for package in packages for file in package.rglob("*.so*")]
    inside = tuple(f"{package}/" for package in packages)
    return (*found, *sorted(shared_objects(objects, inside)))


def folders() -> list[str]:
    """Folders that hold mounts; where bubblewrap makes them by itself, only root may enter them."""
    places = [Path(place) for _, place in mounts()] + [Path(device) for device in DEVICES]
    return sorted({str(folder) for place in places for folder in place.parents if folder != Path("/")})


def hidden() -> list[str]:
    """Folders of the standard library's that hold other packages."""
    found = (Path(sysconfig.get_path("stdlib")) / name for name in ("site-packages", "dist-packages"))
    return [f"{STANDARD_LIBRARY}/{folder.name}" for folder in found if folder.is_dir()]


def installed() -> Iterator[Path]:
    """Folders of the libraries, and of the shared objects that their wheels bring along."""
    for name in server.LIBRARIES:
        spec = importlib.util.find_spec(name)
        if spec is not None and spec.origin is not None:
            package = Path(spec.origin).parent
            yield package
            brought = package.with_name(f"{name}.libs")
            if brought.is_dir():
                yield brought


def shared_objects(files: Sequence[Path], known: tuple[str, ...]) -> set[tuple[str, str]]:
    """What the dynamic loader would load for these files, itself included; `known` folders are there already."""
    said = subprocess.run(["ldd", *map(str, files)], capture_output=True, text=True).stdout
    loader = {(path, path) for path in re.findall(r"^\s+(/\S*ld-linux\S*) \(", said, re.MULTILINE)}
    libraries = set(re.findall(r"^\s+(\S+) => (/\S+) \(", said, re.MULTILINE))
    return loader | {(path, f"/python/lib/{name}") for name, path in libraries if not path.startswith(known)}
