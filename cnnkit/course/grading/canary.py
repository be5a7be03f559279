"""Cells that must fail and cells that must pass: do the checks still check?

After a graded cell that passed, a cell of usual checks with wrong numbers must fail and
one with right numbers must pass.  At the end, each graded cell that passed is run once
more with its expected values replaced by NaN, which no honest answer equals.  What does
not come out so is no proof of fraud; it is put before a human.
"""

import ast
import secrets
import threading

MUST_PASS = """
def _cnnkit_canary():
    import sys
    assert 1 + 1 == 2
    wrong = []
    try:
        assert 1 + 1 == 3
    except AssertionError:
        pass
    else:
        wrong.append("assert")
    if "numpy" in sys.modules:
        import numpy.testing
        numpy.testing.assert_allclose([1.0, 2.0], [1.0, 2.0])
        numpy.testing.assert_array_equal([1, 2], [1, 2])
        assert numpy.allclose(1.0, 1.0) and numpy.array_equal([1], [1])
        for check in ("assert_allclose", "assert_array_equal", "assert_almost_equal"):
            try:
                getattr(numpy.testing, check)(1.0, 2.0)
            except AssertionError:
                pass
            else:
                wrong.append(check)
        for check in ("allclose", "array_equal", "isclose"):
            if getattr(numpy, check)(1.0, 2.0):
                wrong.append(check)
    if "cnnkit.check" in sys.modules:
        try:
            sys.modules["cnnkit.check"].compare([1.0, 2.0], [1.0, 3.0])
        except AssertionError:
            pass
        else:
            wrong.append("compare")
    if "cnnkit.feedback" in sys.modules:
        feedback = sys.modules["cnnkit.feedback"]
        feedback.expect("canary", [1, 2.0], [1, 2.0])
        assert feedback.own_work(sorted, [2, 1]) == [1, 2]
        def borrowed():
            return sorted([2, 1])
        for check, call in {
            "expect": lambda: feedback.expect("canary", [1, 2.0], [1, 3.0]),
            "plausible": lambda: feedback.plausible("canary", "1", int),
            "own_work": lambda: feedback.own_work(
                borrowed, without=("builtins.sorted",)
            ),
        }.items():
            try:
                call()
            except AssertionError:
                pass
            else:
                wrong.append(check)
        if globals().get("feedback", feedback) is not feedback:
            wrong.append("another module feedback")
    if wrong:
        raise RuntimeError(" and ".join(wrong) + " let wrong values pass")
_cnnkit_canary()
"""
CHECKS = {"assert_allclose", "assert_array_equal", "assert_equal", "compare"}
CHECKS |= {"assert_array_almost_equal", "assert_almost_equal"}
EXPECT = "expect"  # of cnnkit.feedback: what was tested comes first
SILENT = CHECKS | {EXPECT, "plausible"}  # checks that return nothing
TELLERS = {"allclose", "array_equal", "isclose", "array_equiv"}
ORDERS = (ast.Eq, ast.Lt, ast.LtE, ast.Gt, ast.GtE)
_parsing = threading.Lock()


def parse(source: str) -> ast.Module:
    """`ast.parse` in one thread at a time: Python 3.11 mixes up the depths of two."""
    with _parsing:
        return ast.parse(source)


def must_fail() -> tuple[str, str]:
    """A cell, and the message with which it must end."""
    token = secrets.token_hex(8)
    return f"assert 1 + 1 == 3, '{token}'", token


def doctored(source: str) -> tuple[str, str] | None:
    """A graded cell whose checks must all fail, and the message with which it ends.

    Returns:
        None if there is no check in it that could be turned.

    >>> code, message = doctored("for n in 1, 2:\\n    assert f(n) == 2 * n")
    >>> print(code.split("raise")[0])
    _cnnkit_canary = []
    for n in (1, 2):
        try:
            assert f(n) == float('nan')
        except BaseException:
            pass
        else:
            _cnnkit_canary.append(2)
    <BLANKLINE>
    >>> doctored("assert f(2) != 3") is None
    True
    """
    try:
        tree = parse(source)
    except SyntaxError:  # magics
        return None
    turn = _Turn()
    tree = turn.visit(tree)
    if not turn.count:
        return None
    token = secrets.token_hex(8)
    text = ast.unparse(ast.fix_missing_locations(tree))
    end = f"raise AssertionError('{token} ' + repr(_cnnkit_canary))"
    return f"_cnnkit_canary = []\n{text}\n{end}", f"{token} []"


class _Turn(ast.NodeTransformer):
    """Wraps each check that can be turned, and empties those that cannot."""

    def __init__(self):
        self.count = 0

    def visit_FunctionDef(self, node):
        return node  # its checks may serve others: left alone

    visit_AsyncFunctionDef = visit_Lambda = visit_ClassDef = visit_FunctionDef

    def visit_Assert(self, node):
        turned = _turned(node.test)
        if turned is None:
            return ast.Pass()
        return self._wrapped(ast.Assert(turned, None), node.lineno)

    def visit_Expr(self, node):
        call = node.value
        if not (isinstance(call, ast.Call) and name(call.func) in CHECKS | {EXPECT}):
            return node
        place = 2 if name(call.func) == EXPECT else 1
        plain = call.args[: place + 1]
        if len(plain) <= place or any(isinstance(a, ast.Starred) for a in plain):
            return ast.Pass()
        return self._wrapped(ast.Expr(_is_nan(call, place)), node.lineno)

    def _wrapped(self, check, line):
        self.count += 1
        frame = parse(
            "try:\n    pass\nexcept BaseException:\n    pass\n"
            f"else:\n    _cnnkit_canary.append({line})"
        ).body[0]
        frame.body = [check]
        return frame


def name(node) -> str:
    """The last part of what is called."""
    return getattr(node, "attr", getattr(node, "id", ""))


def _nan():
    return parse("float('nan')").body[0].value


def _is_nan(call, place=1):
    arguments = [*call.args[:place], _nan(), *call.args[place + 1 :]]
    return ast.Call(call.func, arguments, call.keywords)


def _turned(test):
    """The condition with its expected values replaced so that it is false; or None."""
    if isinstance(test, ast.Compare) and all(isinstance(x, ORDERS) for x in test.ops):
        sides = [test.left, *test.comparators]
        if len(sides) > 2:
            sides[0], sides[-1] = _nan(), _nan()
        else:
            sides[0 if isinstance(sides[0], ast.Constant) else 1] = _nan()
        return ast.Compare(sides[0], test.ops, sides[1:])
    if isinstance(test, ast.BoolOp):
        parts = [_turned(value) for value in test.values]
        if isinstance(test.op, ast.Or) and None in parts:
            return None
        kept = [part for part in parts if part is not None]
        if not kept:
            return None
        return ast.BoolOp(test.op, kept) if kept[1:] else kept[0]
    if isinstance(test, ast.Call):
        called = name(test.func)
        if called in TELLERS and len(test.args) > 1:
            return _is_nan(test)
        if called in ("all", "bool") and len(test.args) == 1:
            (inner,) = test.args
            if isinstance(inner, ast.GeneratorExp | ast.ListComp):
                element = _turned(inner.elt)
                if element is None:
                    return None
                inner = type(inner)(element, inner.generators)
            else:
                inner = _turned(inner)
            if inner is not None:
                return ast.Call(test.func, [inner], test.keywords)
        if called == "all" and not test.args and isinstance(test.func, ast.Attribute):
            inner = _turned(test.func.value)
            if inner is not None:
                return ast.Call(ast.Attribute(inner, "all", ast.Load()), [], [])
    return None
