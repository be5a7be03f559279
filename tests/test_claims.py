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
from cnnkit.course.lint import lint

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
    assert len(verdict) <= 150
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


# ---- what is said ------------------------------------------------------------------


def test_lines_of_a_verified_claim():
    values = {"W2": np.int64(55), "H2": 55.0, "D2": 96, "parameters": 34944}
    assert printed("size/exercise-227", values) == [
        "✓ size/exercise-227 · 55, 55, 96, 34944 (and 1 in words) · CS7015 L11 §11.2"
    ]


def test_numpy_tuples_and_formulas():
    values = {
        "formula": lambda n, f: np.float32(n) - f + 1,
        "W2": np.array([5, 3, 1, 28, 24], dtype="float32"),
        "positions_lost": (24, 40, 48),
    }
    assert printed("size/valid-formula", values) == [
        "✓ size/valid-formula · formula on 6 inputs, [5, 3, 1, 28, 24], [24, 40, 48] "
        "· CS7015 L11 §11.2"
    ]


@pytest.mark.parametrize(
    ("claim_id", "values", "said"),
    [
        ("size/exercise-272", {}, "expected a known claim id (size/exercise-227"),
        ("nonsense", {}, "(see `cnnkit claims`); received 'nonsense'"),
        (7, {}, "received 7"),
        ("cnn/flatten", {"length": 8}, "left out: vector\n  Flattening lists all"),
        ("cnn/flatten", {"vektor": 8}, "expected leaves vector; received the unknown"),
        ("cnn/flatten", [8], "values: expected a mapping with the keys vector, length"),
        (
            "cnn/flatten",
            {"vector": [3, -1, 0, 1, 3, 0, 1], "length": 8},
            "cnn/flatten, vector: expected shape (8,); received shape (7,)",
        ),
        (
            "cnn/flatten",
            {"vector": [3, -1, 0, 1, 3, 0, 2, 3], "length": 8},
            "cnn/flatten, vector: [6]: expected 1; received 2",
        ),
        (
            "conv/volume-output-is-2d",
            {"output_shape": (3, 3), "output": [[7, 2, 11], [22, 3, 12], [2, 1, 6]]},
            "output: [2][1]: expected 11; received 1",
        ),
        (
            "conv/toy-3x4",
            {"shape": (2, 3), "output": [], "toy_3x4_numeric": {"out": 1}},
            "received the unknown leaf toy_3x4_numeric.out",
        ),
        (
            "conv/groups",
            {"parameters_groups_1": True},
            "left out: parameters_groups_2, allowed, equals_two_layers_side_by_side",
        ),
        (
            "size/same-padding-rule",
            {"formula": lambda f: f // 2 + 1, "P": [], "output": []},
            "formula: f(1) of a function of (F): expected 0; received 1",
        ),
        (
            "size/same-padding-rule",
            {"formula": lambda f, s: f, "P": [], "output": []},
            "expected a function of (F); f(1) raised TypeError",
        ),
        (
            "size/same-padding-rule",
            {"formula": "(F - 1)/2", "P": [], "output": []},
            "expected a function of (F); received (F - 1)/2",
        ),
    ],
)
def test_messages(claim_id, values, said):
    with pytest.raises(ClaimError) as error:
        claim(claim_id, values)
    assert said in str(error.value)


def test_bool_is_no_number():
    good = {"feed_forward": True, "cycles": 0}
    printed("cnn/history", good)
    for bad in (
        {"feed_forward": 1, "cycles": 0},
        {"feed_forward": True, "cycles": False},
    ):
        with pytest.raises(ClaimError, match="expected"):
            printed("cnn/history", bad)


def test_cited_and_stated_need_no_values():
    lines = printed("arch/alexnet/result")
    assert lines[0].startswith("cited arch/alexnet/result · Krizhevsky, Sutskever")
    lines = printed("design/principles", {"principles": ["whatever"]})
    assert lines[0].startswith("stated design/principles · Design principles: small")
    assert lines[0].endswith("… · IS 6733")
    assert "  cited  Fukushima 1980" in "\n".join(
        printed("cnn/history", {"feed_forward": True, "cycles": 0})
    )


@pytest.mark.parametrize(
    ("accuracies", "said"),
    [
        ([0.91, 0.79, 0.93], "held in ≈2 of 3 seeds: ≈0.79 to ≈0.93"),
        ([0.9], "reproduced: ≈0.9"),
        (
            [0.79, 0.9],
            "not reproduced: held in ≈1 of 2 seeds: test_accuracy_above: "
            "expected above 0.8; received ≈0.79",
        ),
        (
            [0.5],
            "not reproduced: test_accuracy_above: expected above 0.8; received ≈0.5",
        ),
    ],
)
def test_measured_claim_over_seeds(accuracies, said):
    seeds = [{"test_accuracy_above": x} for x in accuracies]
    line, reference = printed("arch/lenet-5/task", {"classes": 10}, seeds=seeds)
    assert line == f"measured arch/lenet-5/task · {said} · CS7015 L11 §11.3, IS 6733"
    assert reference.startswith("  cited  LeCun, Bottou, Bengio, Haffner 1998")


def test_seeds_belong_to_measured_claims():
    with pytest.raises(ValueError, match="expected seeds to hold"):
        claim("cnn/flatten", {"vector": [], "length": 8}, seeds=[{}])
    with pytest.raises(ValueError, match="expected seeds to hold"):
        claim("arch/lenet-5/task", {"classes": 10}, seeds=[])


STRIDE = {
    "S": 2,
    "outputs": [14, 5],
    "pool1": 0,
    "pool2": 0,
    "outputs_with_printed_stride_1": [27, 9],
}


@pytest.mark.parametrize(
    ("guess", "said"),
    [
        ({}, "not given yet: set slide_is_right=True or False and run the cell"),
        ({"slide_is_right": None}, "not given yet: set slide_is_right=True or False"),
        ({"slide_is_right": False}, "wrong: a good call, the slide is wrong"),
        ({"slide_is_right": True}, "right: not this time, the slide is wrong"),
        ({"slide_is_right": np.True_}, "right: not this time, the slide is wrong"),
    ],
)
def test_erratum_is_a_game(guess, said):
    lines = printed("arch/lenet-5/pool-stride", STRIDE, **guess)
    assert lines[0] == "  the slide prints  S = 1, F = 2"
    assert lines[1].startswith(f"  your verdict      {said}")
    text = "\n".join(lines)
    assert "  computed          S 2, pool1 0, pool2 0, outputs [14, 5]" in text
    assert "  why               S = 2, F = 2. A 2x2 window with stride 1" in text
    assert max(map(len, lines)) <= 88
    assert lines[-1].startswith("✓ arch/lenet-5/pool-stride · 2, [14, 5], 0, 0")


def test_game_on_a_right_slide_and_bad_answers():
    values = {"per_filter": 76, "total": 760}
    name = "size/ten-filters-parameters"
    assert "the slide is right" not in "".join(printed(name, values))
    assert "right: a good call, the slide is right" in printed(name, values, True)[2]
    assert "wrong: not this time" in printed(name, values, False)[2]
    with pytest.raises(ValueError, match="True, False or None; received 'yes'"):
        claim(name, values, "yes")


def test_wrong_value_prints_nothing(capsys):
    with pytest.raises(ClaimError):
        claim("arch/lenet-5/pool-stride", STRIDE | {"S": 1})
    assert capsys.readouterr().out == ""


def test_measured_numbers_do_not_move_the_line():
    """Sanitized, two runs on two machines must print the same."""

    def line(*values):
        seeds = [{"test_accuracy_above": x} for x in values]
        text = "\n".join(printed("arch/lenet-5/task", {"classes": 10}, seeds=seeds))
        return re.sub(r"≈-?[0-9][0-9.,]*(e[+-]?[0-9]+)?", "≈NUM", text)

    assert line(0.9, 0.91234) == line(0.87654321, 0.95) == line(0.81, 0.99999)
    assert line(0.1, 0.2) == line(0.123456, 0.2222) != line(0.9, 0.91)


# ---- tables ------------------------------------------------------------------------


def rows_of(prefix):
    rows = {}
    for claim_id, entry in LEDGER.items():
        if claim_id.startswith(prefix + "/") and "beside" in entry:
            found = [x for x in claims.leaves(entry) if x.check in claims.DECIDED]
            rows[claim_id.removeprefix(prefix + "/")] = nest(
                (x, right(x)) for x in found
            )
    return rows


@pytest.mark.parametrize(
    ("prefix", "count", "stars"),
    [("arch/googlenet", 12, 9), ("arch/vgg", 6, 0), ("arch/resnet", 5, 0)],
)
def test_table(prefix, count, stars, capsys):
    rows = rows_of(prefix)
    claims.table(prefix, rows)
    lines = capsys.readouterr().out.splitlines()
    table = lines[: count + 1]
    assert (
        lines[0].startswith(prefix) and len({len(x.rstrip("* ")) for x in table}) <= 3
    )
    assert sum(line.count("*") for line in table) == stars
    verdicts = [line for line in lines if line.startswith("✓ ")]
    assert [line.split()[1] for line in verdicts] == [f"{prefix}/{row}" for row in rows]
    first = next(iter(rows))
    for bad in (
        {k: v for k, v in rows.items() if k != first},
        {**rows, "nonsense": {}},
    ):
        with pytest.raises(ClaimError):
            claims.table(prefix, bad)
        assert capsys.readouterr().out == "", "nothing is printed before all is checked"
    with pytest.raises(ClaimError, match="expected the prefix of a table"):
        claims.table("conv", {})


def test_googlenet_table_marks_what_rounding_cannot_explain(capsys):
    rows = rows_of("arch/googlenet")
    claims.table("arch/googlenet", rows, {"inception-4c": False})
    out = capsys.readouterr().out
    line = next(x for x in out.splitlines() if x.startswith("inception-4c "))
    assert re.fullmatch(
        r"inception-4c +463 +497\.5 +-6\.9 %  \* +100 +99\.85 +\+0\.1 %", line
    )
    assert "wrong: a good call, the slide is wrong" in out


# ---- coverage ----------------------------------------------------------------------


def notebook(*cells):
    """Cells as (source, stdout)."""
    return json.dumps(
        {
            "cells": [{"cell_type": "markdown", "source": "✓ cnn/flatten · no · x"}]
            + [
                {
                    "cell_type": "code",
                    "source": source,
                    "outputs": [
                        {
                            "output_type": "stream",
                            "name": "stderr",
                            "text": "✓ a/b · c",
                        },
                        {"output_type": "stream", "name": "stdout", "text": [text]},
                    ],
                }
                for source, text in cells
            ]
        }
    )


def test_coverage_reads_outputs_and_never_source(tmp_path):
    verdict = "\n".join(printed("cnn/flatten", nest_right("cnn/flatten")))
    erratum = "\n".join(printed("arch/lenet-5/pool-stride", STRIDE))
    (tmp_path / "07_lenet.ipynb").write_text(
        notebook(
            (f"print('''{verdict}''')", ""),
            ("claim(...)", f"before\n{erratum}\n{verdict}\nafter"),
        ),
        encoding="utf-8",
    )
    (tmp_path / "notes.ipynb").write_text("no notebook", encoding="utf-8")
    found = claims.coverage(tmp_path)
    assert [(v.lesson, v.id, v.mark, v.erratum_shown) for v in found] == [
        ("07", "arch/lenet-5/pool-stride", "✓", True),
        ("07", "cnn/flatten", "✓", False),
    ]


def nest_right(claim_id):
    found = claims.leaves(LEDGER[claim_id])
    return nest((x, right(x)) for x in found if x.check in claims.DECIDED)


def problems_of(folder):
    """What is wrong with the verdicts stored in a folder of lessons."""
    problems, seen = [], {}
    for verdict in claims.coverage(folder):
        entry = LEDGER.get(verdict.id)
        if entry is None:
            problems.append(f"unknown claim {verdict.id}")
            continue
        if verdict.lesson != entry["lesson"]:
            problems.append(f"{verdict.id} sits in {verdict.lesson}")
        if verdict.id in seen:
            problems.append(f"{verdict.id} is claimed twice")
        if verdict.mark.replace("✓", "verified") != entry["class"]:
            problems.append(f"{verdict.id} is marked {verdict.mark}")
        if "erratum" in entry and not verdict.erratum_shown:
            problems.append(f"{verdict.id} hides its erratum")
        seen[verdict.id] = verdict
    return problems


def test_stored_verdicts_sit_where_they_belong():
    assert problems_of(LESSONS) == []


def test_misplaced_verdicts_are_found(tmp_path):
    bad = notebook(
        ("", "✓ cnn/flatten · 8 · IS 6733\nmeasured cnn/fc-votes · 24 · IS 6733"),
        ("", "✓ cnn/history · 0 · IS 6733\n✓ cnn/invented · 0 · IS 6733"),
    )
    (tmp_path / "07_lenet.ipynb").write_text(bad, encoding="utf-8")
    (tmp_path / "08_more.ipynb").write_text(
        notebook(("", "✓ cnn/flatten · 8 · IS 6733")), encoding="utf-8"
    )
    assert problems_of(tmp_path) == [
        "cnn/fc-votes is marked measured",
        "cnn/history hides its erratum",
        "unknown claim cnn/invented",
        "cnn/flatten sits in 08",
        "cnn/flatten is claimed twice",
    ]


def test_command(tmp_path, capsys):
    (tmp_path / "07_lenet.ipynb").write_text(
        notebook(("", "\n".join(printed("arch/lenet-5/pool-stride", STRIDE)))),
        encoding="utf-8",
    )
    folder = ["--lessons", str(tmp_path)]
    assert claims.main(folder) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(LEDGER) + 1
    assert lines[-1] == (
        f"1 of {len(LEDGER)} accounted for: 1 verified, 0 measured, 0 cited, 0 stated; "
        "1 errata shown"
    )
    assert sum(line.startswith("✓ ") for line in lines) == 1
    assert claims.main([*folder, "--lesson", "7"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 14 and lines[-1].startswith(
        "1 of 13 accounted for: 1 verified"
    )
    assert claims.main([*folder, "--lesson", "07", "--errata"]) == 0
    out = capsys.readouterr().out
    assert "printed  S = 1, F = 2" in out and "correct  S = 2, F = 2" in out
    with pytest.raises(SystemExit):
        claims.main([*folder, "--lesson", "19"])
    assert "expected a lesson from 01 to 18; received 19" in capsys.readouterr().err
    assert claims.main(["--lessons", str(tmp_path / "none")]) == 1
    said = capsys.readouterr()
    assert f"0 of {len(LEDGER)} accounted for" in said.out
    assert "expected a folder with executed lessons; received none at" in said.err


# ---- lint --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "value",
    [
        "55",
        "-(-55)",
        "+55",
        "int(55)",
        "np.array(55)",
        "answer",
        "answers['W2']",
        "answers[0]",
        "copied",
        "numpy.int64(answer)",
        "shown",
        "f'55'",
        "handed_on",
        "(55, [55])",
    ],
)
def test_lint_finds_literals(value):
    source = [
        "import numpy as np\nanswer = 55\nanswers = {'W2': 55}\ncopied = (55)\n"
        "handed_on = (answer, answers[0])\n"
        "shown = 55\nprint(shown)\n%matplotlib inline",
        f"claim('size/exercise-227', {{'W2': {value}, 'H2': size(227)}})",
    ]
    found = lint(source)
    assert found == [
        f"cell 2: size/exercise-227, W2: expected a computed value; "
        f"received literal {ast_text(value)}"
    ]


def ast_text(value):
    import ast

    return ast.unparse(ast.parse(value, mode="eval"))


@pytest.mark.parametrize(
    "value",
    [
        "side",
        "len([1, 2])",
        "claim('unknown', {'x': 1})",
        "(227 - 11) // 4 + 1",
        "filters",
        "layer.output.shape[1]",
        "[side for _ in range(2)][0]",
        "lambda n: n",
        "output_size(227, kernel=11, stride=4)",
        "found['W2']",
        "sides[layer.padding]",
        "given",
    ],
)
def test_lint_lets_computed_values_pass(value):
    source = [
        "filters = 96\nside = (n - 11) // 4 + 1\nfound = {'W2': side}\n"
        "sides = {'same': 57}\ngiven = 55\n"
        "layer = Conv2D(filters, 11)\nfor given in range(3): pass",
        f"claim('size/exercise-227', {{'W2': {value}, 'arithmetic': 'in words'}})",
    ]
    assert lint(source) == []


@pytest.mark.parametrize(
    "cell",
    [
        "values = {'vector': [3, -1]}\nclaims.claim('cnn/flatten', values)",
        "claim('cnn/flatten', dict(vector=[3, -1], length=v.size))",
        "claim('cnn/flatten', values={'vector': [3, -1]})",
        "claims.table('cnn', {'flatten': {'vector': [3, -1]}})",
        "claim('conv/toy-3x4', {'toy_3x4_numeric': {'output': [[44]]}})",
        "claim('arch/lenet-5/task', {}, seeds=[{'test_accuracy_above': 0.9}])",
        "import json\nd = json.load(open('cnnkit/course/claims.json'))",
        "from cnnkit.course import claims\nx = claims.load()",
        "from cnnkit.course.claims import load",
        "x = entry['expected']",
        "x = leaf.expected",
    ],
)
def test_lint_finds_other_ways(cell):
    (found,) = lint(["from cnnkit.course.claims import claim, table", cell])
    assert found.startswith("cell 2: ")


def test_lessons_compute_what_they_claim():
    for path in sorted(LESSONS.glob("*.ipynb")):
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        source = ["".join(c["source"]) for c in cells if c["cell_type"] == "code"]
        assert lint(source) == [], path.name


def test_what_most_seeds_say_is_shown_whatever_the_first_says(capsys):
    shift, noise = (f"validation_accuracy_higher_with_{x}" for x in ("shift", "noise"))
    runs = [{shift: True, noise: k > 0} for k in range(4)]
    for seeds in (runs, runs[::-1]):
        claim("augmentation/simple-already-helps", seeds=seeds)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == lines[1] and "not " not in lines[0]
