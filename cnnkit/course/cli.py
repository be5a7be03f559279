"""The `cnnkit` command."""

import importlib
import sys

COMMANDS = {
    "claims": "how the course accounts for every statement of the lectures",
    "models": "all architectures, what they cost and what is proven",
    "doctor": "checks this installation and says how to mend it",
}


def main(argv: list[str] | None = None) -> int:
    """Runs one subcommand; each is a module of `cnnkit.course` with its own `main`."""
    argv = sys.argv[1:] if argv is None else argv
    if argv and argv[0] in COMMANDS:
        module = importlib.import_module(f"cnnkit.course.{argv[0]}")
        return module.main(argv[1:])
    out = sys.stdout if argv[:1] in (["-h"], ["--help"]) else sys.stderr
    print("usage: cnnkit COMMAND [options]\n", file=out)
    for name, what in COMMANDS.items():
        print(f"  {name:8} {what}", file=out)
    if argv and out is sys.stderr:
        print(f"\nexpected one of {', '.join(COMMANDS)}; received {argv[0]}", file=out)
    return 0 if out is sys.stdout else 2
