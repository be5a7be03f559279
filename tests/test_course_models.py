"""The table of architectures: every row computed anew, every proof a real test."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from cnnkit import models
from cnnkit.course import cli
from cnnkit.course import models as table

ROOT = Path(__file__).parents[1]
ROWS = {row["name"]: row for row in table.rows()}
CHEAP = ("lenet5()", "alexnet()", 'vgg("D")', "resnet(18)", "resnet_cifar(20)")


@pytest.mark.parametrize(
    "name",
    [n if n in CHEAP else pytest.param(n, marks=pytest.mark.full) for n in ROWS],
)
def test_costs_are_those_of_the_model(name):
    row = ROWS[name]
    assert table.costs(name).items() <= row.items()


# counted from the published structures, each network by itself; elsewhere the paper's
# depth is the longest path
PATHS = {
    "inception_v2()": 35,  # the paper counts its separable first layer once
    "inception_v3()": 48,  # the paper says 42
    "inception_resnet_v2()": 176,
    "wide_resnet(16, 8)": 14,  # the paper counts the shortcuts of its three groups
    "wide_resnet(28, 10)": 26,
    'mobilenet_v3("large")': 48,
    'mobilenet_v3("small")': 36,
    'nasnet("mobile")': 98,
    'nasnet("large")': 128,
    "digits_4x4()": 2,
    **{
        f'efficientnet("b{k}")': path
        for k, path in enumerate((50, 70, 70, 79, 97, 117, 135, 164))
    },
}


@pytest.mark.parametrize("name", ROWS)
def test_longest_path_is_the_published_depth(name):
    assert ROWS[name]["path"] == PATHS.get(name, ROWS[name]["depth"])


def test_every_proof_is_a_test():
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-m", ""]
    command += ["-p", "no:cacheprovider", *map(str, ROOT.glob("tests/test_models*.py"))]
    plain = {k: v for k, v in os.environ.items() if k != "PYTEST_ADDOPTS"}
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env=plain)
    tests = {line.strip().removeprefix("tests/") for line in done.stdout.splitlines()}
    wanted = {test for row in ROWS.values() for test in row["proofs"].values() if test}
    assert wanted - tests == set()


def test_every_row_has_its_proofs_and_every_function_a_row():
    for name, row in ROWS.items():
        assert row["proofs"]["counts"], name
        assert (row["top1"] is None) == (row["cited"] == ""), name
    assert {name.split("(")[0] for name in ROWS} == set(models.__all__)


def test_table_is_printed(capsys):
    assert cli.main(["models"]) == 0
    out = capsys.readouterr().out
    assert 'vgg("D")' in out and "138,357,544" in out and "15,470,264,320" in out
    assert len([line for line in out.splitlines() if "(" in line]) == len(ROWS)


def test_only_the_rows_that_are_named_are_computed(tmp_path, monkeypatch, capsys):
    wrong = table.TABLE.read_text(encoding="utf-8").replace("61706", "1")
    wrong = wrong.replace("138357544", "2")
    monkeypatch.setattr(table, "TABLE", tmp_path / "models.json")
    table.TABLE.write_text(wrong, encoding="utf-8")
    assert cli.main(["models", "--update", "lenet5"]) == 0
    after = {row["name"]: row["parameters"] for row in table.rows()}
    assert after["lenet5()"] == 61706 and after['vgg("D")'] == 2
    with pytest.raises(SystemExit):
        cli.main(["models", "--update", "lenet6"])
    assert "beginning of a row's name; received ['lenet6']" in capsys.readouterr().err
