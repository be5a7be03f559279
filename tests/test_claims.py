"""The ledger: its form, its checks' teeth, its values computed again, and coverage."""

import copy
import io
import json
import math
import re
from contextlib import redirect_stdout
from pathlib import Path

import numpy as np
import pytest

from cnnkit.course import claims
from cnnkit.course.claims import ClaimError, claim

LEDGER = claims.load()
LESSONS = Path(__file__).parents[1] / "lessons"
COUNTS = [17, 12, 32, 13, 12, 15, 13, 15, 16, 20, 18, 29, 25, 12, 28, 35, 28, 10]
ERRATA = [5, 2, 5, 3, 1, 1, 3, 2, 2, 3, 4, 7, 3, 1, 8, 11, 4, 3]


def printed(claim_id, *args, **kwargs) -> list[str]:
    out = io.StringIO()
    with redirect_stdout(out):
        claim(claim_id, *args, **kwargs)
    return out.getvalue().splitlines()


# ---- form --------------------------------------------------------------------------


def test_every_claim_belongs_to_one_lesson():
    def once(pairs):
        assert len({key for key, _ in pairs}) == len(pairs), "a key occurs twice"
        return dict(pairs)

    text = Path(claims.__file__).with_name("claims.json").read_text(encoding="utf-8")
    assert json.loads(text, object_pairs_hook=once) == LEDGER
    assert len(text.encode()) < 700_000 and "\\u" not in text
    lessons = [entry["lesson"] for entry in LEDGER.values()]
    errata = [e["lesson"] for e in LEDGER.values() if "erratum" in e]
    names = [f"{n:02}" for n in range(1, 19)]
    assert [lessons.count(name) for name in names] == COUNTS
    assert [errata.count(name) for name in names] == ERRATA
    assert len(LEDGER) == sum(COUNTS) == 350 and sum(ERRATA) == 68


@pytest.mark.parametrize("claim_id", LEDGER)
def test_form_of_an_entry(claim_id):
    entry = LEDGER[claim_id]
    assert re.fullmatch(r"[a-z0-9-]+(/[a-z0-9-]+)+", claim_id)
    assert entry["topic"] == claim_id.split("/")[0]
    assert entry["claim"] and entry["source"]
    assert set(entry["source"]) <= {
        "CS7015 L11 §11.1",
        "CS7015 L11 §11.2",
        "CS7015 L11 §11.3",
        "CS7015 L11 §11.4",
        "CS7015 L11 §11.5",
        "CS7015 L11 §11.5 transcript",
        "IS 6733",
        "CS-878 W4",
    }

    def leaves_of(tree, like):
        nested = isinstance(like, dict)
        return {k: leaves_of(tree[k], like[k]) for k in tree} if nested else None

    check, expected = entry["check"], entry["expected"]
    assert leaves_of(check, expected) == leaves_of(expected, expected)
    found = claims.leaves(entry)
    kinds = {leaf.check for leaf in found}
    assert kinds <= {*claims.DECIDED, "cited", "text"}
    for leaf in found:
        assert (leaf.rule is not None) or leaf.check not in ("function", "cited")
        word = leaf.name.rpartition("_")[2]
        if word in ("below", "above") or (word == "between" and leaf.check != "equal"):
            assert leaf.check == word
        if leaf.check == "function":
            results = [json.dumps(result) for _, result in leaf.rule["cases"]]
            assert len(set(results)) > 1, "a constant would pass"
            sizes = {len(arguments) for arguments, _ in leaf.rule["cases"]}
            assert sizes == {len(leaf.rule["args"])}
        if leaf.check == "cited":
            assert re.search(r"(19|20)\d\d", leaf.rule) and len(leaf.rule) < 150
    decided = kinds & set(claims.DECIDED)
    assert entry["class"] in claims.CLASSES
    if entry["class"] in ("verified", "measured"):
        assert decided
    else:
        assert not decided
        assert ("cited" in kinds) == (entry["class"] == "cited")


# ---- teeth -------------------------------------------------------------------------


