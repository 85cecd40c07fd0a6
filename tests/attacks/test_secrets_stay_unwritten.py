"""Keys and passwords stand in nothing that is written or told, whichever way they were given."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
import typer
from stores import serving, variables

from w2v_core.cli.app import app
from w2v_core.config import load_config
from w2v_core.errors import UserError
from w2v_core.io.filesystem import open_folder

KEY, SECRET, TOKEN, PASSWORD = (
    "AKIACANARY7Q2WERTYU",
    "cAnArY/sEcReT+9xZ41bQ",
    "FwoCanaryToken8812",
    "hunter2canary",
)
CANARIES = [KEY, SECRET, quote(SECRET, safe=""), TOKEN, PASSWORD, "cAnArY", "sEcReT"]
COMMANDS = typer.main.get_command(app).commands


def assert_unwritten(text: str | bytes, where: str) -> None:
    data = text.encode() if isinstance(text, str) else text
    assert [canary for canary in CANARIES if canary.encode() in data] == [], where


# Given as an argument


def options_that_take_a_value() -> Iterator[tuple[str, str]]:
    """Every command with each of its options, whatever it is for."""
    for name, command in COMMANDS.items():
        for parameter in command.params:
            is_option = parameter.param_type_name == "option" and not parameter.is_flag
            if is_option and parameter.name != "log_format":
                yield name, max(parameter.opts, key=len)


URIS = [
    f"s3://{KEY}:{SECRET}@bucket/run",
    f"S3A:/{KEY}:{SECRET}@bucket",
    f"https://me:{PASSWORD}@server/run",
    f"abfs://box@account.dfs.core.windows.net/run?client_secret={PASSWORD}",
]


@pytest.mark.parametrize(("command", "option"), list(options_that_take_a_value()))
def test_no_option_of_any_command_repeats_credentials_or_writes_them(
    w2v, tmp_path, monkeypatch, command, option
):
    monkeypatch.chdir(tmp_path)
    required = [
        word
        for parameter in COMMANDS[command].params
        if parameter.required and parameter.param_type_name == "option" and option not in parameter.opts
        for word in (max(parameter.opts, key=len), f"no-such-{parameter.name}")
    ]
    for uri, format_ in zip(URIS, ("text", "json", "text", "json"), strict=True):
        code, out, err = w2v(command, *required, option, uri, "--log-format", format_)
        assert code in (0, 2), err
        assert_unwritten(out + err, f"{command} {option} {uri}")
    for path in tmp_path.rglob("*"):
        assert_unwritten(str(path), "a name")
        if path.is_file():
            assert_unwritten(path.read_bytes(), str(path))


def test_there_are_many_such_options():
    assert len(list(options_that_take_a_value())) > 60


# Given as a setting


@pytest.mark.parametrize(
    "setting",
    [
        f"spark.conf.'spark.hadoop.fs.s3a.secret.key'='{SECRET}'",
        f"spark.secret_key='{SECRET}'",
        f"train.aws_secret_access_key='{SECRET}'",
        f"aws.secret_access_key='{SECRET}'",
        f"password='{PASSWORD}'",
        f"spark.conf='{SECRET}'",
        f'spark.conf=["spark.hadoop.fs.s3a.secret.key={SECRET}"]',
        f"train.init_vectors=['s3://{KEY}:{SECRET}@bucket/x']",
        f"train.epochs='s3://{KEY}:{SECRET}@bucket/x'",
        f"s3://{KEY}:{SECRET}@bucket/x=1",
        f"tokenize.stop_words.password='{PASSWORD}'",
    ],
)
def test_a_setting_that_is_refused_is_not_repeated(setting, tmp_path):
    with pytest.raises(UserError) as told:
        load_config(None, [setting])
    assert_unwritten(str(told.value), setting)
    key, _, value = setting.partition("=")
    (tmp_path / "settings.toml").write_text(f"{key} = {value}\n")
    with pytest.raises(UserError) as told:
        load_config(str(tmp_path / "settings.toml"), [])
    assert_unwritten(str(told.value), setting)


@pytest.mark.parametrize(
    "broken", ["secret_key = {0}", "[spark.conf\nsecret = '{0}'", "secret = '{0}", "{0}", '"{0}" = = 1']
)
def test_a_settings_file_that_is_no_toml_is_not_quoted(broken, tmp_path):
    (tmp_path / "settings.toml").write_text(broken.format(SECRET))
    with pytest.raises(UserError) as told:
        load_config(str(tmp_path / "settings.toml"), [])
    assert_unwritten(str(told.value), broken)


# Given by the environment, and used


@pytest.fixture(scope="module")
def nightly_runs(tmp_path_factory):
    """A nightly run on an object store with Spark's event log, and what it and the commands after it told."""
    folder = tmp_path_factory.mktemp("nights")
    server_logs = tmp_path_factory.mktemp("server")
    (folder / "text").mkdir()
    (folder / "text" / "a.txt").write_text("the king and the queen rule the land\n" * 60)
    (folder / "events").mkdir()
    # The event log is packed otherwise, and a search sees nothing.
    (folder / "settings.toml").write_text(
        "[vocab]\nmin_count = 1\nsample = 0\n[train]\nvector_size = 4\nepochs = 1\nworkers = 1\nheldout_rows = 50\n"
        "[night]\npredict = false\n"
        '[spark]\nmaster = "local[1]"\n[spark.conf]\n"spark.eventLog.enabled" = "true"\n'
        '"spark.eventLog.compress" = "false"\n'
        f'"spark.eventLog.dir" = "{(folder / "events").as_uri()}"\n'
    )
    with serving(server_logs) as endpoint:
        environment = variables(endpoint, KEY, SECRET) | {
            "AWS_SESSION_TOKEN": TOKEN,
            "MLFLOW_TRACKING_USERNAME": "me",
            "MLFLOW_TRACKING_PASSWORD": PASSWORD,
            "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0",
        }
        with pytest.MonkeyPatch.context() as patch:
            for name, value in environment.items():
                patch.setenv(name, value)
            open_folder("s3://bucket?allow_bucket_creation=true").filesystem.create_dir("bucket")

            def run(*arguments: str) -> subprocess.CompletedProcess[str]:
                command = [sys.executable, "-m", "w2v_core.cli", *arguments]
                return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)

            told = {
                name: run(*words)
                for name, words in {
                    "a nightly run": nightly_command("bucket", folder),
                    "status": ["status", "--work", "s3://bucket/work", "--json"],
                    "models": ["models", "list", "--store", "s3://bucket/store", "--json"],
                    "a nightly run in no bucket": nightly_command("nowhere", folder),
                    "a run": ["verify", "--run-dir", "s3://bucket/store/news/v1"],
                }.items()
            }
            below = {
                info.path: open_folder("s3://bucket").filesystem.open_input_stream(info.path).read()
                for info in files_in("bucket")
            }
    return folder, told, below


