"""Submissions of strangers who mean harm: each ends, leaves nothing, earns nothing.

All of them are graded in one run, beside honest ones.  `pytest -s` prints the table of
attacks tried and contained that docs/grading.md keeps.
"""

import hashlib
import json
import re
import socket
import subprocess
import sys
import time
from pathlib import Path
from textwrap import dedent
from types import SimpleNamespace

import grading_course as made
import pytest
from grading_course import CONV, POINTS, SIZE, WRONG_CONV, WRONG_SIZE

MARK = "86399.25"  # seconds that left-over processes would sleep: found by it
SECRET = "a-secret-of-another-student"
ALL = set(POINTS)
CELL, WALL, MEMORY = 6, 90, 700


class Attack(SimpleNamespace):
    """What is tried, in words, the student's code, and what of it is honest.

    earns: grade ids that the honest part deserves, no more and no less.
    flagged: a human has to be told.
    """

    def __init__(self, words, first=(), **more):
        first = [first] if isinstance(first, str) else first
        options = {"size": SIZE, "conv": CONV, "earns": ALL}
        options |= {"flagged": False, "change": None, "says": ""}
        super().__init__(
            words=words, first=[dedent(x) for x in first], **options | more
        )


def wrong(words, first=(), **more):
    """An attack in place of an answer."""
    options = {"size": WRONG_SIZE, "conv": WRONG_CONV, "earns": set()} | more
    return Attack(words, first, **options)


