"""What a start costs: `python benchmarks/start.py [ROUNDS]`.

Each row is a new Python process; all rows take turns, and the shortest of each counts.
"""

import sys

from cnnkit.course.device_tests import measured

PLOT = """
from cnnkit import plot
fig, ax = plot.figure(width=6, height=3)
plot.lines(ax, [0, 1, 2], {"squares": [0, 1, 4]}, "x", "y")
fig.savefig("/dev/null", format="png")
"""
ROWS = {
    "Python alone": "pass",
    "`import cnnkit`": "import cnnkit",
    "`import cnnkit`, sizes, reference": "import cnnkit.sizes, cnnkit.reference",
    "`import cnnkit`, first plot": PLOT,
    "`import cnnkit, keras`": "import cnnkit, keras",
}


def main(rounds=5):
    best = {}
    for _ in range(rounds):
        for name, code in ROWS.items():
            status, output, seconds, peak = measured([sys.executable, "-c", code])
            if status:
                sys.exit(output)
            best[name] = min(best.get(name, (seconds, peak)), (seconds, peak))
    print("| start | s | peak memory (GB) |\n| --- | ---: | ---: |")
    for name, (seconds, peak) in best.items():
        print(f"| {name} | {seconds:.2f} | {peak:.2f} |")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
