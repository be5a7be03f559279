"""A place for strangers' code: bubblewrap around it, limits on it, a watch over it.

Inside there is a system that can be read and not written, Python with its packages,
this library, one private folder in memory and no network; other submissions, the
gradebook and the exercises' sources are not there at all.  The watch, outside, stops
everything inside once it takes more than its share.
"""

import contextlib
import functools
import json
import os
import platform
import re
import secrets
import select
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[2]
DATASETS = PACKAGE.parent / "datasets"
MB = 1 << 20


@dataclass(frozen=True)
class Limits:
    """What one submission may take; a kernel that takes more is stopped.

    >>> Limits(memory=512).memory
    512
    """

    cell: float = 30.0  # seconds of wall clock for one cell
    wall: float = 300.0  # seconds of wall clock for all of it
    cpu: float = 300.0  # seconds of processor time, all processes together
    memory: int = 3000  # MB resident, all processes together
    disk: int = 256  # MB of files, which lie in memory
    processes: int = 64
    threads: int = 1000  # tasks in the kernel's sense: threads of all processes
    output: int = 2  # MB kept of one cell's output; what is more is dropped
    restarts: int = 8  # kernels started anew after one was lost


class SandboxError(Exception):
    """There is no sandbox here, or it did not start."""


@functools.cache
def isolation() -> str:
    """What isolates here, in words.

    Raises:
        SandboxError: if nothing does; the message says why.
    """
    program = shutil.which("bwrap")
    if not program:
        raise SandboxError(
            "expected bubblewrap, which keeps strangers' code apart; received no bwrap "
            "on the PATH: install it (sudo apt install bubblewrap)"
        )
    version = subprocess.run([program, "--version"], capture_output=True, text=True)
    number = version.stdout.split()[-1]
    if tuple(int(x) for x in re.findall(r"\d+", number)[:2]) < (0, 8):
        raise SandboxError(f"expected bubblewrap 0.8 or newer; received {number}")
    try:
        with Sandbox("print(6 * 7)", Limits(), piped=True) as probe:
            answer = probe.communicate(b"", 60)
            said = probe.said()
    except SandboxError as error:
        answer, said = b"", str(error)
    if answer.strip() != b"42":
        raise SandboxError(
            f"expected a sandbox that starts; received from bubblewrap {number}: "
            f"{said.strip()[-300:] or 'no answer'}"
        )
    guard = "" if seccomp() else ", no system call filter on this processor"
    return f"bubblewrap {number}{guard}"


NO_SANDBOX = "none: limits only"

# System calls that would open a way round the limits: memory that belongs to no process
# (memfd, System V), mounts and namespaces (a file system without a size), and the
# kernel's corners that no exercise needs.  Numbers: x86-64, ARM 64.
BOTH = [*range(425, 434), 442, 447]
X86 = [29, 30, 68, 101, 155, 165, 166, 248, 249, 250, 272, 298, 304, 308, 310, 311]
X86 += [319, 321, 323]
ARM = [39, 40, 41, 97, 117, 186, 194, 196, 217, 218, 219, 241, 265, 268, 270, 271]
ARM += [279, 280, 282]
FORBIDDEN = {"x86_64": (0xC000003E, X86 + BOTH), "aarch64": (0xC00000B7, ARM + BOTH)}


def seccomp() -> bytes:
    """A filter of calls, as the system wants it, or b"" on an unknown processor."""
    if platform.machine() not in FORBIDDEN:
        return b""
    architecture, calls = FORBIDDEN[platform.machine()]
    load, equal, at_least, answer = 0x20, 0x15, 0x35, 0x06
    refuse = len(calls) + 1
    code = [
        (load, 0, 0, 4),  # which architecture
        (equal, 0, refuse + 2, architecture),
        (load, 0, 0, 0),  # which call
        (at_least, refuse, 0, 0x40000000),  # the other numbering of x86-64
        *((equal, refuse - i - 1, 0, call) for i, call in enumerate(calls)),
        (answer, 0, 0, 0x7FFF0000),  # allowed
        (answer, 0, 0, 0x00050001),  # EPERM
    ]
    return b"".join(struct.pack("HBBI", *line) for line in code)


