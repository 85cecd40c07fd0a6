"""A standalone Spark cluster from the pyspark package: a master, and two workers on hosts of their own."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pyspark

SPARK_HOME = Path(pyspark.__file__).parent


@contextmanager
def standalone_cluster(folder: Path, hosts: tuple[str, ...] = ("127.0.0.2", "127.0.0.3")) -> Iterator[str]:
    """The address of a master with a worker of one core on each of `hosts`; logs and work go to `folder`."""
    port = _free_port()
    address = f"spark://127.0.0.1:{port}"
    master = ["master.Master", "--host", "127.0.0.1", "--port", str(port), "--webui-port", "0"]
    with ExitStack() as stack:
        _start(stack, folder / "master.log", master, "I have been elected leader")
        for host in hosts:
            worker = ["worker.Worker", "--host", host, "--cores", "1", "--memory", "1g", "--webui-port", "0"]
            worker += ["--work-dir", str(folder / host), address]
            _start(stack, folder / f"{host}.log", worker, "Successfully registered with master")
        yield address


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _start(stack: ExitStack, log: Path, words: list[str], ready: str) -> None:
    """Start one process of the cluster, wait until its log says `ready`, and stop it with the stack."""
    kind, *arguments = words
    command = [str(SPARK_HOME / "bin" / "spark-class"), f"org.apache.spark.deploy.{kind}", *arguments]
    environment = {**os.environ, "SPARK_HOME": str(SPARK_HOME), "PYSPARK_PYTHON": sys.executable}
    with log.open("wb") as output:
        process = subprocess.Popen(command, env=environment, stdout=output, stderr=subprocess.STDOUT)
    stack.callback(process.wait)
    stack.callback(process.terminate)
    deadline = time.monotonic() + 60
    while ready not in log.read_text(errors="replace"):
        is_hopeless = process.poll() is not None or time.monotonic() > deadline
        assert not is_hopeless, log.read_text(errors="replace")
        time.sleep(0.1)
