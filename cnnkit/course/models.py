"""All architectures in one table, with costs and proofs: `cnnkit models`."""

import argparse
import json
from pathlib import Path

TABLE = Path(__file__).with_suffix(".json")


def rows() -> list[dict]:
    """The networks of the course.

    Each has `name` (the call that builds it, without "models."), `year` and `paper`;
    `depth`, the weight layers as its paper counts them; `top1` and `top5`, a published
    accuracy in percent, `cited` from there; `parameters`, `multiply_adds` and `path`,
    the most weight layers on one way through it, computed from the model; and `proofs`:
    the tests of its counts and shapes, of its function against an independent peer, and
    of learning, saving and mixed precision ("" where there is none).

    >>> rows()[0]["name"], rows()[0]["parameters"]
    ('lenet5()', 61706)
    """
    return json.loads(TABLE.read_text(encoding="utf-8"))


def costs(name: str) -> dict[str, int | None]:
    """Parameters, moving averages included, multiply-adds and longest path.

    Multiply-adds are None where the profile does not know every layer.

    >>> costs("lenet5()")
    {'parameters': 61706, 'multiply_adds': 416520, 'path': 5}
    """
    import keras

    from cnnkit import models
    from cnnkit.profile import profile

    keras.backend.clear_session()
    profiled = profile(eval(name, vars(models).copy()))
    total = profiled.total
    return {
        "parameters": total.parameters,
        "multiply_adds": None if profiled.not_counted else total.macs,
        "path": total.depth,
    }


def main(argv: list[str]) -> int:
    """Prints the table; `--update` computes its costs anew (all: a few minutes)."""
    parser = argparse.ArgumentParser(prog="cnnkit models")
    parser.add_argument(
        "--update",
        nargs="*",
        metavar="NAME",
        help="compute the costs anew, of all rows or of those whose name begins so",
    )
    table = rows()
    wanted = parser.parse_args(argv).update
    if wanted is not None:
        some = [r for r in table if not wanted or r["name"].startswith(tuple(wanted))]
        if not some:
            parser.error(f"expected the beginning of a row's name; received {wanted}")
        for row in some:
            row |= costs(row["name"])
            print(f"{row['name']:34} {row['parameters']:12,}", flush=True)
        lines = [f" {json.dumps(row, ensure_ascii=False)}" for row in table]
        TABLE.write_text("[\n" + ",\n".join(lines) + "\n]\n", encoding="utf-8")
        return 0
    print(
        f"{'models.…':34} {'year':4} {'paper':20} {'depth':>5} {'path':>4} "
        f"{'parameters':>11} "
        f"{'mult-adds':>14} {'top-1':>6} {'top-5':>6}  proofs  cited from"
    )
    for row in table:
        proofs = "".join(k[0] if test else "·" for k, test in row["proofs"].items())
        shown = {k: "" if v is None else v for k, v in row.items()}
        counts = [
            "" if row[k] is None else f"{row[k]:,}"
            for k in ("parameters", "multiply_adds")
        ]
        line = (
            f"{row['name']:34} {shown['year']:4} {row['paper']:20} "
            f"{shown['depth']:>5} {row['path']:>4} {counts[0]:>11} {counts[1]:>14} "
            f"{shown['top1']:>6} {shown['top5']:>6}  {proofs:6}  {row['cited']}"
        )
        print(line.rstrip())
    print(
        "\nParameters, multiply-adds and path, the most weight layers on one way "
        "through without\ngates, are computed from the models; depth is as the paper "
        "counts. Proofs: c counts\nand shapes, f the same function as an independent "
        "peer, l learns, is saved, runs in\nmixed precision."
    )
    return 0