# What runs first inside: it gives up rights, sets limits that nobody can raise again
# and becomes the program that is wanted.
LAUNCH = """
import json, os, resource, sys
wanted = json.loads(sys.argv[1])
try:  # the first to go where memory is short
    with open("/proc/self/oom_score_adj", "w") as file:
        file.write("1000")
except OSError:
    pass
if wanted["uid"]:
    os.setgroups([])
    os.setresgid(*[wanted["uid"]] * 3)
    os.setresuid(*[wanted["uid"]] * 3)
for name, value in wanted["limits"].items():
    number = getattr(resource, name, None)
    if number is not None:
        hard = resource.getrlimit(number)[1]
        value = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(number, (value, value))
sys.argv = ["-c", *sys.argv[2:]]
code = compile(wanted["code"], "<launch>", "exec")
del wanted
exec(code, {"__name__": "__main__"})
"""


class Sandbox:
    """One program in a place of its own, watched until it is closed.

    Args:
        code: for this Python; `sys.argv[1]` is its folder for sockets.
        limits: what it may take.
        sandboxed: False leaves bubblewrap out: limits and the watch alone remain.
        piped: its standard input and output are `stdin` and `stdout`, as files.
        server: a `ForkServer` that starts it.

    Attributes:
        home: the private folder, seen from outside.
        why: the limit that was passed, in words, or "".
    """

    def __init__(self, code, limits, sandboxed=True, piped=False, server=None):
        self.limits, self.sandboxed, self.why = limits, sandboxed, ""
        self._cpu_of_the_gone, self._cpu = 0.0, {}
        self.folder = self.process = self._end = None
        self.stdin = self.stdout = None
        self.uid = 0
        if sandboxed and os.geteuid() == 0:  # root inside would be root outside
            self.uid = _stranger()
        rlimits = {
            "RLIMIT_CPU": int(limits.cpu) + 1,
            "RLIMIT_FSIZE": limits.disk * MB,
            "RLIMIT_CORE": 0,
            "RLIMIT_NOFILE": 1024,
            "RLIMIT_MSGQUEUE": 0,
        }
        if sandboxed:  # outside it would count all processes of this user
            rlimits["RLIMIT_NPROC"] = limits.threads
        wanted = json.dumps({"uid": self.uid, "limits": rlimits, "code": code})
        with contextlib.ExitStack() as theirs:
            self._said, error = _pipe(theirs)
            os.set_blocking(self._said.fileno(), False)
            os.set_blocking(error, False)  # nobody waits for us to read what is said
            ends = [os.open(os.devnull, os.O_RDONLY), os.open(os.devnull, os.O_WRONLY)]
            for descriptor in ends:
                theirs.callback(os.close, descriptor)
            if piped:
                self.stdout, ends[1] = _pipe(theirs)
                ends[0], self.stdin = _pipe(theirs, writing=True)
            ends.append(error)
            try:
                self._start(wanted, ends, server)
            except BaseException:
                self._closed = None
                self.close()
                raise
        self._closed = threading.Event()
        self._watch = threading.Thread(target=self._keep_watch, daemon=True)
        self._watch.start()

    def _start(self, wanted, ends, server):
        command = [sys.executable, "-I", "-c", LAUNCH, wanted]
        if not self.sandboxed:
            self.folder = Path(tempfile.mkdtemp(prefix="cnnkit-grade-"))
            self.home, self.run = self.folder / "home", self.folder / "run"
            self.home.mkdir()
            self.run.mkdir()
            _adopt_orphans()
            command.append(str(self.run))
            seen = environment(str(self.home))
            self.process = _popen(command, ends, cwd=self.home, env=seen)
            self.root = self.main = self.process.pid
        elif server is None:
            self._bubblewrap([*command, "/run"], ends, change=bool(self.uid))
            self.main = None
        else:
            ready, told = os.pipe()
            with open(ready, "rb") as ready:
                try:
                    sleeper = ["/bin/sh", "-c", "echo; exec sleep infinity"]
                    self._bubblewrap(sleeper, [ends[0], told, ends[2]])
                finally:
                    os.close(told)
                if not ready.read(1):
                    raise SandboxError(f"bubblewrap did not start: {self.said()}")
            try:
                self.main = server.start(self.root, wanted, ends)
                self._end = os.pidfd_open(self.main)
            except OSError as error:
                raise SandboxError(f"no program started inside: {error}") from None

    def _bubblewrap(self, command, ends, change=False):
        program = shutil.which("bwrap")
        if not program:
            raise SandboxError("expected bubblewrap; received no bwrap on the PATH")
        arguments = bubblewrap(self.limits, bool(self.uid), change)
        with contextlib.ExitStack() as files:
            passed = []
            if seccomp():
                passed.append(_file(files, seccomp()))
                arguments += ["--seccomp", str(passed[-1])]
            read, write = os.pipe()
            passed.append(write)
            arguments += ["--info-fd", str(write)]
            # in a file: what runs inside may read its first process's command line
            text = "\0".join([*arguments, ""]).encode()
            passed.append(_file(files, text))
            command = [program, "--args", str(passed[-1]), "--", *command]
            information = files.enter_context(open(read, "rb"))
            try:
                self.process = _popen(command, ends, pass_fds=passed, env={})
            finally:
                os.close(write)
            answer = information.read()
        try:
            self.root = json.loads(answer)["child-pid"]
        except ValueError:
            self.process.wait(timeout=10)
            raise SandboxError(f"bubblewrap did not start: {self.said()}") from None
        # the kernel's way into the root folder that a process sees, not a user's home
        self.home = Path(f"/proc/{self.root}/root/home/student")
        self.run = Path(f"/proc/{self.root}/root/run")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def communicate(self, text: bytes, seconds: float) -> bytes:
        """What a piped program answers to a text; b"" if it takes too long."""
        timer = threading.Timer(seconds, self.stop, [f"no answer within {seconds:g} s"])
        timer.start()
        try:
            with contextlib.suppress(OSError), self.stdin:
                self.stdin.write(text)
            answer = self.stdout.readall()
        finally:
            timer.cancel()
        return b"" if self.why else answer

    def put(self, files: dict[str, bytes]):
        """Writes files into the home folder; call it before strangers' code runs."""
        for name, content in files.items():
            path = self.home / name
            for folder in [*reversed(path.relative_to(self.home).parents[:-1])]:
                with contextlib.suppress(FileExistsError):
                    (self.home / folder).mkdir()
                    self._give(self.home / folder)
            path.write_bytes(content)
            self._give(path)

    def _give(self, path):
        if self.uid:
            os.chown(path, self.uid, self.uid)

    def said(self) -> str:
        """The last words on standard error, at most 64 KB of them."""
        return (self._said.read(1 << 16) or b"").decode(errors="replace")

    def alive(self) -> bool:
        if self._end is not None and select.select([self._end], [], [], 0)[0]:
            return False
        return self.process.poll() is None

    def members(self) -> list[int]:
        """The process numbers, seen from here, of all that runs inside."""
        found, todo = set(), [self.root]
        if not self.sandboxed:
            todo = [self.root, *_orphans(self.root)]
        elif self.main:
            todo.append(self.main)
        while todo and len(found) < 5000:
            pid = todo.pop()
            found.add(pid)
            with contextlib.suppress(OSError):
                for task in os.listdir(f"/proc/{pid}/task"):
                    with open(f"/proc/{pid}/task/{task}/children") as file:
                        todo += map(int, file.read().split())
        return sorted(found)

    def interrupt(self):
        """Ctrl-C for the program, which is the first process below bubblewrap's."""
        with contextlib.suppress(OSError, ValueError, IndexError):
            pid = self.main
            if not pid:
                with open(f"/proc/{self.root}/task/{self.root}/children") as file:
                    pid = int(file.read().split()[0])
            os.kill(pid, signal.SIGINT)

    def stop(self, why: str = ""):
        """Kills all that runs inside: the rest ends with the first process."""
        self.why = self.why or why
        # once the program that bubblewrap left outside has ended, the number is free
        if self.process.poll() is None:
            with contextlib.suppress(ProcessLookupError, AttributeError):
                os.kill(self.root, signal.SIGKILL)

    def close(self):
        """Stops everything and removes the private folder."""
        if self._closed:
            self._closed.set()
        if self.process:
            members = [] if self.sandboxed else self.members()
            self.stop()
            if not self.sandboxed:
                self._stop_members(members)
            try:  # with a sandbox it ends when the last one inside has
                self.process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        if self._closed:
            self._watch.join()
        for file in (self.stdin, self.stdout, self._said):
            if file:
                with contextlib.suppress(OSError):
                    file.close()
        if self._end is not None:
            os.close(self._end)
        if self.folder:
            shutil.rmtree(self.folder, ignore_errors=True)

    def _stop_members(self, members):
        """Without a sandbox each process must be found; some are born meanwhile."""
        for _ in range(50):
            for pid in members:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            self.process.poll()
            _bury()
            members = [pid for pid in self.members() if pid != self.root]
            if not members:
                return
            time.sleep(0.02)

    def _keep_watch(self):
        limits = self.limits
        while not self._closed.wait(0.1) and self.alive():
            members = self.members()
            memory, cpu = self._use(members)
            if len(members) > limits.processes + 2:
                self.stop(f"more than {limits.processes} processes")
            elif cpu > limits.cpu:
                self.stop(f"more than {limits.cpu:g} s of processor time")
            elif memory > limits.memory * MB and (
                _shared_out(members) > limits.memory * MB
            ):
                self.stop(f"more than {limits.memory} MB of memory")
            elif self._too_many_files():
                self.stop(f"more than {limits.disk} MB of files, or 100000 of them")

    def _use(self, members) -> tuple[float, float]:
        """Bytes resident and seconds of processor time of all members together."""
        memory = 0
        tick = os.sysconf("SC_CLK_TCK")
        for pid in members:
            with contextlib.suppress(OSError, ValueError, IndexError):
                status = Path(f"/proc/{pid}/status").read_text()
                for kind in ("RssAnon", "RssShmem"):
                    memory += int(status.split(kind + ":")[1].split()[0]) * 1024
                fields = (
                    Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
                )
                self._cpu[pid] = sum(map(int, fields[11:13])) / tick
        for pid in self._cpu.keys() - set(members):  # the last that was seen of it
            self._cpu_of_the_gone += self._cpu.pop(pid)
        return memory, self._cpu_of_the_gone + sum(self._cpu.values())

    def _too_many_files(self) -> bool:
        try:
            if self.sandboxed:
                use = os.statvfs(self.home)
                return use.f_files - use.f_ffree > 100_000
            size = count = 0
            for path in self.folder.rglob("*"):
                size += path.lstat().st_blocks * 512
                count += 1
            return size > self.limits.disk * MB or count > 100_000
        except OSError:
            return False