def right(leaf):
    """A value that agrees with the ledger."""
    if leaf.check == "function":

        def key(arguments):  # 1 and 1.0 are one, as for NumPy
            return json.dumps([np.asarray(a, float).tolist() for a in arguments])

        table = {key(arguments): result for arguments, result in leaf.rule["cases"]}

        def function(*arguments):
            return np.array(table[key(arguments)])

        return function
    if leaf.check == "between":
        return sum(leaf.expected) / 2
    sign = {"below": -1, "above": 1}.get(leaf.check, 0)
    return leaf.expected + sign * abs(leaf.expected) / 2 if sign else leaf.expected


def elements(value, path=()):
    if isinstance(value, list):
        for i, item in enumerate(value):
            yield from elements(item, (*path, i))
    else:
        yield path, value


def put(value, path, new):
    if not path:
        return new
    value = copy.deepcopy(value)
    inner = value
    for i in path[:-1]:
        inner = inner[i]
    inner[path[-1]] = new
    return value


def wrong(leaf):
    """Values that must not pass, each close to the right one."""
    good = right(leaf)
    if leaf.check == "function":
        yield (
            lambda *a: (
                good(*a) + (np.arange(good(*a).size) == 0).reshape(good(*a).shape)
            )
        )
        yield lambda *a: None
        yield lambda: 0
        yield leaf.expected
        return
    if leaf.check in ("below", "above", "between"):
        limits = leaf.expected if leaf.check == "between" else [leaf.expected]
        yield from limits  # the limits themselves are outside
        yield [good, math.nan]
        yield []
        if leaf.check != "above":
            yield limits[-1] + 1
        if leaf.check != "below":
            yield limits[0] - 1
        return
    rtol, atol = (leaf.rule or claims.CLOSE) if leaf.check == "close" else (0, 0)
    places = list(elements(good))
    for path, value in places[:1] + places[-1:]:
        if isinstance(value, bool):
            yield put(good, path, not value)
            yield put(good, path, int(value))
        elif isinstance(value, str):
            yield put(good, path, value + "?")
        elif value is None:
            yield put(good, path, 0)
        else:
            step = 2 * (atol + rtol * abs(value)) or 1
            yield put(good, path, value + step)
            yield put(good, path, value - step)
            yield put(good, path, math.nan)
            yield put(good, path, str(value))
    yield [good]
    if isinstance(good, list):
        yield good[:-1]
        yield [*good, good[-1]]
        if good[::-1] != good and leaf.check != "close":
            yield good[::-1]


def nest(leaf_values):
    tree = {}
    for leaf, value in leaf_values:
        inner = tree
        for key in leaf.path[:-1]:
            inner = inner.setdefault(key, {})
        inner[leaf.path[-1]] = value
    return tree


@pytest.mark.parametrize("claim_id", LEDGER)
def test_right_values_pass_and_wrong_ones_do_not(claim_id):
    entry = LEDGER[claim_id]
    found = [x for x in claims.leaves(entry) if x.check in claims.DECIDED]
    lines = printed(claim_id, nest((x, right(x)) for x in found))
    mark = {"verified": "✓"}.get(entry["class"], entry["class"])
    verdict = next(line for line in lines if not line.startswith("  "))
    assert verdict.startswith(f"{mark} {claim_id} · ")
    assert verdict.endswith(", ".join(entry["source"]))
    assert "not reproduced" not in verdict
    assert len(verdict) <= 130
    block = [line for line in lines if line.startswith("  the slide prints ")]
    assert len(block) == ("erratum" in entry)
    for bad_leaf in found:
        others = [(x, right(x)) for x in found if x is not bad_leaf]
        with pytest.raises(ClaimError, match=re.escape(bad_leaf.name)):
            printed(claim_id, nest(others))
        for bad in wrong(bad_leaf):
            values = nest([*others, (bad_leaf, bad)])
            if entry["class"] == "measured":
                verdict = printed(claim_id, values)[-1 - verdict_tail(entry)]
                assert f"not reproduced: {bad_leaf.name}" in verdict, bad
            else:
                with pytest.raises(ClaimError, match=re.escape(bad_leaf.name)):
                    printed(claim_id, values)


def verdict_tail(entry) -> int:
    """Lines with references that follow the verdict."""
    return len({x.rule for x in claims.leaves(entry) if x.check == "cited"})
