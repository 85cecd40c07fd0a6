"""Run a benchmark: python -m benchmarks NAME [options]."""

import argparse
import ast
import importlib
import sys
from pathlib import Path

SUMMARIES = {
    path.stem: (ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or "").partition("\n")[0]
    for path in sorted(Path(__file__).parent.glob("[!_]*.py"))
}
"""The first line of each benchmark's docstring, by name."""


def main(arguments: list[str]) -> None:
    """Run the benchmark that the first argument names; list them all without one."""
    name, *options = arguments or ["--help"]
    if name in ("-h", "--help"):
        print("usage: python -m benchmarks NAME [--help] [options]\n")
        print("\n".join(f"  {name:10} {summary}" for name, summary in SUMMARIES.items()))
        return
    if name not in SUMMARIES:
        sys.exit(f"error: unknown benchmark {name!r}: expected one of {', '.join(SUMMARIES)}")
    module = importlib.import_module(f"benchmarks.{name}")
    parser = argparse.ArgumentParser(
        prog=f"python -m benchmarks {name}",
        description=module.__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    module.add_options(parser)
    module.main(parser.parse_args(options))


if __name__ == "__main__":
    main(sys.argv[1:])
