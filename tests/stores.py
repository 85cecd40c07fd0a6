"""An object store for tests: a server of S3's protocol (moto) in a process of its own, over HTTP on this machine."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from w2v_core.io.filesystem import Folder, open_folder

KEY, SECRET = "AKIAIOSFODNN7EXAMPLE", "wJalr/XUtnFEMI+K7MDENG/bPxRfiCYEXAMPLEKEY"


@contextmanager
def serving(folder: Path, **environment: str) -> Iterator[str]:
    """The address of a server without data, which is gone after the block; what it logs is in `folder`."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    with (
        (folder / "server.log").open("wb") as log,
        subprocess.Popen(command, env=os.environ | environment, stdout=log, stderr=log) as process,
    ):
        try:
            until_it_answers(port, process)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


def until_it_answers(port: int, process: subprocess.Popen) -> None:
    give_up_at = time.monotonic() + 60
    while True:
        assert process.poll() is None, "the server has ended"
        assert time.monotonic() < give_up_at
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.05)


def variables(endpoint: str, key: str = KEY, secret: str = SECRET) -> dict[str, str]:
    return {
        "AWS_ACCESS_KEY_ID": key,
        "AWS_SECRET_ACCESS_KEY": secret,
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
    }


@contextmanager
def opened_bucket(folder: Path) -> Iterator[Folder]:
    """An empty bucket, and an environment that opens it; what the server logs is in `folder`."""
    with serving(folder) as endpoint, pytest.MonkeyPatch.context() as patch:
        for name, value in variables(endpoint).items():
            patch.setenv(name, value)
        open_folder("s3://bucket?allow_bucket_creation=true").filesystem.create_dir("bucket")
        yield open_folder("s3://bucket")
