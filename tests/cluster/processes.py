"""The cluster as processes from the pyspark package: a master, and two workers on addresses of their own."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from machines import ROOT, Cluster, Submitted
from standalone import SPARK_HOME, Standalone

HOSTS = ("127.0.0.2", "127.0.0.3")


class Processes(Cluster):
    """Starts with the object; `close` ends it. `python` is one that does not have our code."""

    def __init__(self, folder: Path, python: str) -> None:
        self.data, self.events = str(folder / "data"), str(folder / "events")
        for path in (self.data, self.events):
            Path(path).mkdir()
        self._environment = {"PYSPARK_PYTHON": python, "SPARK_LOCAL_IP": "127.0.0.1"}
        self._disks = {host: folder / f"disk-{host}" for host in HOSTS}
        self.has_disks = all(_mount(disk) for disk in self._disks.values())
        self._standalone = Standalone(folder, self._environment)
        self.master = self._standalone.address
        self.master_page = self._standalone.page
        for host in HOSTS:
            self._start(host)
        self.await_workers()

    def __str__(self) -> str:
        return "processes: a standalone master and two workers from the pyspark package"

    def close(self) -> None:
        self._standalone.close()
        for disk in self._disks.values():
            if disk.is_mount():
                subprocess.run(["umount", "--lazy", str(disk)], check=True)

    def run(self, *command: str, text: str | None = None) -> str:
        program, *arguments = command
        program = sys.executable if program == "python" else program
        done = subprocess.run([program, *arguments], input=text, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
        return done.stdout.strip()

    def launch(self, words: list[str], env: dict[str, str]) -> Submitted:
        def kill() -> None:
            os.killpg(submitted.pid, 9)

        submitted = Submitted(
            [str(SPARK_HOME / "bin" / "spark-submit"), *words],
            kill,
            cwd=self.data,
            env=os.environ | self._environment | env,
            start_new_session=True,
        )
        return submitted

    def kill_worker(self, name: str) -> None:
        self._standalone.kill(name)

    def heal(self) -> None:
        for host in HOSTS:
            if not self._standalone.is_running(host):
                self._start(host)
        self.await_workers()

    def fill_disk(self, name: str) -> None:
        self.run("sh", "-c", f"dd if=/dev/zero of='{self._disks[name]}/full' bs=64k 2>&1 || true")

    def empty_disk(self, name: str) -> None:
        (self._disks[name] / "full").unlink()

    def path(self, name: str) -> str:
        return str(ROOT / name)

    def make_archive(self) -> str:
        archive = f"{self.data}/environment.tar.gz"
        environment = os.environ | {"PYTHON": sys._base_executable}
        subprocess.run([str(ROOT / "conf/make_archive.sh"), archive], env=environment, check=True)
        return archive

    @property
    def python(self) -> str:
        return self._environment["PYSPARK_PYTHON"]

    def _start(self, host: str) -> None:
        disk = self._disks[host]
        for leftover in disk.iterdir():
            shutil.rmtree(leftover, ignore_errors=True)
        self._standalone.start_worker(host, disk, {"W2V_WORKER": host, "SPARK_LOCAL_DIRS": str(disk)})


def _mount(disk: Path) -> bool:
    """Whether `disk` is now a small disk of its own, for which one must be root."""
    disk.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=640m", "tmpfs", str(disk)]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0