def _stranger() -> int:
    """The number of a user who owns nothing, another one each time."""
    with open("/proc/self/uid_map") as file:  # a container may know few
        rows = [list(map(int, line.split())) for line in file]
    half = min(max(first + count for first, _, count in rows), 2_000_000_000) // 2
    return half + secrets.randbelow(half - 1)


def _shared_out(members) -> int:
    """Bytes resident, each page that processes share counted once."""
    total = 0
    for pid in members:
        with contextlib.suppress(OSError, IndexError, ValueError):
            rolled = Path(f"/proc/{pid}/smaps_rollup").read_text()
            for kind in ("Pss_Anon", "Pss_Shmem"):
                total += int(rolled.split(kind + ":")[1].split()[0]) * 1024
    return total


def _adopt_orphans():
    """Daemons left by a program without a sandbox become children of this process."""
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)  # PR_SET_CHILD_SUBREAPER


def _orphans(session: int) -> list[int]:
    """Children of this process that it did not start itself: adopted ones."""
    found = []
    with contextlib.suppress(OSError):
        for task in os.listdir("/proc/self/task"):
            children = Path(f"/proc/self/task/{task}/children").read_text().split()
            for pid in map(int, children):
                with contextlib.suppress(OSError):
                    where = os.readlink(f"/proc/{pid}/cwd")
                    if "cnnkit-grade-" in where or os.getsid(pid) == session:
                        found.append(pid)
    return [pid for pid in found if pid != session]


