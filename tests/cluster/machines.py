"""A Spark cluster of two workers for the tests, whatever it runs in; `containers.py` and `processes.py` are two.

Paths given to it are paths on its machines.
"""

import json
import subprocess
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

ROOT = Path(__file__).parents[2]
ZIP = "dist/w2v.zip"
PROPERTIES = "conf/spark-defaults.conf"
LOG_SETTINGS = "jobs/log4j2.properties"
LOOK = Path(__file__).with_name("look.py").read_text()
NUM_WORKERS = 2
PATIENCE = 300
"""Seconds after which what is awaited is not going to come, on the busiest machine."""

# What the tests read of a finished application, and no more sockets than it needs.
EVENTS_CONF = {
    "spark.eventLog.enabled": "true",
    "spark.eventLog.rolling.enabled": "false",
    "spark.eventLog.compress": "false",
    "spark.ui.enabled": "false",
}


class Submitted:
    """A spark-submit that runs, or has run."""

    def __init__(self, command: list[str], kill: Callable[[], None], **options: Any) -> None:
        self._process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **options
        )
        self.kill = kill
        self.output = ""

    def is_running(self) -> bool:
        return self._process.poll() is None

    def wait(self, timeout: float = PATIENCE) -> int:
        """Its exit status; what it said is in `output`."""
        try:
            self.output = self._process.communicate(timeout=timeout)[0]
        except subprocess.TimeoutExpired:
            self.kill()
            self.output = self._process.communicate()[0]
            raise AssertionError(f"no end after {timeout} s: {self.output}") from None
        return self._process.returncode

    @property
    def pid(self) -> int:
        return self._process.pid


class Cluster(ABC):
    """A master and two workers, and a folder that all of them see."""

    data: str
    """the folder"""
    events: str
    """where applications leave their event logs"""
    master: str
    """its address"""
    master_page: str
    """the address of its page, from `run`"""

    @abstractmethod
    def run(self, *command: str, text: str | None = None) -> str:
        """What a command says on a machine of the cluster, which is handed `text`."""

    @abstractmethod
    def launch(self, words: list[str], env: dict[str, str]) -> Submitted:
        """spark-submit with these options and arguments."""

    @abstractmethod
    def kill_worker(self, name: str) -> None:
        """SIGKILL to a worker and all that it started. `name` is what its tasks call it."""

    @abstractmethod
    def heal(self) -> None:
        """Start again what was killed, and free what was filled."""

    @abstractmethod
    def fill_disk(self, name: str) -> None:
        """Leave no byte where a worker keeps its shuffle files."""

    @abstractmethod
    def empty_disk(self, name: str) -> None:
        """Undo that."""

    @abstractmethod
    def path(self, name: str) -> str:
        """A file of this checkout, as spark-submit sees it."""

    @abstractmethod
    def make_archive(self) -> str:
        """Packages for executors whose Python has none, by `conf/make_archive.sh`."""

    @property
    @abstractmethod
    def python(self) -> str:
        """The driver's interpreter, which has the packages."""

    def submit(
        self,
        script: str,
        *arguments: str,
        master: str | None = None,
        conf: dict[str, str] | None = None,
        options: tuple[str, ...] = (),
        env: dict[str, str] | None = None,
    ) -> Submitted:
        """Start a job the way people do: --master, --py-files, --properties-file, client mode."""
        conf = EVENTS_CONF | {"spark.eventLog.dir": f"file://{self.events}"} | (conf or {})
        words = ["--master", master or self.master, "--py-files", self.path(ZIP)]
        words += ["--properties-file", self.path(PROPERTIES)]
        words += ["--driver-java-options", f"-Dlog4j2.configurationFile={self.path(LOG_SETTINGS)}"]
        words += [word for item in conf.items() for word in ("--conf", "=".join(item))]
        return self.launch([*words, *options, self.path(script), *arguments], env or {})

    def look(self, what: str, *arguments: str) -> Any:
        """See `look.py`."""
        return json.loads(self.run("python", "-", what, *arguments, text=LOOK))

    def write(self, path: str, text: str) -> None:
        self.run("sh", "-c", f"mkdir -p '{path.rpartition('/')[0]}' && cat > '{path}'", text=text)

    def exists(self, path: str) -> bool:
        return self.run("sh", "-c", f"test -e '{path}' && echo yes || true") != ""

    def read(self, path: str) -> str:
        return self.run("cat", path)

    def folder(self, name: str) -> str:
        """A new folder that every machine may write to."""
        path = f"{self.data}/{name}-{uuid4().hex[:8]}"
        self.run("mkdir", "-p", path)
        return path

    def tasks(self) -> list[dict[str, Any]]:
        """Those of the application that ended last."""
        found: list[dict[str, Any]] = self.look("tasks", self.events)
        return found

    def await_workers(self, count: int = NUM_WORKERS) -> None:
        with deadline(f"{count} workers") as is_over:
            while self.look("workers", f"{self.master_page}/json/") != count:
                is_over()


@contextmanager
def deadline(awaited: str, seconds: float = PATIENCE) -> Iterator[Callable[[], None]]:
    """A function to call in a loop that waits: it sleeps a little, and raises once the seconds are over."""
    until = time.monotonic() + seconds

    def is_over() -> None:
        assert time.monotonic() < until, f"still waiting for {awaited} after {seconds} s"
        time.sleep(0.2)

    yield is_over
