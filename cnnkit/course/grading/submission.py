"""Grades one submission: needs no gradebook, so it may run anywhere."""

import ast
import base64
import binascii
import re
import time

import nbformat
from nbformat.v4 import new_output

from . import canary, forkserver, outside
from .kernel import Kernel, Reply
from .notebook import BadSubmission, read, restore
from .sandbox import NO_SANDBOX, Limits, SandboxError, isolation
from .values import LARGEST

TAKE = "__import__('cnnkit.course.grading.values', fromlist=['write']).write({})"


def grade(task: dict) -> dict:
    """Runs a submission's notebooks and says what each graded cell deserves.

    Args:
        task: `student`, `notebooks` (name: content), `files` (name: content) for the
            working folder, `sources` (name: cells, see `gradebook.sources`), `limits`,
            `sandboxed`.

    Returns:
        `student`, `isolation`, `seconds`, `notebooks` (name: what `run` returns) and
        `error`, which is "" or one line.
    """
    start = time.monotonic()
    result = {"student": task["student"], "isolation": NO_SANDBOX, "error": ""}
    result["notebooks"] = {}
    try:
        if task["sandboxed"]:
            result["isolation"] = isolation()
        for name, content in task["notebooks"].items():
            try:
                notebook = read(content)
            except BadSubmission as error:
                raise BadSubmission(f"{name}.ipynb: {error}") from None
            notes = restore(notebook, task["sources"][name])
            run = Run(task, deadline=start + task["limits"].wall)
            result["notebooks"][name] = run.grade(notebook, notes)
    except (BadSubmission, SandboxError) as error:
        result["error"] = str(error)
    except Exception as error:  # the other submissions go on
        result["error"] = f"{type(error).__name__}: {error}"[:500]
    result["seconds"] = time.monotonic() - start
    return result


