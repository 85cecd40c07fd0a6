"""One cluster for all tests: in containers or as processes, as --cluster says."""

import random
import shutil
import subprocess
from collections.abc import Iterator

import pytest
from containers import Containers
from machines import Cluster
from processes import Processes
from runs import Runs
from zipf_lines import zipf_lines

KINDS = ("docker", "processes")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--cluster", choices=KINDS, help="what the cluster runs in; by default docker, where it runs"
    )


def pytest_report_header(config: pytest.Config) -> str:
    return f"cluster: {kind_of(config)}"


def kind_of(config: pytest.Config) -> str:
    asked = config.getoption("--cluster")
    return str(asked) if asked else KINDS[0] if _docker_runs() else KINDS[1]


def _docker_runs() -> bool:
    return (
        bool(shutil.which("docker"))
        and subprocess.run(["docker", "info"], capture_output=True).returncode == 0
    )


@pytest.fixture(scope="session")
def cluster(request, tmp_path_factory) -> Iterator[Cluster]:
    if kind_of(request.config) == "docker":
        running: Containers | Processes = Containers()
    else:
        running = Processes(tmp_path_factory.mktemp("cluster"), request.getfixturevalue("python_without_us"))
    print(f"\ncluster: {running}")
    yield running
    running.close()


@pytest.fixture(scope="session")
def runs(cluster) -> Runs:
    """Runs on the cluster, all on one text of a megabyte in four files."""
    lines = zipf_lines(random.Random(11))
    text = cluster.folder("말뭉치 text")
    for number in range(4):
        cluster.write(f"{text}/{number}.txt", "\n".join(lines[number::4]))
    return Runs(cluster, text)