def _bury():
    """Waits for adopted processes that have ended."""
    with contextlib.suppress(OSError):
        for task in os.listdir("/proc/self/task"):
            children = Path(f"/proc/self/task/{task}/children").read_text().split()
            for pid in map(int, children):
                stat = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
                if stat[0] == "Z" and int(stat[3]) != os.getsid(0):
                    os.waitpid(pid, os.WNOHANG)


def _pipe(theirs, writing=False):
    """Our end as a file, and theirs as a descriptor that is closed with `theirs`."""
    read, write = os.pipe()
    theirs.callback(os.close, read if writing else write)
    if writing:
        return read, open(write, "wb")
    return open(read, "rb", buffering=0), write


def _file(files, content: bytes) -> int:
    file = files.enter_context(tempfile.TemporaryFile())
    file.write(content)
    file.flush()
    file.seek(0)
    return file.fileno()


def _popen(command, ends, **options) -> subprocess.Popen:
    stdin, stdout, stderr = ends
    return subprocess.Popen(
        command,
        stdin=stdin,
        stdout=stdout,
        stderr=stderr,
        start_new_session=True,
        **options,
    )


def environment(home: str) -> dict[str, str]:
    """All that the program sees of the environment."""
    temporary = f"{home}/.tmp"
    if not home.startswith("/home/student"):
        os.makedirs(temporary, exist_ok=True)
    kept = {
        name: os.environ[name]
        for name in ("KERAS_BACKEND", "CNNKIT_DATA", "TZ")
        if name in os.environ
    }
    return {
        "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin",
        "HOME": home,
        "USER": "student",
        "LOGNAME": "student",
        "TMPDIR": temporary,
        "LANG": "C.UTF-8",
        "PYTHONHASHSEED": "0",  # graded twice, the same result
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",
        "CNNKIT_TEST": "1",  # progress bars silent, explorers show their still
        **kept,
    }