class Run:
    """One notebook from top to bottom, whatever becomes of its kernels."""

    def __init__(self, task: dict, deadline: float):
        self.limits: Limits = task["limits"]
        self.files, self.sandboxed = task["files"], task["sandboxed"]
        self.server = forkserver.server(task["sources"]) if self.sandboxed else None
        self.deadline = deadline
        self.kernel, self.starts, self.lost = None, 0, ""
        self.past: list[str] = []  # cells to run again in a new kernel

    def grade(self, notebook, notes: list[str]) -> dict:
        """Executes the notebook in place.

        Returns:
            `notebook` (as text), `notes` and `cells`: for each grade id `score`,
            `points`, `why` and `flag`; the last two are words or "".
        """
        verdicts: dict[str, dict] = {}
        away: list[tuple[dict, list]] = []  # regions for the process outside
        try:
            for cell in notebook.cells:
                if cell.cell_type != "code" or not cell.source.strip():
                    continue
                own = cell.metadata.get("nbgrader", {})
                if not own.get("grade") or own["solution"]:
                    reply = self.execute(cell.source)
                    cell.outputs = harmless(reply.outputs)
                    cell.outputs += _failure(reply, cell.outputs)
                    continue
                verdict = {"points": float(own["points"]), "why": "", "flag": ""}
                verdicts[own["grade_id"]] = verdict
                self._grade_cell(cell, verdict, away)
            self._doctored(notebook, verdicts)
        finally:
            self._close()
        self._outside(away)
        for cell in notebook.cells:
            name = cell.metadata.get("nbgrader", {}).get("grade_id")
            if name in verdicts:
                _settle(cell, verdicts[name])
        if self.starts > 1:
            notes = [*notes, f"kernel started {self.starts} times"]
        return {
            "notebook": nbformat.writes(notebook),
            "cells": verdicts,
            "notes": notes,
        }

    def execute(self, code: str, values: dict | None = None, keep: bool = True):
        """Runs one cell; if the last kernel was lost, in one that repeats the past."""
        reply = self._in_kernel(code, values)
        if reply.exits:
            self._close()
        elif keep and reply.status in ("ok", "error"):
            self.past.append(code)
        return reply

    def _in_kernel(self, code, values):
        left = self.deadline - time.monotonic()
        if left <= 0:
            self.lost = f"more than {self.limits.wall:g} s for the notebook"
            self._close()
            return Reply("lost")
        if self.kernel is None:
            if self.starts > self.limits.restarts:
                self.lost = f"the kernel was lost {self.starts} times"
                return Reply("lost")
            self.starts += 1
            self.kernel = self._start()
            past, self.past = self.past, []
            for i, old in enumerate(past):
                if self.execute(old).status == "lost":
                    self.past += past[i + 1 :]  # without the one that ended it now
                    return self._in_kernel(code, values)
        seconds = max(0.1, min(self.limits.cell, self.deadline - time.monotonic()))
        reply = self.kernel.execute(code, seconds, values)
        if reply.status == "lost":
            self.lost = self.kernel.box.why or "the kernel ended"
            self._close()
        return reply

    def _start(self) -> Kernel:
        if self.server:
            try:
                return Kernel(self.limits, self.files, True, self.server)
            except SandboxError:  # no fault of the student's, whose code has not run
                forkserver.forget(self.server)
                self.server = None
        return Kernel(self.limits, self.files, self.sandboxed)

    def _close(self):
        if self.kernel:
            self.kernel.close()
            self.kernel = None

    def _grade_cell(self, cell, verdict, away):
        inside, regions = outside.split(cell.source)
        asked = {
            f"{i} {j} {k}": TAKE.format(f"({expression})")
            for i, (_, calls) in enumerate(regions)
            for j, call in enumerate(calls)
            for k, expression in enumerate(call)
        }
        reply = self.execute(inside, asked)
        outputs = harmless(reply.outputs)
        shown = [o for o in outputs if o.output_type == "execute_result"]
        cell.outputs = [_plain(output, reply) for output in outputs]
        if reply.status != "ok":
            verdict["score"], verdict["why"] = 0.0, self._why(reply)
            cell.outputs += _failure(reply, cell.outputs, self.lost)
            return
        verdict["score"] = verdict["points"]
        if _ends_in_value(inside):
            if not reply.complete:
                verdict["flag"] = "its value did not arrive"
            if len(shown) > 1:
                verdict["flag"] = f"{len(shown)} results where the cell has one"
            for output in shown:
                self._partial(output, verdict)
        flag = self._canaries()
        verdict["flag"] = verdict["flag"] or flag
        taken = {}
        for name, answer in reply.values.items():
            try:
                text = ast.literal_eval(answer["data"]["text/plain"])
                if not isinstance(text, str) or len(text) > LARGEST:
                    raise ValueError("too large, or no text")
                taken[name] = text
            except Exception as error:
                why = f"{answer.get('ename') or 'TakeError'}: "
                why += str(answer.get("evalue") or error)[:500]
                verdict["score"], verdict["why"] = 0.0, why
                cell.outputs.append(_error(*why.split(": ", 1)))
                return
        for i, (code, calls) in enumerate(regions):
            written = [
                [taken.get(f"{i} {j} {k}", "null") for k in range(len(call))]
                for j, call in enumerate(calls)
            ]
            away.append(({"code": code, "calls": written}, [cell, verdict]))

    def _partial(self, output, verdict):
        """A value that is the number of points, as nbgrader has it."""
        value = output["data"].get("text/plain", "")
        try:
            score = float(value)
        except ValueError:
            score = -1.0
        if 0 <= score <= verdict["points"]:
            verdict["score"] = min(verdict["score"], score)
        else:
            most = verdict["points"]
            verdict["flag"] = f"expected 0 to {most:g} points; received {value[:50]}"

    def _why(self, reply) -> str:
        if reply.status == "lost":
            return f"KernelLost: {self.lost}"
        if reply.status == "timeout":
            return f"Timeout: more than {self.limits.cell:g} s"
        return f"{reply.error}: {reply.message}"[:300]

    def _canaries(self) -> str:
        """What is wrong with the checks in this kernel, in words, or ""."""
        code, message = canary.must_fail()
        reply = self.execute(code, keep=False)
        if reply.status != "error" or reply.message != message:
            return f"a cell that must fail did not: {reply.status} {reply.error}"[:200]
        reply = self.execute(canary.MUST_PASS, keep=False)
        if reply.status != "ok":
            return f"a cell that must pass did not: {reply.error} {reply.message}"[:200]
        return ""

    def _doctored(self, notebook, verdicts):
        quiet = False
        for cell in notebook.cells:
            verdict = verdicts.get(cell.metadata.get("nbgrader", {}).get("grade_id"))
            if not verdict or not verdict["score"] or verdict["flag"]:
                continue
            inside, _ = outside.split(cell.source)
            if turned := canary.doctored(inside):
                if not quiet:  # nobody reads these errors, and short ones are fast
                    quiet = self.execute("%xmode Minimal", keep=False).status == "ok"
                code, message = turned
                reply = self.execute(code, keep=False)
                token = message.split()[0]
                if reply.status == "ok" or (
                    reply.message.startswith(token) and reply.message != message
                ):
                    verdict["flag"] = "passes with wrong expected values too"

    def _outside(self, away):
        if not away:
            return
        cases = [case for case, _ in away]
        answers = outside.test(cases, self.limits, self.sandboxed, self.server)
        for (_, (cell, verdict)), answer in zip(away, answers, strict=True):
            name, message = answer["error"], answer["message"]
            points = answer["points"]
            if not name and points is not None and not 0 <= points <= verdict["points"]:
                name, most = "TestError", verdict["points"]
                message = (
                    f"expected 0 to {most:g} points of the test; received {points}"
                )
            if name:
                verdict["score"], verdict["why"] = 0.0, f"{name}: {message}"[:300]
                cell.outputs.append(_error(name, message, answer["trace"]))
            elif points is not None and points < verdict["score"]:
                verdict["score"] = points


