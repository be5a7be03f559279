"""Starts Python inside sandboxes in a tenth of the time.

One process outside imports what kernels need and waits.  For each sandbox, which
bubblewrap has made around a sleeping program, it forks; the child enters the sandbox's
namespaces, gives up every right, and becomes the kernel.  The process knows no
submission, no test and no file of the course: a child finds nothing in its memory.

It is used only where a child could not write to Python's own program, which it has open
from outside the sandbox.
"""

import array
import ast
import atexit
import contextlib
import ctypes
import fcntl
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading

from . import canary
from .sandbox import LAUNCH, environment, seccomp

LONGEST = 1 << 22  # bytes of a request
NAMESPACES = ("net", "ipc", "uts", "pid", "mnt")
SERVE = "import sys; from cnnkit.course.grading import forkserver; forkserver.serve()"
# what takes long in every kernel; more is imported if the assignment wants it
ALWAYS = ("ipykernel.kernelapp", "IPython.core.oinspect", "IPython.core.completerlib")
ALWAYS += ("IPython.core.debugger", "IPython.core.logger", "tornado.platform.asyncio")
ALWAYS += ("IPython.extensions.storemagic", "cnnkit.course.grading.values")


def possible() -> bool:
    """Whether a child, under its own user, could not change Python's program."""
    if sys.platform != "linux" or not hasattr(os, "pidfd_open"):
        return False
    return os.geteuid() == 0 or not os.access(os.path.realpath(sys.executable), os.W_OK)


_servers: dict[tuple[str, ...], "ForkServer"] = {}
_making = threading.Lock()


def server(sources: dict[str, list[dict]]) -> "ForkServer | None":
    """This process's fork server for an assignment; None where none is possible."""
    if not possible():
        return None
    modules = wanted_modules(sources)
    with _making:
        if modules not in _servers:
            _servers[modules] = ForkServer(modules)
            atexit.register(_servers[modules].close)
        return _servers[modules]


def forget(broken: "ForkServer"):
    """Takes a server that does not answer out of use."""
    with _making:
        for modules, one in list(_servers.items()):
            if one is broken:
                del _servers[modules]
                one.close()


def wanted_modules(sources: dict[str, list[dict]]) -> tuple[str, ...]:
    """Modules that an assignment imports and that take long.

    >>> cell = {"cell_type": "code", "source": "import numpy as np\\nimport os"}
    >>> wanted_modules({"a": [cell]})
    ('numpy',)
    """
    slow = {"numpy", "scipy", "matplotlib", "skimage", "cnnkit"}
    if os.environ.get("KERAS_BACKEND", "tensorflow") == "tensorflow":
        slow.add("keras")  # JAX starts threads, which no fork survives
    found = set()
    for cell in (cell for cells in sources.values() for cell in cells):
        if cell["cell_type"] != "code":
            continue
        with contextlib.suppress(SyntaxError):
            for node in ast.walk(canary.parse(cell["source"])):
                if isinstance(node, ast.Import):
                    found |= {name.name for name in node.names}
                elif isinstance(node, ast.ImportFrom) and not node.level:
                    found |= {f"{node.module}.{name.name}" for name in node.names}
                    found.add(node.module)
    return tuple(sorted(name for name in found if name.split(".")[0] in slow))


class ForkServer:
    """The waiting process, seen from the one that grades.

    Args:
        modules: to import beforehand.
    """

    def __init__(self, modules: tuple[str, ...] = ()):
        self._one_at_a_time = threading.Lock()
        self.socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        clean = environment(tempfile.mkdtemp(prefix="cnnkit-fork-"))  # see `serve`
        with theirs:
            self.process = subprocess.Popen(
                [sys.executable, "-I", "-c", SERVE, str(theirs.fileno()), *modules],
                pass_fds=[theirs.fileno()],
                env=clean,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )

    def start(self, root: int, wanted: str, descriptors: list[int]) -> int:
        """Starts a program in the sandbox whose first process is `root`.

        Args:
            root: number of a process inside.
            wanted: as `LAUNCH` takes it.
            descriptors: standard input, output and error.

        Returns:
            The number of the new process, as seen from here.

        Raises:
            OSError: if it did not start.
        """
        request = json.dumps({"root": root, "wanted": wanted}).encode()
        with self._one_at_a_time:
            self.socket.settimeout(120)
            socket.send_fds(self.socket, [request], descriptors)
            answer = self.socket.recv(1000).decode()
        if not answer.isdigit():
            raise OSError(answer or "the fork server ended")
        return int(answer)

    def close(self):
        self.socket.close()
        self.process.kill()
        self.process.wait()