ATTACKS = {
    # what takes too much
    "infinite_loop": Attack(
        "a function that never returns",
        conv="def conv1d(x, kernel):\n    while True:\n        pass",
        earns={"test_size"},
        says="Timeout",
    ),
    "stubborn_loop": Attack(
        "a loop that ignores Ctrl-C",
        """
        import signal
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
        while True:
            pass
        """,
    ),
    "sleep": Attack("a cell that sleeps", "import time\ntime.sleep(86400)"),
    "fork_bomb": Attack("a fork bomb", "import os\nwhile True:\n    os.fork()"),
    "thread_bomb": Attack(
        "threads without end",
        """
        import threading, time
        while True:
            threading.Thread(target=time.sleep, args=(86400,), daemon=True).start()
        """,
    ),
    "memory_hog": Attack(
        "memory without end",
        "hog = []\nwhile True:\n    hog.append(bytearray(b'x') * 10_000_000)",
    ),
    "hidden_memory": Attack(
        "memory that belongs to no process: anonymous files, System V",
        f"""
        import ctypes, os
        try:
            os.memfd_create("hog")
            print("{SECRET}")
        except OSError:
            pass
        if ctypes.CDLL(None).shmget(0, 1 << 20, 0o1600) >= 0:
            print("{SECRET}")
        """,
    ),
    "disk_filler": Attack(
        "files without end, in the home folder and in /dev/shm",
        """
        for folder in (".", "/tmp", "/dev/shm", "/run"):
            try:
                for i in range(10_000):
                    with open(f"{folder}/{i}", "wb") as file:
                        file.write(bytes(1 << 20))
            except OSError:
                pass
        """,
    ),
    "output_flood": Attack("print without end", "while True:\n    print('x' * 1000)"),
    "one_huge_output": Attack("one output of 150 MB", "print('x' * 150_000_000)"),
    "deep_recursion": Attack(
        "recursion without a limit, down to the crash",
        """
        import sys
        sys.setrecursionlimit(10**9)
        def deeper(): return deeper()
        class Deep:
            def __repr__(self): return repr(self)
        import functools
        chain = lambda: 0
        for _ in range(1_000_000):
            chain = functools.partial(chain)
        del chain
        try:
            repr(Deep())
        except RecursionError:
            deeper()
        """,
    ),
    "stdin": Attack(
        "waiting for input", ["input('points? ')", "import sys\nsys.stdin.read()"]
    ),
    # what ends the kernel
    "kernel_kill": Attack(
        "the kernel kills itself", "import os\nos.kill(os.getpid(), 9)"
    ),
    "exit_in_hidden_test": Attack(
        "os._exit when a hidden test calls",
        size="import os\ndef output_size(n, kernel, stride=1):\n"
        "    if n == 9:\n        os._exit(0)\n    return (n - kernel) // stride + 1",
        earns=ALL - {"test_size"},
    ),
    "polite_exit": Attack(
        "exit, quit and sys.exit", ["exit()", "quit()", "import sys\nsys.exit()"]
    ),
    "segfault": Attack("a null pointer", "import ctypes\nctypes.string_at(0)"),
    # what it should not see or touch
    "read_everything": Attack(
        "reading the tests, the gradebook, the neighbours, the user's home",
        f"""
        import os
        from pathlib import Path
        for path in ("COURSE", "COURSE/source", "COURSE/gradebook.db", "HOME/.ssh",
                     "COURSE/submitted/honest", "COURSE/release", "ROOT/lessons",
                     "ROOT/tests", "/etc/shadow", "/etc/passwd"):
            if os.path.exists(path):
                print("{SECRET}")
        for folder, folders, files in os.walk("/"):
            if folder.startswith(("/proc", "/usr", "/sys")):
                folders.clear()
            for name in files:
                if "site-packages" in folder:
                    continue
                if name.endswith((".ipynb", ".db")) or "nbgrader_config" in name:
                    print("{SECRET}", folder, name)
        """,
    ),
    "read_processes": Attack(
        "reading other processes: their memory, environment and files",
        f"""
        import os
        for pid in os.listdir("/proc"):
            if pid.isdigit() and int(pid) != os.getpid():
                for name in ("environ", "mem", "maps"):
                    try:
                        text = open(f"/proc/{{pid}}/{{name}}", "rb").read(100_000)
                        if b"gradebook" in text or b"pytest" in text:
                            print("{SECRET}")
                    except OSError:
                        pass
        if os.path.exists("/proc/1/root/home/student/../../COURSE"):
            print("{SECRET}")
        for name in os.environ:
            if "CNNKIT_SECRET" in name:
                print("{SECRET}")
        """,
    ),
    "write_results": wrong(
        "writing grades: gradebook, reports, feedback, Python's own files",
        """
        import os, sqlite3, numpy
        for path in ("COURSE/gradebook.db", "COURSE/reports/sizes/write_results.json",
                     "COURSE/autograded/x", "results.json", "/run/results.json",
                     numpy.__file__, os.__file__, "/usr/bin/python3", "/etc/passwd"):
            try:
                os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
                with open(path, "a") as file:
                    file.write("points = 100")
            except OSError:
                pass
        """,
    ),
    "network": Attack(
        "TCP, UDP, DNS, sockets of the system and of the course",
        f"""
        import glob, socket
        def tried(connect):
            try:
                connect()
                print("{SECRET}")
            except OSError:
                pass
        tried(lambda: socket.create_connection(("127.0.0.1", TCP), 2))
        tried(lambda: socket.create_connection(("192.0.2.1", 80), 2))
        tried(lambda: socket.getaddrinfo("example.org", 80))
        datagram = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            datagram.sendto(b"leak", ("127.0.0.1", UDP))
        except OSError:
            pass
        for path in ("COURSE/socket", "\\0cnnkit-test", "/run/docker.sock",
                     "/var/run/dbus/system_bus_socket"):
            local = socket.socket(socket.AF_UNIX)
            tried(lambda: local.connect(path))
        """,
    ),
    "new_namespaces": Attack(
        "mounting, new namespaces, tracing",
        f"""
        import ctypes, os
        c = ctypes.CDLL(None, use_errno=True)
        done = [c.unshare(0x10000000) == 0, c.mount(b"x", b"/tmp", b"tmpfs", 0, 0) == 0,
                c.ptrace(16, 1, 0, 0) == 0, c.setns(0, 0) == 0]
        try:
            os.setuid(0)
            done.append(True)
        except OSError:
            pass
        if any(done):
            print("{SECRET}", done)
        """,
    ),
    "daemon": Attack(
        "processes that outlive the cell, the kernel and the session",
        f"""
        import subprocess
        for _ in range(3):
            command = "trap '' TERM HUP INT; sleep {MARK}"
            subprocess.Popen(["setsid", "sh", "-c", command], start_new_session=True)
        """,
    ),
    # what bends the checks
    "no_assert": wrong(
        "a transformer that takes every assert out",
        """
        import ast
        class NoAssert(ast.NodeTransformer):
            def visit_Assert(self, node): return ast.Pass()
        get_ipython().ast_transformers.append(NoAssert())
        """,
        flagged=True,
    ),
    "numpy_testing": wrong(
        "numpy.testing and numpy.allclose that accept everything",
        """
        import numpy as np
        np.testing.assert_allclose = lambda *a, **k: None
        np.testing.assert_array_equal = lambda *a, **k: None
        np.allclose = lambda *a, **k: True
        """,
        flagged=True,
    ),
    "patched_while_called": wrong(
        "numpy.testing changed by the answer itself, and put back afterwards",
        conv="check = np.testing.assert_allclose\nreal = check.__code__\n"
        "def conv1d(x, kernel):\n"
        "    check.__code__ = (lambda *a, **k: None).__code__\n"
        "    return np.zeros(len(x))\n"
        "def put_back(*_):\n    check.__code__ = real\n"
        "get_ipython().events.register('post_run_cell', put_back)",
        flagged=True,
    ),
    "showtraceback": wrong(
        "errors that are not shown",
        """
        shell = get_ipython()
        for name in ("showtraceback", "showsyntaxerror", "_showtraceback"):
            setattr(type(shell), name, lambda *a, **k: None)
        """,
    ),
    "input_transformer": wrong(
        "a transformer that empties every cell with a check",
        """
        def empty(lines):
            text = "".join(lines)
            return ["pass\\n"] if "assert" in text or "right" in text else lines
        get_ipython().input_transformers_post.append(empty)
        """,
        flagged=True,
    ),
    "pre_run_hook": wrong(
        "a hook that makes the next cell succeed",
        """
        from IPython.core.interactiveshell import InteractiveShell
        real = InteractiveShell.run_code
        async def run_code(self, code, result=None, **options):
            if result is not None:
                result.error_in_exec = None
            return False
        def hook(info):
            if "assert" in (info.raw_cell or ""):
                InteractiveShell.run_code = run_code
            else:
                InteractiveShell.run_code = real
        get_ipython().events.register("pre_run_cell", hook)
        """,
        flagged=True,
    ),
    "do_execute": wrong(
        "a kernel that answers ok to everything",
        """
        kernel = get_ipython().kernel
        async def do_execute(*a, **k):
            return {"status": "ok", "execution_count": 1, "payload": [],
                    "user_expressions": {}}
        kernel.do_execute = do_execute
        """,
        flagged=True,
    ),
    "forged_reply": wrong(
        "a reply of the kernel, sent by the student before the check fails",
        conv="def conv1d(x, kernel):\n"
        "    k = get_ipython().kernel\n"
        "    k.session.send(k.shell_stream if hasattr(k, 'shell_stream') else "
        "k.shell_socket, 'execute_reply', {'status': 'ok', 'user_expressions': {}},\n"
        "        parent=k.get_parent('shell'), ident=getattr(k, '_parent_ident', "
        "{}).get('shell'))\n"
        "    return 0 * x",
        flagged=True,
    ),
    "forged_points": wrong(
        "points published as the cell's result before it fails",
        conv="def conv1d(x, kernel):\n"
        "    k = get_ipython().kernel\n"
        "    k.send_response(k.iopub_socket, 'execute_result', {'data': "
        "{'text/plain': '2'}, 'metadata': {}, 'execution_count': 1})\n"
        "    return 0 * x",
    ),
    "equal_to_everything": wrong(
        "objects that are equal to everything",
        size="class Yes(float):\n"
        "    def __eq__(self, other): return True\n"
        "    __lt__ = __gt__ = __le__ = __ge__ = __eq__\n"
        "    __hash__ = None\n"
        "def output_size(n, kernel, stride=1):\n    return Yes()",
        flagged=True,
    ),
    "lazy_array": wrong(
        "arrays that answer NumPy's questions themselves",
        conv="class Lazy(np.ndarray):\n"
        "    def __array_function__(self, f, types, a, k): return True\n"
        "    def __array_ufunc__(self, f, how, *a, **k): return np.True_\n"
        "    def __eq__(self, other): return np.True_\n"
        "np.testing._private.utils.assert_array_compare = lambda *a, **k: None\n"
        "def conv1d(x, kernel):\n    return np.zeros(5).view(Lazy)",
        flagged=True,
    ),
    "own_numpy": wrong(
        "a module numpy of the student's own",
        """
        import sys, types
        import numpy as real
        fake = types.ModuleType("numpy")
        fake.__dict__.update(vars(real))
        fake.testing = types.SimpleNamespace(
            assert_allclose=lambda *a, **k: None, assert_array_equal=lambda *a: None,
            assert_almost_equal=lambda *a: None)
        sys.modules["numpy"] = sys.modules["numpy.testing"] = np = fake
        """,
        flagged=True,
    ),
    "meddling_thread": wrong(
        "a thread that keeps changing the checks and publishing results",
        """
        import threading, time
        def meddle():
            kernel = get_ipython().kernel
            points = {"data": {"text/plain": "1.0"}, "metadata": {}}
            points["execution_count"] = 1
            while True:
                np.testing.assert_allclose = lambda *a, **k: None
                kernel.send_response(kernel.iopub_socket, "execute_result", points)
                time.sleep(0.002)
        import numpy as np
        threading.Thread(target=meddle, daemon=True).start()
        """,
        flagged=True,
    ),
    "own_builtins": wrong(
        "built-in functions of the student's own",
        """
        import builtins
        builtins.sum = builtins.len = lambda *a: 1000
        builtins.all = builtins.any = builtins.bool = lambda *a: True
        builtins.AssertionError = Warning
        """,
    ),
    "pickle": wrong(
        "an object that would run code where it is unpickled",
        size="class Bomb:\n"
        f"    def __reduce__(self): return print, ('{SECRET}',)\n"
        "def output_size(n, kernel, stride=1):\n    return Bomb()",
    ),
    "huge_value": Attack(
        "an answer of 400 MB to take out",
        conv=CONV.replace("    k =", "    if len(x) == 6:\n"
                          "        return np.zeros(50_000_000)\n    k ="),
        earns=ALL - {"test_outside"},
    ),
    # what is wrong with the notebook itself
    "edited_test": wrong(
        "the check itself edited",
        change=lambda nb: _set(nb, "test_size", "output_size = None  # all is well"),
    ),
    "metadata": wrong(
        "more points, no check, a tag to skip it",
        change=lambda nb: [
            made.cell_of(nb, name).metadata.update(
                tags=["skip-execution"],
                nbgrader={"grade_id": name, "grade": False, "points": 1000}
                | {"solution": True, "locked": False, "schema_version": 3},
            )
            for name in ("test_size", "test_conv")
        ],
    ),
    "html": Attack(
        "HTML and JavaScript in outputs and text",
        """
        from IPython.display import HTML, SVG, Javascript, Markdown, display
        bad = "<img src=x onerror='window.hacked=1'><script>window.hacked=1</script>"
        display(HTML(bad), Javascript("window.hacked=1"), Markdown(bad))
        display({"image/svg+xml": f"<svg onload='window.hacked=1'>{bad}</svg>",
                 "image/png": f'"/>{bad}', "text/latex": bad,
                 "application/vnd.jupyter.widget-view+json": {"model_id": bad}},
                raw=True)
        display({"text/plain": bad, "image/png": "aGFja2Vk"}, raw=True,
                metadata={"image/png": {"width": f'1"/>{bad}'}})
        print(bad)
        raise RuntimeError(bad)
        """,
        change=lambda nb: (
            _set(nb, "why", "<script>window.hacked=1</script><img src=x onerror="
                 "'window.hacked=1'><a href='javascript:window.hacked=1'>why</a>"),
            nb.cells.append(
                made.v4.new_markdown_cell("<iframe srcdoc='<script>parent.hacked=1"
                                          "</script>'></iframe>")
            ),
        ),
    ),
    "symlink": Attack("links to the gradebook and to a neighbour's work"),
}  # fmt: skip