def _settle(cell, verdict):
    """What is stored tells nbgrader the verdict in its own terms."""
    if verdict["flag"]:
        verdict["score"] = 0.0
        why = f"a human has to look at this: {verdict['flag']}"
        cell.outputs.append(_error("HumanNeeded", why))
    for output in cell.outputs:
        if output.output_type == "execute_result":
            output["output_type"] = "display_data"
            output.pop("execution_count")
    failed = any(output.output_type == "error" for output in cell.outputs)
    if not failed and verdict["score"] < verdict["points"]:
        shown = {"text/plain": repr(verdict["score"])}
        cell.outputs.append(new_output("execute_result", data=shown))


def _ends_in_value(source: str) -> bool:
    """Whether a graded cell may give part of its points: by its last line's value."""
    try:
        body = canary.parse(source).body
    except SyntaxError:
        return False
    last = body[-1] if body else None
    if not isinstance(last, ast.Expr):
        return False
    if isinstance(last.value, ast.Constant):
        return isinstance(last.value.value, int | float)
    return not (
        isinstance(last.value, ast.Call) and canary.name(last.value.func) in NONE
    )


NONE = canary.SILENT | {"print", "show"}


def _plain(output, reply):
    """Nothing that a graded cell shows but its own error costs points."""
    if output.output_type == "stream":
        return new_output("stream", name="stdout", text=output.text)
    if output.output_type == "error" and (
        reply.status == "ok" or output.ename != reply.error
    ):
        text = "\n".join(output.traceback) or f"{output.ename}: {output.evalue}"
        return new_output("stream", name="stdout", text=text + "\n")
    return output


def _failure(reply, shown, lost="") -> list:
    if reply.status == "ok" or any(o.output_type == "error" for o in shown):
        return []
    if reply.status == "lost":
        return [_error("KernelLost", lost or "the kernel ended")]
    return [_error(reply.error or "Error", reply.message)]


def _error(name, message, trace=""):
    lines = [*trace.splitlines(), f"{name}: {message}"]
    return new_output("error", ename=name, evalue=message, traceback=lines)


def harmless(outputs: list) -> list:
    """Outputs without what could act in a reader's browser: text and pictures stay."""
    kept = []
    for output in outputs:
        kind = output["output_type"]
        if kind == "stream":
            made = new_output("stream", name=output["name"], text=_text(output["text"]))
        elif kind == "error":
            made = _error(_text(output["ename"]), _text(output["evalue"]))
            made.traceback = [_text(line) for line in output["traceback"]]
        else:
            data = {}
            for name in ("text/plain", "image/png", "image/jpeg"):
                content = _text(output["data"].get(name, ""))
                if name == "text/plain" or _is_base64(content):
                    data[name] = content
            if not any(data.values()):
                shown = ", ".join(sorted(map(str, output["data"])))[:100]
                data = {"text/plain": f"[not kept: {shown}]"}
            data = {name: content for name, content in data.items() if content}
            made = new_output(kind, data=data)
            alt = (output.get("metadata") or {}).get("alt")
            if isinstance(alt, str) and "image/png" in data:
                made.metadata = {"alt": _text(alt)[:400]}  # pages escape it
        kept.append(made)
    return kept


def _text(value) -> str:
    text = "".join(map(str, value)) if isinstance(value, list) else str(value)
    return text.encode("utf-8", "replace").decode()


def _is_base64(text: str) -> bool:
    text = re.sub(r"\s", "", text)
    try:
        return bool(text) and bool(base64.b64decode(text, validate=True))
    except binascii.Error:
        return False
