"""A Jupyter kernel in a sandbox, driven through sockets in its own private folder."""

import contextlib
import json
import time
from dataclasses import dataclass, field

import zmq
from jupyter_client import BlockingKernelClient
from nbformat.v4 import output_from_msg

from .sandbox import MB, Limits, Sandbox, SandboxError

START = """
import sys
sys.modules["debugpy"] = None  # a debugger that nobody uses, and 0.1 s
from ipykernel.kernelapp import IPKernelApp
IPKernelApp.launch_instance(argv=["-f", sys.argv[1] + "/kernel.json",
    "--transport=ipc", "--ip=" + sys.argv[1] + "/k", "--log-level=50",
    "--HistoryManager.enabled=False"])
"""
START_SECONDS = 60
DROPPED = "\n… more output was dropped here …\n"


@dataclass
class Reply:
    """What came of one cell."""

    status: str  # ok, error, timeout (and interrupted), lost (the kernel is gone)
    outputs: list = field(default_factory=list)
    error: str = ""  # its name
    message: str = ""
    values: dict = field(default_factory=dict)  # of the expressions that were asked for
    complete: bool = True  # all outputs have come
    exits: bool = False  # it called `exit`: the kernel is about to end


class Kernel:
    """One kernel, ready; close it after use.

    Args:
        limits: what it may take.
        files: what lies in its home folder.
        sandboxed, server: as for `Sandbox`.
    """

    def __init__(
        self, limits: Limits, files: dict[str, bytes], sandboxed=True, server=None
    ):
        self.limits, self.client = limits, None
        self.context = zmq.Context()
        self.context.setsockopt(zmq.MAXMSGSIZE, 64 * MB)
        self.context.setsockopt(zmq.RCVHWM, 64)
        self.context.setsockopt(zmq.RECONNECT_IVL, -1)
        self.box = Sandbox(START, limits, sandboxed, server=server)
        try:
            self._connect()
            self.box.put(files)
        except BaseException:
            self.close()
            raise

    def _connect(self):
        end = time.monotonic() + START_SECONDS
        connection = {}
        while not connection:
            # written after the sockets are open, and before any stranger's line has run
            with contextlib.suppress(OSError, ValueError):
                connection = json.loads((self.box.run / "kernel.json").read_bytes())
            if not connection:
                self._must_live(end)
                time.sleep(0.01)
        connection["ip"] = f"{self.box.run}/k"
        self._connection = connection
        self._join(end)

    def _join(self, end):
        """Opens our side of the kernel's sockets and waits until both answer."""
        if self.client:
            self.client.stop_channels()
        self.client = BlockingKernelClient(context=self.context)
        self.client.load_connection_info(self._connection)
        self.client.start_channels(stdin=False, hb=False, control=False)
        self.client.allow_stdin = False
        self._channels = (self.client.shell_channel, self.client.iopub_channel)
        self._poller = zmq.Poller()
        for channel in self._channels:
            self._poller.register(channel.socket, zmq.POLLIN)
        # the first messages of the second channel are lost until it is joined
        while True:
            wanted = self.client.kernel_info()
            seen = set()
            stop = min(end, time.monotonic() + 1)
            while len(seen) < 2 and time.monotonic() < stop:
                for place, message in self._messages(0.1):
                    if message["parent_header"].get("msg_id") == wanted:
                        seen.add(place)
                self._must_live(end)
            if len(seen) == 2:
                return

    def _must_live(self, end):
        if not self.box.alive() or time.monotonic() > end:
            said = self.box.said().strip()[-500:]
            raise SandboxError(
                "expected a kernel that starts; received "
                f"{self.box.why or said or 'no answer'}"
            )

    def _messages(self, seconds):
        """Those that have come, as (channel number, message); waits for the first."""
        ready = dict(self._poller.poll(seconds * 1000))
        for place, channel in enumerate(self._channels):
            if channel.socket not in ready:
                continue
            with contextlib.suppress(zmq.Again):
                for _ in range(50):
                    parts = channel.socket.recv_multipart(zmq.NOBLOCK)
                    try:
                        _, parts = self.client.session.feed_identities(parts)
                        message = self.client.session.deserialize(parts)
                        message["size"] = sum(map(len, parts))
                        message["parent_header"].get("msg_id")
                    except Exception:  # whatever it is, it is no message of a kernel
                        continue
                    yield place, message

    def execute(self, code: str, seconds: float, values: dict | None = None) -> Reply:
        """Runs one cell.

        Args:
            code: its source.
            seconds: of wall clock, then it is interrupted, and if that does not help
                within 3 s, the kernel is stopped.
            values: expressions to evaluate afterwards, by name.
        """
        reply = Reply("lost")
        outputs = Outputs(self.limits.output * MB)
        wanted = self.client.execute(
            code, user_expressions=values or {}, allow_stdin=False, stop_on_error=False
        )
        end = time.monotonic() + seconds
        answered = idle = interrupted = False
        while not (answered and idle):
            for place, message in self._messages(0.1):
                if message["parent_header"].get("msg_id") != wanted:
                    continue
                kind, content = message["msg_type"], message["content"]
                if place == 1:
                    idle |= (
                        kind == "status" and content.get("execution_state") == "idle"
                    )
                    outputs.add(message)
                elif kind == "execute_reply" and not answered:
                    answered = True
                    end = min(end, time.monotonic() + 3)  # for what is still under way
                    reply.status = "ok" if content.get("status") == "ok" else "error"
                    reply.error = str(content.get("ename", ""))
                    reply.message = str(content.get("evalue", ""))
                    reply.exits = any(
                        isinstance(part, dict) and part.get("source") == "ask_exit"
                        for part in content.get("payload") or []
                    )
                    reply.values = content.get("user_expressions") or {}
            if not self.box.alive():
                reply.status = "lost"
                break
            if time.monotonic() > end:
                if answered:
                    break
                if interrupted:
                    self.box.stop(f"more than {seconds:g} s for one cell")
                    reply.status = "lost"
                    break
                self.box.interrupt()
                interrupted, end = True, time.monotonic() + 3
        if interrupted and reply.status != "lost":
            reply.status = "timeout"
        elif answered and not idle and reply.status != "lost":
            self._rejoin(reply, outputs)
        reply.outputs = outputs.kept
        return reply

    def _rejoin(self, reply, outputs):
        """A message was too large, and the connection is gone; the kernel is not."""
        outputs.drop()
        reply.complete = False
        try:
            self._join(time.monotonic() + 10)
        except SandboxError:
            self.box.stop("no more outputs")
            reply.status = "lost"

    def close(self):
        """Stops the kernel and everything that it has started."""
        if self.client:
            self.client.stop_channels()
        self.box.close()
        self.context.destroy(linger=0)