def _set(notebook, name, source):
    made.cell_of(notebook, name).source = source


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    """One run over all of them, two at a time, with honest ones between."""
    if why := made.no_bubblewrap():
        pytest.skip(why)
    folder = made.write(tmp_path_factory.mktemp("evil") / "course")
    made.generate(folder)
    release = made.released(folder)
    listener, datagrams = (
        socket.create_server(("127.0.0.1", 0)),
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM),
    )
    datagrams.bind(("127.0.0.1", 0))
    local = [socket.socket(socket.AF_UNIX) for _ in range(2)]
    for server, path in zip(local, (f"{folder}/socket", "\0cnnkit-test"), strict=True):
        server.bind(path)
        server.listen()
    named = {
        "COURSE": str(folder),
        "HOME": str(Path.home()),
        "ROOT": str(made.ROOT),
        "TCP": str(listener.getsockname()[1]),
        "UDP": str(datagrams.getsockname()[1]),
    }
    pattern = re.compile("|".join(rf"\b{name}\b" for name in named))
    for name, attack in ATTACKS.items():
        first = [pattern.sub(lambda m: named[m[0]], code) for code in attack.first]
        notebook = made.answered(release, attack.size, attack.conv, first)
        if attack.change:
            attack.change(notebook)
        place = made.submit(folder, name, notebook)
        if name == "symlink":
            (place / "data.csv").symlink_to(folder / "gradebook.db")
            (place / "theirs").symlink_to(folder / "submitted" / "honest")
    for name in ("honest", "an_honest_one", "zz_honest"):
        own = [f"note = {SECRET!r}"]
        made.submit(folder, name, made.answered(release, first=own))
    made.submit(folder, "nothing_done", made.answered(release, WRONG_SIZE, WRONG_CONV))
    handed_in = digest(folder / "submitted")
    start = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", "import sys; from cnnkit.course import cli; "
         "sys.exit(cli.main(sys.argv[1:]))", "grade", made.NAME, "--jobs", "2",
         "--cell", str(CELL), "--wall", str(WALL), "--memory", str(MEMORY)],
        cwd=folder, capture_output=True, text=True, timeout=1200,
        env={**made.os.environ, "CNNKIT_SECRET": SECRET},
    )  # fmt: skip
    seconds = time.monotonic() - start
    listener.settimeout(0)
    datagrams.settimeout(0)
    visits = 0
    for wait in (listener.accept, lambda: datagrams.recv(9)):
        try:
            wait()
            visits += 1
        except OSError:
            pass
    for server in (listener, datagrams, *local):
        server.close()
    (folder / "socket").unlink()
    records = {
        path.stem: json.loads(path.read_text())
        for path in (folder / "reports" / made.NAME).glob("*.json")
    }
    return SimpleNamespace(
        folder=folder,
        done=done,
        seconds=seconds,
        visits=visits,
        records=records,
        scores=made.scores(folder),
        unchanged=handed_in == digest(folder / "submitted"),
    )


