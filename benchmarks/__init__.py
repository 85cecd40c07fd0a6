"""Benchmarks of the pipeline: `python -m benchmarks` lists them."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any


def run_apart(*options: object, log: Path | None = None, **environment: str) -> dict[str, Any]:
    """Run this command again with further options in a process of its own.

    Return the JSON object of the last line it prints. Append the line to `log`, and print it to stderr.
    """
    command = [sys.executable, "-m", "benchmarks", *sys.argv[1:], *map(str, options)]
    done = subprocess.run(
        command, stdout=subprocess.PIPE, text=True, check=True, env=os.environ | environment
    )
    line = done.stdout.splitlines()[-1]
    if log:
        print(line, file=sys.stderr)
        with log.open("a") as lines:
            lines.write(line + "\n")
    return json.loads(line)