def nightly_command(bucket: str, folder: Path) -> list[str]:
    return [
        "nightly",
        *("--store", f"s3://{bucket}/store", "--name", "news", "--work", f"s3://{bucket}/work"),
        *("--input", str(folder / "text"), "--config", str(folder / "settings.toml")),
        *(
            "--metrics-file",
            str(folder / "w2v.prom"),
            "--log-format",
            "json",
            "--mlflow",
            "http://127.0.0.1:9",
        ),
    ]


def files_in(bucket: str):
    from pyarrow import fs

    found = open_folder(f"s3://{bucket}").filesystem.get_file_info(fs.FileSelector(bucket, recursive=True))
    return [info for info in found if info.is_file]


@pytest.mark.spark
@pytest.mark.slow
def test_the_nightly_run_succeeded(nightly_runs):
    folder, told, below = nightly_runs
    assert told["a nightly run"].returncode == 0, told["a nightly run"].stderr
    assert told["a run"].returncode == 0, told["a run"].stderr
    assert json.loads(told["status"].stdout)["nights"][0]["outcome"] == "published"
    assert told["a nightly run in no bucket"].returncode == 2
    assert {"bucket/store/news/v1/version.json", "bucket/store/news/v1/reports/report.html"} <= below.keys()
    assert (folder / "w2v.prom").stat().st_size > 0
    assert any(path.is_file() for path in (folder / "events").rglob("*"))
    assert "mlflow_failed" in told["a nightly run"].stderr


@pytest.mark.spark
@pytest.mark.slow
def test_what_the_nightly_run_told_holds_no_secret(nightly_runs):
    for name, done in nightly_runs[1].items():
        assert_unwritten(done.stdout + done.stderr, name)


@pytest.mark.spark
@pytest.mark.slow
def test_what_the_nightly_run_wrote_holds_no_secret(nightly_runs):
    folder, _, below = nightly_runs
    for name, data in below.items():
        assert_unwritten(name.encode() + data, name)
    for path in folder.rglob("*"):
        if path.is_file():
            assert_unwritten(path.read_bytes(), str(path))


@pytest.mark.spark
@pytest.mark.slow
def test_the_search_reads_sparks_event_log(nightly_runs):
    """It is no use where the log is packed."""
    text = b"".join(path.read_bytes() for path in (nightly_runs[0] / "events").rglob("*") if path.is_file())
    assert b"SparkListenerEnvironmentUpdate" in text
    assert b"spark.eventLog.enabled" in text


def test_a_traceback_tells_no_value_of_ours():
    """A fault of ours has a traceback, which quotes lines of code and no variables."""
    code = (
        "import os, sys; from w2v_core.cli import __main__, app; from w2v_core.cli.commands import query\n"
        "def fault(location): secret = os.environ['AWS_SECRET_ACCESS_KEY']; raise RuntimeError('a fault of ours')\n"
        "query.WordVectors = type('Broken', (), {'load': staticmethod(fault)})\n"
        "sys.argv = ['w2v', 'neighbors', '--vectors', 'x', 'king']; __main__.main()"
    )
    environment = os.environ | {"AWS_SECRET_ACCESS_KEY": SECRET}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "RuntimeError: a fault of ours" in done.stderr
    assert_unwritten(done.stderr, "traceback")
