"""Hidden tests that never enter the student's process.

A graded cell may hold a hidden region of this form:

    ### BEGIN HIDDEN TESTS
    def outside(sizes, image):
        assert sizes == [55, 27, 13]
        ...

    outside(my_sizes, blur(np.eye(5)))
    ### END HIDDEN TESTS

To nbgrader and to whoever runs the source notebook these are ordinary lines.  Here the
arguments of the calls are evaluated in the student's process and taken out as text (see
`values`); the function runs in a process of its own, in a sandbox too.  A number that
the last call returns is the number of points.
"""

import ast
import json
import re

from . import canary
from .sandbox import Limits, Sandbox

REGION = re.compile(
    r"^[^\n]*BEGIN HIDDEN TESTS[^\n]*\n(.*?)^[^\n]*END HIDDEN TESTS[^\n]*$\n?",
    re.S | re.M,
)
NAME = "outside"
SECONDS = 120

# Runs inside; what it prints is dropped, the verdicts leave by another descriptor.
RUN = """
import json, os, sys
from cnnkit.course.grading import outside
verdicts = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)
json.dump(outside.judge(json.load(sys.stdin)), verdicts)
verdicts.close()
"""


def released(source: str) -> str:
    """A cell as the student receives it, without its hidden regions.

    >>> released("a = 1\\n### BEGIN HIDDEN TESTS\\nb\\n### END HIDDEN TESTS\\n")
    'a = 1\\n'
    """
    lines, hidden = [], False
    for line in source.split("\n"):
        if "BEGIN HIDDEN TESTS" in line:
            hidden = True
        elif "END HIDDEN TESTS" in line:
            hidden = False
        elif not hidden:
            lines.append(line)
    return "\n".join(lines)


def split(source: str) -> tuple[str, list[tuple[str, list[list[str]]]]]:
    """What of a graded cell runs inside, and what outside.

    Returns:
        The source without the regions that define `outside`, and for each of those
        regions its code and, call by call, the expressions to take out.

    >>> split('''a = 1
    ... ### BEGIN HIDDEN TESTS
    ... def outside(x):
    ...     assert x == 1
    ... outside(a)
    ... ### END HIDDEN TESTS
    ... b = 2''')
    ('a = 1\\nb = 2', [('def outside(x):\\n    assert x == 1', [['a']])])
    """
    found = []

    def take(match):
        try:
            body = canary.parse(match[1]).body
        except SyntaxError:
            return match[0]
        if not any(isinstance(x, ast.FunctionDef) and x.name == NAME for x in body):
            return match[0]
        calls = [x for x in body if _is_call(x)]
        code = "\n".join(ast.unparse(x) for x in body if not _is_call(x))
        found.append((code, [[ast.unparse(a) for a in x.value.args] for x in calls]))
        return ""

    return REGION.sub(take, source), found


def _is_call(node) -> bool:
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Call)
        and isinstance(node.value.func, ast.Name)
        and node.value.func.id == NAME
        and not node.value.keywords
        and not any(isinstance(x, ast.Starred) for x in node.value.args)
    )


def test(cases: list[dict], limits: Limits, sandboxed: bool, server=None) -> list[dict]:
    """Runs the regions in a process of their own.

    Args:
        cases: for each region its `code` and `calls`, lists of written values.

    Returns:
        For each region `error` (its name, or ""), `message`, `trace`, `points`.
    """
    with Sandbox(RUN, limits, sandboxed, piped=True, server=server) as box:
        answer = box.communicate(json.dumps(cases).encode(), SECONDS)
        try:
            verdicts = json.loads(answer)
        except ValueError:
            verdicts = []
        if len(verdicts) == len(cases):
            return verdicts
        why = box.why or box.said().strip()[-300:] or "no answer"
        return [_answer("TestError", f"the test did not end: {why}")] * len(cases)


def _answer(error="", message="", trace="", points=None) -> dict:
    return {"error": error, "message": message, "trace": trace, "points": points}


def judge(cases: list[dict]) -> list[dict]:
    """The other side of `test`.

    >>> code = "def outside(x): assert x == 1"
    >>> [answer] = judge([{"code": code, "calls": [["1"], ["2"]]}])
    >>> answer["error"]
    'AssertionError'
    """
    return [_judge(case["code"], case["calls"]) for case in cases]


def _judge(code, calls):
    import linecache
    import traceback

    from .values import read

    linecache.cache["<hidden test>"] = (len(code), None, code.splitlines(True), "")
    try:
        names, result = {"__name__": "outside"}, None
        exec(compile(code, "<hidden test>", "exec"), names)
        for values in calls:
            result = names[NAME](*map(read, values))
    except BaseException as error:
        shown = traceback.extract_tb(error.__traceback__)
        shown = [line for line in shown if line.filename == "<hidden test>"]
        text = "".join(traceback.format_list(shown))
        return _answer(type(error).__name__, str(error)[:2000], text[:10000])
    try:
        points = None if isinstance(result, bool) else float(result)
    except (TypeError, ValueError):
        points = None
    return _answer(points=points)
