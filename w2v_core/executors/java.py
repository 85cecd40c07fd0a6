"""Is there a Java that Spark can run on? Needs nothing installed, so that `make` can ask first."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

MIN_JAVA = 17


def missing_java() -> str | None:
    """None where Spark would find Java 17 or later; else one sentence that says how to get it."""
    home = os.environ.get("JAVA_HOME")
    java = str(Path(home, "bin", "java")) if home else shutil.which("java")
    if java is None or not Path(java).exists():
        return _how_to_get_it(f"JAVA_HOME={home} holds none" if home else "none was found")
    answer = subprocess.run([java, "-version"], capture_output=True, text=True, check=False).stderr
    version = re.search(r'version "(?:1\.)?(\d+)', answer)
    if version is None:
        return _how_to_get_it(f"{java} does not run")
    if int(version.group(1)) < MIN_JAVA:
        return _how_to_get_it(f"{java} is Java {version.group(1)}")
    return None


def _how_to_get_it(found: str) -> str:
    return (
        f"Spark needs Java {MIN_JAVA} or later and {found}: on Debian or Ubuntu `sudo apt-get install "
        "default-jre-headless` (openjdk-17-jre-headless on Ubuntu 22.04), on macOS `brew install openjdk@17`, without "
        "root `make java` in a checkout of this project, or unpack a JDK archive and set JAVA_HOME to its folder"
    )


if __name__ == "__main__":
    if fault := missing_java():
        print(f"error: {fault}", file=sys.stderr)  # noqa: T201
        sys.exit(2)