def digest(folder):
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*.ipynb"))
    }


@pytest.mark.parametrize("name", ATTACKS)
def test_contained(name, graded):
    """Its honest part counts, nothing else does, in bounded time."""
    attack = ATTACKS[name]
    assert name in graded.records, graded.done.stdout + graded.done.stderr
    record, points = graded.records[name], graded.scores[name]
    cells = record["notebooks"][made.NAME]["cells"]
    for grade_id, most in POINTS.items():
        deserved = most if grade_id in attack.earns else 0.0
        assert points[grade_id] == deserved, (grade_id, cells[grade_id])
        assert points[grade_id] == cells[grade_id]["score"]
    assert any(cell["flag"] for cell in cells.values()) == attack.flagged, cells
    if attack.says:
        assert any(cell["why"].startswith(attack.says) for cell in cells.values())
    assert record["seconds"] < WALL + 30
    assert record["isolation"].startswith("bubblewrap")
    path = graded.folder / "autograded" / name / made.NAME / f"{made.NAME}.ipynb"
    outputs = [
        json.dumps(cell.outputs)
        for cell in made.nbformat.read(path, as_version=4).cells
        if cell.cell_type == "code"
    ]
    assert not any(SECRET in text and "Traceback" not in text for text in outputs)
    assert path.stat().st_size < 20 << 20