def serve():
    """The waiting process itself."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(1, signal.SIGKILL, 0, 0, 0)  # PR_SET_PDEATHSIG
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    channel = socket.socket(fileno=int(sys.argv[1]))
    for name in (*ALWAYS, *sys.argv[2:]):
        with contextlib.suppress(Exception):  # the student will see why
            __import__(name)
    _warm()
    # children have homes of their own; this process is killed, so that now is the time
    shutil.rmtree(os.environ["HOME"], ignore_errors=True)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # children are not waited for
    while True:
        request, descriptors, _, _ = socket.recv_fds(channel, LONGEST, 3)
        if not request:
            return
        if os.fork() == 0:
            try:
                _enter(libc, channel, json.loads(request), descriptors)
            except BaseException as error:
                channel.send(f"{type(error).__name__}: {error}"[:900].encode())
            finally:
                os._exit(1)
        for descriptor in descriptors:
            os.close(descriptor)


def _warm():
    """Formats one error as IPython does: its first takes 0.2 s."""
    from IPython.core.ultratb import VerboseTB

    try:
        raise ValueError
    except ValueError as error:
        with contextlib.suppress(Exception):
            VerboseTB("Neutral").text(type(error), error, error.__traceback__)


def _enter(libc, channel, request, descriptors):
    """Enters the namespaces, forks the program, and waits for its end to bury it."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    place = f"/proc/{request['root']}/ns"
    opened = {
        name: os.open(f"{place}/{name}", os.O_RDONLY) for name in (*NAMESPACES, "user")
    }
    own = os.stat("/proc/self/ns/user").st_ino
    inner = opened.pop("user")
    if os.stat(inner).st_ino == own:  # root: all in the one user namespace
        order = [*opened.values()]
    else:  # first into the one that owns the others
        owner = fcntl.ioctl(opened["mnt"], 0xB701)  # NS_GET_USERNS
        order = [owner, *opened.values()]
        if os.fstat(owner).st_ino != os.fstat(inner).st_ino:
            order.append(inner)
    for descriptor in order:
        if libc.setns(descriptor, 0):
            raise OSError(ctypes.get_errno(), "setns")
    child = os.fork()
    if child == 0:
        try:
            _become(libc, request["wanted"], descriptors)
        except SystemExit as end:
            os._exit(end.code if isinstance(end.code, int) else bool(end.code))
        except BaseException:
            sys.excepthook(*sys.exc_info())
            os._exit(1)
        os._exit(0)
    channel.send(str(child).encode())
    os.closerange(3, 1 << 16)
    for descriptor in (0, 1, 2):
        os.close(descriptor)
    os.waitpid(child, 0)


def _become(libc, wanted, descriptors):
    os.setsid()
    for i, descriptor in enumerate(descriptors):
        os.dup2(descriptor, i)
    os.closerange(3, 1 << 16)
    os.chdir("/home/student")
    os.umask(0o022)
    os.environ.clear()
    os.environ.update(environment("/home/student"))
    tempfile.tempdir = None
    signal.signal(signal.SIGINT, signal.default_int_handler)
    libc.prctl(38, 1, 0, 0, 0)  # PR_SET_NO_NEW_PRIVS
    if not json.loads(wanted)["uid"]:  # with another user they go by themselves
        header = array.array("I", [0x20080522, 0])
        nothing = array.array("I", [0] * 6)
        if libc.capset(_pointer(header), _pointer(nothing)):
            raise OSError(ctypes.get_errno(), "capset")
    if code := seccomp():
        text = ctypes.create_string_buffer(code, len(code))
        program = _Program(len(code) // 8, ctypes.addressof(text))
        if libc.prctl(22, 2, ctypes.byref(program), 0, 0):  # PR_SET_SECCOMP
            raise OSError(ctypes.get_errno(), "seccomp")
    sys.argv = ["-c", wanted, "/run"]
    exec(compile(LAUNCH, "<launch>", "exec"), {"__name__": "__main__"})


class _Program(ctypes.Structure):
    _fields_ = [("count", ctypes.c_ushort), ("code", ctypes.c_void_p)]


def _pointer(numbers):
    return ctypes.c_void_p(numbers.buffer_info()[0])
