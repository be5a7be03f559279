"""Finds values of claims that a lesson writes down instead of computing."""

import ast
import re
from collections.abc import Iterator, Sequence

from .claims import DECIDED, leaves, load

# calls that only copy what they are given
COPIERS = {"int", "float", "bool", "str", "list", "tuple", "set", "dict"}
COPIERS |= {"array", "asarray", "float32", "float64", "int32", "int64"}


def lint(source: Sequence[str]) -> list[str]:
    """Findings in the code cells of one notebook, one line each.

    A computable leaf of a claim may not be a literal, nor a name that is bound to
    literals only and serves no computation; and a notebook may not read the ledger.

    Args:
        source: the code cells, in order.

    >>> lint(["claim('size/exercise-227', {'W2': 55, 'H2': size(227)})"])
    ['cell 1: size/exercise-227, W2: expected a computed value; received literal 55']
    """
    cells = [ast.parse(re.sub(r"(?m)^[%!].*$", "pass", cell)) for cell in source]
    nodes = [(i, node) for i, cell in enumerate(cells, 1) for node in ast.walk(cell)]
    bound = _bindings(node for _, node in nodes)
    passed = [(i, *leaf) for i, node in nodes for leaf in _passed(node, bound)]

    # a name serves a computation where it stands in one, not where it is handed on
    idle = {name for *_, value in passed for name in _copied(value) or ()}
    idle |= {
        name for found in bound.values() for x in found for name in _copied(x) or ()
    }
    for _, node in nodes:
        if isinstance(node, ast.Call) and _called(node) in ("print", "display"):
            idle |= {x for x in ast.walk(node) if isinstance(x, ast.Name)}
    working = {
        node.id
        for _, node in nodes
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)
        if node not in idle
    }

    def literal(node, seen=()):
        names = _copied(node)
        return names is not None and all(
            name.id in bound
            and name.id not in working
            and name.id not in seen
            and all(literal(value, (*seen, name.id)) for value in bound[name.id])
            for name in names
        )

    problems = [
        (i, f"{leaf}: expected a computed value; received literal {ast.unparse(value)}")
        for i, leaf, value in passed
        if literal(value)
    ]
    looks = [(i, what) for i, node in nodes for what in _looks(node)]
    looks = [(i, f"expected no look into the ledger; received {x}") for i, x in looks]
    return [f"cell {i}: {what}" for i, what in sorted(problems + looks)]


def _called(node: ast.Call) -> str:
    """`claim` for claim(...) and for claims.claim(...)."""
    return getattr(node.func, "id", None) or getattr(node.func, "attr", "")


def _copied(node: ast.AST | None) -> list[ast.Name] | None:
    """The names in an expression that computes nothing; None where it computes."""
    match node:
        case ast.Constant():
            return []
        case ast.Name():
            return [node]
        case ast.List() | ast.Tuple() | ast.Set():
            parts = node.elts
        case ast.Dict() | ast.JoinedStr():
            parts = node.values
        case ast.UnaryOp():
            parts = [node.operand]
        case ast.FormattedValue() | ast.Starred() | ast.keyword():
            parts = [node.value]
        case ast.Subscript():  # looking up under a computed key computes
            parts = [node.value, node.slice]
        case ast.Call() if _called(node) in COPIERS:
            parts = [*node.args, *node.keywords]
        case _:
            return None
    inner = [_copied(part) for part in parts]
    return None if None in inner else [name for names in inner for name in names]


def _bindings(nodes: Iterator[ast.AST]) -> dict[str, list[ast.AST | None]]:
    """What each name is bound to; None where it is not by `name = value`."""
    bound, assigned = {}, set()
    for node in nodes:  # an assignment comes before the names in it
        if isinstance(node, (ast.Assign, ast.AnnAssign, ast.NamedExpr)):
            for target in getattr(node, "targets", None) or [node.target]:
                pairs = [(target, node.value)]
                if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
                    pairs = zip(target.elts, node.value.elts, strict=False)
                for name, value in pairs:
                    if isinstance(name, ast.Name):
                        bound.setdefault(name.id, []).append(value)
                        assigned.add(name)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            if node not in assigned:
                bound.setdefault(node.id, []).append(None)
    return bound


def _passed(node: ast.AST, bound: dict) -> Iterator[tuple[str, ast.AST]]:
    """The computable leaves that a call of `claim` or `table` is given, with values."""

    def pairs(node):
        if isinstance(node, ast.Name) and len(bound.get(node.id, ())) == 1:
            node = bound[node.id][0]
        if isinstance(node, ast.Dict):
            return [
                (getattr(key, "value", None), value)
                for key, value in zip(node.keys, node.values, strict=True)
            ]
        if isinstance(node, ast.Call) and _called(node) == "dict":
            return [(keyword.arg, keyword.value) for keyword in node.keywords]
        return []

    def values(claim_id, node, path=()):
        entry = load().get(claim_id, {"expected": {}, "check": {}})
        decided = {leaf.path for leaf in leaves(entry) if leaf.check in DECIDED}
        for key, value in pairs(node):
            if (*path, key) in decided:
                yield f"{claim_id}, {'.'.join((*path, key))}", value
            else:
                yield from values(claim_id, value, (*path, key))

    if not isinstance(node, ast.Call) or _called(node) not in ("claim", "table"):
        return
    named = {keyword.arg: keyword.value for keyword in node.keywords}
    first = getattr(node.args[0], "value", None) if node.args else None
    if _called(node) == "table":
        for row, given in pairs(node.args[1] if node.args[1:] else named.get("rows")):
            yield from values(f"{first}/{row}", given)
    else:
        runs = getattr(named.get("seeds"), "elts", [])
        for given in [*node.args[1:2], named.get("values"), *runs]:
            yield from values(first, given)


def _looks(node: ast.AST) -> Iterator[str]:
    """Where a notebook reads the ledger instead of only calling `claim` and `table`."""
    match node:
        case ast.ImportFrom(module="cnnkit.course.claims", names=names):
            names = [x.name for x in names if x.name not in ("claim", "table")]
            yield from (f"an import of {name}" for name in names)
        case ast.Attribute(value=ast.Name(id="claims"), attr=name):
            if name not in ("claim", "table"):
                yield f"claims.{name}"
        case ast.Attribute(attr="expected"):
            yield ast.unparse(node)
        case ast.Subscript(slice=ast.Constant("expected")):
            yield ast.unparse(node)
        case ast.Constant(value=str(text)):
            if "claims.json" in text or "claims.yml" in text:
                yield repr(text)
