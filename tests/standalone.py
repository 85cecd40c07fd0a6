"""A standalone Spark cluster from the pyspark package: a master, and workers on hosts of their own."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import pyspark

SPARK_HOME = Path(pyspark.__file__).parent


class Standalone:
    """A master, which starts with the object, and workers of one core. Logs go to `folder`."""

    def __init__(self, folder: Path, environment: Mapping[str, str] | None = None) -> None:
        self._folder = folder
        self._environment = {"PYSPARK_PYTHON": sys.executable} | dict(environment or {})
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        port, page_port = _free_port(), _free_port()
        self.address = f"spark://127.0.0.1:{port}"
        self.page = f"http://127.0.0.1:{page_port}"
        words = ["master.Master", "--host", "127.0.0.1", "--port", str(port), "--webui-port", str(page_port)]
        self._start("master", words, "I have been elected leader", {})

    def start_worker(self, host: str, work: Path, environment: Mapping[str, str] | None = None) -> None:
        """Start a worker on `host`, and wait until the master knows it."""
        words = ["worker.Worker", "--host", host, "--cores", "1", "--memory", "1g", "--webui-port", "0"]
        words += ["--work-dir", str(work), self.address]
        self._start(host, words, "Successfully registered with master", environment or {})

    def is_running(self, name: str) -> bool:
        """Whether the worker on a host, or `master`, is there."""
        return self._processes[name].poll() is None

    def kill(self, name: str) -> None:
        """SIGKILL to a process and to those that it started."""
        with suppress(ProcessLookupError):
            os.killpg(self._processes[name].pid, signal.SIGKILL)
        self._processes[name].wait()

    def close(self) -> None:
        """End all of them."""
        for process in self._processes.values():
            process.terminate()
        for process in self._processes.values():
            process.wait()

    def _start(self, name: str, words: list[str], ready: str, environment: Mapping[str, str]) -> None:
        """Start one process, and wait until its log says `ready`."""
        kind, *arguments = words
        command = [str(SPARK_HOME / "bin" / "spark-class"), f"org.apache.spark.deploy.{kind}", *arguments]
        everything = {**os.environ, "SPARK_HOME": str(SPARK_HOME), **self._environment, **environment}
        log = self._folder / f"{name}.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                command, env=everything, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
            )
        self._processes[name] = process
        until = time.monotonic() + 60
        while ready not in log.read_text(errors="replace"):
            is_hopeless = process.poll() is not None or time.monotonic() > until
            assert not is_hopeless, log.read_text(errors="replace")
            time.sleep(0.1)


@contextmanager
def standalone_cluster(folder: Path, hosts: tuple[str, ...] = ("127.0.0.2", "127.0.0.3")) -> Iterator[str]:
    """The address of a master with a worker on each of `hosts`."""
    cluster = Standalone(folder)
    try:
        for host in hosts:
            cluster.start_worker(host, folder / host)
        yield cluster.address
    finally:
        cluster.close()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