def test_the_honest_are_not_harmed(graded):
    for name in ("honest", "an_honest_one", "zz_honest"):
        assert graded.scores[name] == POINTS
        cells = graded.records[name]["notebooks"][made.NAME]["cells"]
        assert not any(cell["flag"] or cell["why"] for cell in cells.values())
    assert sum(graded.scores["nothing_done"].values()) == 0.0
    assert graded.unchanged


def test_nothing_is_left(graded):
    assert made.left_over(MARK) == []
    assert graded.visits == 0
    assert graded.done.returncode == 0, graded.done.stdout + graded.done.stderr
    assert not list(graded.folder.glob("autograded/*/.*"))


def test_the_report_names_who_must_be_looked_at(graded):
    out = graded.done.stdout
    flagged = sorted(name for name, attack in ATTACKS.items() if attack.flagged)
    seen, student = set(), ""
    for line in out.splitlines():
        if line[:1].strip():
            student = line.split()[0]
        if "LOOK AT" in line:
            seen.add(student)
    assert sorted(seen) == flagged
    assert f"{len(flagged)} to look at" in out


def test_links_are_not_followed(graded):
    notes = graded.records["symlink"]["notes"]
    assert sorted(notes) == [f"{n}: a link, left out" for n in ("data.csv", "theirs")]
    copied = graded.folder / "autograded" / "symlink" / made.NAME
    assert [path.name for path in copied.iterdir()] == [f"{made.NAME}.ipynb"]


def test_table(graded):
    """What docs/grading.md keeps; `pytest -s` prints it with times."""
    kept = (made.ROOT / "docs" / "grading.md").read_text().splitlines()
    rows = {}
    for name, attack in ATTACKS.items():
        got = sum(graded.scores[name].values())
        deserved = sum(POINTS[x] for x in attack.earns)
        cells = graded.records[name]["notebooks"][made.NAME]["cells"].values()
        told = "yes" if any(cell["flag"] for cell in cells) else ""
        rows[name] = f"| {attack.words} | {got:g} of {deserved:g} | {told} |"
        print(f"{rows[name]} {graded.records[name]['seconds']:.0f} s |")
    print(f"\n{len(ATTACKS)} attacks, {graded.seconds:.0f} s")
    assert len(ATTACKS) >= 20
    assert [row for row in rows.values() if row not in kept] == []
