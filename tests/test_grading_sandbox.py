"""The sandbox for root and for an ordinary user, started both ways."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import grading_course as made
import pytest

LOOK = """
import json, os, sys
from cnnkit.course.grading import forkserver, outside
from cnnkit.course.grading.kernel import Kernel
from cnnkit.course.grading.sandbox import Limits

limits = Limits(processes=20, threads=200, disk=8)
inside = '''
import ctypes, json, os, resource
def refused(call):
    try:
        call()
    except (OSError, ValueError):
        return True
    return False
c = ctypes.CDLL(None)
status = dict(line.split(":", 1) for line in open("/proc/self/status"))
print(json.dumps({
    "user": os.getuid(), "groups": os.getgroups(), "home": os.getcwd(),
    "caps": status["CapEff"].strip() + status["CapPrm"].strip(),
    "no_new": status["NoNewPrivs"].strip(), "filter": status["Seccomp"].strip(),
    "calls": [c.unshare(0x10000000), c.mount(b"x", b"/tmp", b"tmpfs", 0, None),
              c.ptrace(16, 1, 0, 0)],
    "refused": [refused(lambda: open(path, "r+b")) for path in
                ("/proc/self/exe", os.__file__, "/proc/sys/kernel/core_pattern")],
    "new": [refused(lambda: open(f"{folder}/new", "w")) for folder in
            ("/", "/dev", "/usr", "/etc", os.path.dirname(os.__file__))],
    "full": refused(lambda: open("big", "wb").write(bytes(9 << 20))),
    "seen": sorted(x for x in os.listdir("/proc") if x.isdigit()),
    "environment": sorted(os.environ),
    "file": open("folder/given.txt").read(),
    "raise": refused(lambda: resource.setrlimit(resource.RLIMIT_CPU, (9999, 9999))),
    "oom": open("/proc/self/oom_score_adj").read().strip(),
}))
'''
found = {"forkserver": forkserver.possible()}
server = forkserver.ForkServer(("numpy",)) if found["forkserver"] else None
for name, way in (("fork", server), ("plain", None)):
    kernel = Kernel(limits, {"folder/given.txt": b"hello"}, True, way)
    reply = kernel.execute(inside, 20)
    found[name] = reply.outputs[0].get("text", str(reply.outputs))
    found[name + " members"] = len(kernel.box.members())
    reply = kernel.execute("import time\\nwhile True: time.sleep(1)", 0.5)
    found[name + " interrupted"] = reply.status
    reply = kernel.execute("while True: os.fork()", 20)
    found[name + " bomb"] = [reply.status, kernel.box.why]
    members = kernel.box.members()
    kernel.close()
    found[name + " left"] = [p for p in members if os.path.exists(f"/proc/{p}")]
cases = [{"code": "def outside(x): assert x == 1", "calls": [["1"], ["2"]]}]
found["outside"] = outside.test(cases, limits, True, server)[0]["error"]
if server:  # it has answered, so its environment is there to be read
    place = open(f"/proc/{server.process.pid}/environ").read().split("HOME=")[1]
    found["folder"] = os.path.exists(place.split(chr(0))[0])
print(json.dumps(found))
"""


def as_ordinary_user() -> list[str]:
    """A command that runs the rest as a user who is not root, and can read Python."""
    command = ["bwrap", "--dev-bind", "/", "/"]
    for folder in {sys.prefix, sys.base_prefix, str(made.ROOT)}:
        for above in [*Path(folder).parents][-2:-3:-1]:
            if above.stat().st_mode & 0o5 != 0o5:  # closed to others, such as /root
                command += ["--perms", "0755", "--tmpfs", str(above)]
                for between in [*reversed(Path(folder).parents)][2:]:
                    command += ["--perms", "0755", "--dir", str(between)]
                command += ["--ro-bind", folder, folder]
    return [*command, "setpriv", "--reuid", "1000", "--regid", "1000", "--clear-groups"]


@pytest.mark.parametrize("user", ["this", "ordinary"])
def test_inside(user, tmp_path):
    if why := made.no_bubblewrap():
        pytest.skip(why)
    command = [sys.executable, "-c", LOOK]
    if user == "ordinary":
        if os.geteuid() != 0:
            pytest.skip("this user is one")
        if not shutil.which("setpriv"):
            pytest.skip("NOT TESTED: no setpriv to become an ordinary user with")
        command = [*as_ordinary_user(), *command]
    home = tmp_path / "home"
    home.mkdir()
    os.chmod(home, 0o777)
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        cwd="/",
        env={**os.environ, "HOME": str(home), "CNNKIT_SECRET": "1"},
        timeout=240,
    )
    if user == "ordinary" and "setting up uid map" in done.stderr:
        pytest.skip("NOT TESTED: users other than root may make no namespaces here")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    for way in ("fork", "plain") if found["forkserver"] else ("plain",):
        inside = json.loads(found[way])
        assert inside["user"] != 0 and inside["groups"] == []
        if user == "this" and os.geteuid() == 0:
            assert inside["user"] >= 1_000_000_000
        assert set(inside["caps"]) == {"0"} and inside["no_new"] == "1"
        assert inside["filter"] == "2" and inside["calls"] == [-1, -1, -1]
        assert all(inside["refused"]) and all(inside["new"]) and inside["full"]
        assert inside["home"] == "/home/student" and inside["file"] == "hello"
        assert len(inside["seen"]) <= 3
        assert not {"CNNKIT_SECRET", "SSH_AUTH_SOCK"} & set(inside["environment"])
        assert inside["raise"] and inside["oom"] == "1000"
        assert 2 <= found[f"{way} members"] <= 4
        assert found[f"{way} interrupted"] == "timeout"
        assert found[f"{way} bomb"] == ["lost", "more than 20 processes"]
        assert found[f"{way} left"] == []
    assert found["outside"] == "AssertionError"
    assert not found.get("folder")  # nothing of the waiting process is left behind
