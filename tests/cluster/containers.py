"""The cluster of docker-compose.yml, as a project of its own beside one that people may run."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from uuid import uuid4

from machines import NUM_WORKERS, ROOT, Cluster, Submitted

PROJECT = "w2v-test"
OVERRIDE = Path(__file__).with_name("docker-compose.override.yml")
# Under dist/, which docker-compose.yml mounts.
WHEELS = "dist/archive-wheels"
ARCHIVE_PACKAGES = ("venv-pack", "setuptools", "numpy", "pyarrow", "pydantic")
# Any free port for the pages, since another cluster may use the usual ones.
ENVIRONMENT = {"W2V_MASTER_PORT": "0", "W2V_HISTORY_PORT": "0"}


class Containers(Cluster):
    """Starts with the object; `close` removes it, and its volume."""

    data = "/data"
    events = "/data/events"
    master = "spark://spark-master:7077"
    master_page = "http://spark-master:8080"

    def __init__(self) -> None:
        compose = _compose()
        self.version = _output(*compose, "version", "--short")
        self._compose = [*compose, "--project-name", PROJECT, "--file", str(ROOT / "docker-compose.yml")]
        self._compose += ["--file", str(OVERRIDE)]
        self.close()
        self.compose("up", "--detach", "spark-master", "spark-worker", "history-server")
        self._master = self.compose("ps", "-q", "spark-master")
        self._workers = self.compose("ps", "-q", "spark-worker").split()
        assert len(self._workers) == NUM_WORKERS
        self.await_workers()

    def __str__(self) -> str:
        return f"containers, by Compose {self.version}"

    def close(self) -> None:
        self.compose("down", "--volumes", "--remove-orphans")

    def compose(self, *words: str) -> str:
        """What docker-compose says."""
        return _output(*self._compose, *words, env=os.environ | ENVIRONMENT)

    def run(self, *command: str, text: str | None = None) -> str:
        return _output("docker", "exec", "--interactive", self._master, *command, text=text)

    def launch(self, words: list[str], env: dict[str, str]) -> Submitted:
        name = f"{PROJECT}-{uuid4().hex[:8]}"
        command = [*self._compose, "run", "--rm", "-T", "--name", name]
        for key, value in env.items():
            command += ["-e", f"{key}={value}"]
        return Submitted(
            [*command, "submit", *words],
            lambda: _output("docker", "kill", name),
            stdin=subprocess.DEVNULL,
            cwd=ROOT,
            env=os.environ | ENVIRONMENT,
        )

    def kill_worker(self, name: str) -> None:
        _output("docker", "kill", "--signal", "KILL", self._worker(name))

    def heal(self) -> None:
        for worker in self._workers:
            _output("docker", "start", worker)
        self.await_workers()

    def fill_disk(self, name: str) -> None:
        fill = "dd if=/dev/zero of=/scratch/full bs=64k 2>&1 || true"
        _output("docker", "exec", self._worker(name), "sh", "-c", fill)

    def empty_disk(self, name: str) -> None:
        _output("docker", "exec", self._worker(name), "rm", "/scratch/full")

    def path(self, name: str) -> str:
        return f"/w2v/{name}"

    def make_archive(self) -> str:
        # Downloaded here: a container knows neither this machine's mirror of Python's packages nor its certificates.
        shutil.rmtree(ROOT / WHEELS, ignore_errors=True)
        version = self.run("python3", "-c", "import sys; print('%d.%d' % sys.version_info[:2])")
        pip = (sys.executable, "-m", "pip")
        wanted = ("--only-binary=:all:", "--python-version", version, *ARCHIVE_PACKAGES)
        _output(*pip, "download", "--quiet", "--dest", WHEELS, *wanted)
        settings = ("-e", "PYTHON=/usr/bin/python3", "-e", f"WHEELS={WHEELS}")
        script = ("--entrypoint", "conf/make_archive.sh", "submit")
        self.compose("run", "--rm", "-T", *settings, *script, f"{self.data}/environment.tar.gz")
        return f"{self.data}/environment.tar.gz"

    @property
    def python(self) -> str:
        return "/opt/w2v/bin/python"

    def _worker(self, name: str) -> str:
        (found,) = [worker for worker in self._workers if worker.startswith(name)]
        return found


def _compose() -> list[str]:
    """Compose v2 where it is installed, else docker-compose."""
    has_v2 = (
        subprocess.run(["docker", "compose", "version"], capture_output=True, check=False).returncode == 0
    )
    return ["docker", "compose"] if has_v2 else ["docker-compose"]


def _output(*command: str, text: str | None = None, env: dict[str, str] | None = None) -> str:
    done = subprocess.run(command, input=text, capture_output=True, text=True, env=env, cwd=ROOT, check=False)
    assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
    return done.stdout.strip()
