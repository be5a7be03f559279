"""The `cnnkit` command."""

import importlib
import sys

#   command: (module of `cnnkit.course`, what it does)
COMMANDS = {
    "claims": ("claims", "how the course accounts for every lecture statement"),
    "models": ("models", "all architectures, what they cost and what is proven"),
    "run": ("runs", "makes a recorded run, or goes on with one"),
    "exercises": ("exercises", "makes students' copies and worked solutions"),
    "grade": ("grading.command", "grades what students handed in, in a sandbox"),
    "doctor": ("doctor", "checks this installation and says how to mend it"),
}


def main(argv: list[str] | None = None) -> int:
    """Runs one subcommand; each is a module with its own `main`."""
    argv = sys.argv[1:] if argv is None else argv
    if argv and argv[0] in COMMANDS:
        module = importlib.import_module(f"cnnkit.course.{COMMANDS[argv[0]][0]}")
        return module.main(argv[1:])
    out = sys.stdout if argv[:1] in (["-h"], ["--help"]) else sys.stderr
    print("usage: cnnkit COMMAND [options]\n", file=out)
    for name, (_, what) in COMMANDS.items():
        print(f"  {name:10} {what}", file=out)
    if argv and out is sys.stderr:
        print(f"\nexpected one of {', '.join(COMMANDS)}; received {argv[0]}", file=out)
    return 0 if out is sys.stdout else 2


if __name__ == "__main__":
    sys.exit(main())