class Outputs:
    """What a cell shows, put together as JupyterLab does, up to a size."""

    def __init__(self, size: int):
        self.kept, self.left = [], size
        self._clear, self._displays = False, {}

    def add(self, message):
        kind, content = message["msg_type"], message["content"]
        if kind == "clear_output":
            if content.get("wait"):
                self._clear = True
            else:
                self.kept.clear()
            return
        if kind not in OUTPUTS:
            return
        if self._clear:
            self.kept.clear()
            self._clear = False
        if self.left <= 0:
            return
        self.left -= message["size"]
        if self.left <= 0:
            self.drop()
            return
        try:
            self._add(kind, content, message)
        except Exception:  # a message that is none
            return

    def drop(self):
        self.left = 0
        self._stream("stdout", DROPPED)

    def _add(self, kind, content, message):
        if kind == "stream":
            self._stream(content["name"], content["text"])
            return
        name = (content.get("transient") or {}).get("display_id")
        if kind == "update_display_data":
            for output in self._displays.get(name, []):
                output["data"], output["metadata"] = content["data"], {}
            return
        output = output_from_msg(message)
        if name:
            self._displays.setdefault(name, []).append(output)
        self.kept.append(output)

    def _stream(self, name, text):
        name = "stderr" if name == "stderr" else "stdout"
        last = self.kept[-1] if self.kept else {}
        if last.get("output_type") == "stream" and last["name"] == name:
            last["text"] += str(text)
        else:
            content = {"name": name, "text": str(text)}
            self.kept.append(
                output_from_msg({"header": {"msg_type": "stream"}, "content": content})
            )


OUTPUTS = {"stream", "display_data", "execute_result", "error", "update_display_data"}