def readable() -> list[Path]:
    """Folders that are bound, read-only: Python, its packages, this library, data."""
    folders = {Path(sys.base_prefix), Path(sys.prefix), PACKAGE, DATASETS}
    if own := os.environ.get("CNNKIT_DATA"):
        folders.add(Path(own))
    return sorted(folder.absolute() for folder in folders if folder.is_dir())


def hides(folder: Path) -> bool:
    """Whether a folder, such as the course's, stays out of sight inside.

    >>> hides(Path("/a/course")), hides(PACKAGE)
    (True, False)
    """
    folder = folder.resolve()
    bound = [Path("/usr"), *(path.resolve() for path in readable())]
    return not any(folder.is_relative_to(path) for path in bound)


def bubblewrap(limits: Limits, root: bool, change: bool) -> list[str]:
    """Bubblewrap's arguments: for root, and for a program that changes its user."""
    arguments = ["--die-with-parent", "--new-session", "--clearenv"]
    arguments += ["--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts"]
    arguments += ["--unshare-cgroup-try", "--hostname", "sandbox", "--cap-drop", "ALL"]
    if change:  # which ends them
        arguments += ["--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID"]
    if not root:
        arguments += ["--unshare-user"]
    for name, value in environment("/home/student").items():
        arguments += ["--setenv", name, value]
    arguments += ["--ro-bind", "/usr", "/usr"]
    for name in ("/bin", "/sbin", "/lib", "/lib32", "/lib64"):
        if os.path.islink(name):
            arguments += ["--symlink", os.readlink(name), name]
        elif os.path.isdir(name):
            arguments += ["--ro-bind", name, name]
    for name in ("ld.so.cache", "alternatives", "fonts", "localtime", "nsswitch.conf"):
        arguments += ["--ro-bind-try", f"/etc/{name}", f"/etc/{name}"]
    size = str(limits.disk * MB)
    arguments += ["--proc", "/proc", "--dev", "/dev"]
    arguments += ["--size", str(64 * MB), "--perms", "1777", "--tmpfs", "/dev/shm"]
    arguments += ["--remount-ro", "/dev"]
    arguments += ["--size", str(MB), "--perms", "0777", "--tmpfs", "/run"]
    arguments += ["--size", size, "--tmpfs", "/home"]
    arguments += ["--perms", "0777", "--dir", "/home/student"]
    arguments += ["--perms", "1777", "--dir", "/home/student/.tmp"]
    folders = [folder for folder in readable() if not folder.is_relative_to("/usr")]
    if any(folder.is_relative_to("/tmp") for folder in folders):
        arguments += ["--size", size, "--perms", "1777", "--tmpfs", "/tmp"]
    else:
        arguments += ["--symlink", "home/student/.tmp", "/tmp"]
    for folder in folders:  # behind the mounts that would cover them, /home and /tmp
        for parent in [*reversed(folder.parents)][1:]:  # empty, and can be passed
            if str(parent) not in ("/home", "/tmp", "/run", "/dev"):
                arguments += ["--perms", "0755", "--dir", str(parent)]
        arguments += ["--ro-bind", str(folder), str(folder)]
    arguments += ["--remount-ro", "/", "--chdir", "/home/student"]
    return arguments
