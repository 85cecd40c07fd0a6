"""Credentials in locations and settings are refused, in one sentence that does not repeat them."""

import sys

import pytest

from w2v_core import WordVectors
from w2v_core.cli import __main__ as main_module
from w2v_core.config import load_config
from w2v_core.errors import UserError
from w2v_core.io.credentials import holds_credentials, is_secret, redacted, without_secrets
from w2v_core.io.filesystem import open_folder, read_file
from w2v_core.readers.splits import find_files
from w2v_core.runs.run_directory import RunDir

SECRET = "wJalr/XUtnFEMI+K7MDENG"
WITH_CREDENTIALS = [
    f"s3://AKIAEXAMPLE:{SECRET}@bucket/run",
    f"s3://AKIAEXAMPLE:{SECRET.replace('/', '%2F')}@bucket/run",
    f"s3://AKIAEXAMPLE:{SECRET}",
    f"S3A://{SECRET.replace('/', '')}@bucket/run",
    f"hdfs://user:{SECRET}@namenode:8020/run",
    f"abfs://:{SECRET}@account.dfs.core.windows.net/run",
    f"abfs://container@account.dfs.core.windows.net/run?client_secret={SECRET}",
    f"https://store/run?X-Amz-Signature=a@{SECRET}",
    f"https://account.blob.core.windows.net/run?sv=1&sig={SECRET}",
]
WITHOUT = [
    "s3://bucket/run",
    "s3://bucket/a@b:c/run",
    "s3://bucket/run?region=eu-west-1&endpoint_override=localhost:9000&scheme=http",
    "hdfs://user@namenode:8020/run",
    "abfs://container@account.dfs.core.windows.net/run",
    "gs://anonymous@bucket/run",
    "spark://first:7077,second:7077",
    "k8s://https://[::1]:6443",
    "/data/a:b@c",
    "C:/data",
    "file:///data/a@b",
]


@pytest.mark.parametrize("location", WITH_CREDENTIALS)
def test_a_location_with_credentials_is_refused_wherever_one_is_opened(location):
    for open_it in (
        open_folder,
        RunDir.create,
        RunDir.open,
        WordVectors.load,
        lambda place: find_files([place]),
        lambda place: find_files([f"{place}/*.txt"]),
        lambda place: read_file(place, "vocab.keep"),
        load_config,
        lambda place: load_config(None, [f"train.init_vectors={place}"]),
        lambda place: load_config(None, [f"vocab.merge={place}"]),
        lambda place: load_config(None, [f"evaluate.similarity=['{place}']"]),
        lambda place: load_config(None, [place]),
    ):
        with pytest.raises(UserError) as told:
            open_it(location)
        assert SECRET[-8:] not in str(told.value)
        assert "XUtn" not in str(told.value)
        assert "AKIAEXAMPLE" not in str(told.value)


@pytest.mark.parametrize("location", WITHOUT)
def test_a_location_without_credentials_is_none(location):
    assert not holds_credentials(location)


def test_a_refusal_names_the_place_and_the_way_out():
    assert redacted(WITH_CREDENTIALS[0]) == "s3://…@bucket/run"
    with pytest.raises(
        UserError,
        match=r"train.init_vectors = s3://…@bucket/run .*credentials.*AWS_SECRET_ACCESS_KEY",
    ):
        load_config(None, [f"train.init_vectors={WITH_CREDENTIALS[0]}"])


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("spark.hadoop.fs.s3a.secret.key", SECRET),
        ("spark.hadoop.fs.s3a.access.key", SECRET),
        ("spark.hadoop.fs.s3a.session.token", SECRET),
        ("spark.hadoop.fs.s3a.bucket.mine.secret.key", SECRET),
        ("spark.hadoop.fs.s3a.encryption.key", SECRET),
        ("spark.hadoop.fs.azure.account.key.mine.dfs.core.windows.net", SECRET),
        ("spark.hadoop.javax.jdo.option.ConnectionPassword", SECRET),
        ("spark.hadoop.javax.jdo.option.ConnectionURL", f"jdbc:mysql://hive:{SECRET}@db/hive"),
        ("spark.executorEnv.AWS_SECRET_ACCESS_KEY", SECRET),
        ("spark.executorEnv.AWS_ACCESS_KEY_ID", SECRET),
        ("spark.authenticate.secret", SECRET),
        ("spark.ssl.keyStorePassword", SECRET),
        ("spark.kubernetes.authenticate.oauthToken", SECRET),
        ("spark.driver.extraJavaOptions", f"-Xss4m -Daws.secretKey={SECRET}"),
    ],
)
def test_a_secret_among_sparks_settings_is_refused(key, value, tmp_path):
    (tmp_path / "settings.toml").write_text(f'[spark.conf]\n"{key}" = "{value}"\n')
    for given in (
        (None, [f'spark.conf."{key}"={value}']),
        (None, [f"spark.conf.{key}='{value}'"]),
        (None, [f"spark.conf.'{key}'=['{value}']"]),
        (str(tmp_path / "settings.toml"), []),
    ):
        with pytest.raises(UserError) as told:
            load_config(*given)
        assert SECRET[:6] not in str(told.value)
        assert key in str(told.value)
        assert "give it by the environment" in str(told.value)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        (
            "spark.hadoop.fs.s3a.aws.credentials.provider",
            "com.amazonaws.auth.InstanceProfileCredentialsProvider",
        ),
        ("spark.hadoop.hadoop.security.credential.provider.path", "jceks://hdfs@namenode/keys.jceks"),
        ("spark.hadoop.fs.s3a.endpoint", "http://minio:9000"),
        ("spark.hadoop.fs.s3a.delegation.tokens.enabled", "true"),
        ("spark.hadoop.fs.s3a.assumed.role.arn", "arn:aws:iam::90066806600238:role/s3"),
        ("spark.authenticate.secret.file", "/etc/spark/secret"),
        ("spark.executorEnv.AWS_WEB_IDENTITY_TOKEN_FILE", "/var/run/token"),
        ("spark.kubernetes.driver.secretKeyRef.AWS_SECRET_ACCESS_KEY", "aws:secret"),
        ("spark.kubernetes.executor.secrets.aws", "/etc/secrets"),
        ("spark.redaction.regex", "(?i)secret|password|token|access[.]?key"),
        ("spark.driver.memory", "4g"),
        ("spark.driver.extraJavaOptions", "-Xss4m -Dfile.encoding=UTF-8"),
        ("spark.eventLog.dir", "s3a://bucket/events"),
    ],
)
def test_a_setting_that_only_sounds_like_a_secret_is_let_through(key, value):
    assert not is_secret(key, value)
    assert load_config(None, [f"spark.conf.'{key}'='{value}'"]).spark.conf[key] == value


def test_settings_of_ours_are_no_secrets():
    load_config(
        None,
        [
            "tokenize.tokenizer=regex",
            "tokenize.pattern='https://[a-z]+:x@y'",
            "tokenize.url_token=URL",
            "tokenize.min_token_length=2",
        ],
    )


@pytest.mark.parametrize(
    "arguments",
    [
        ["run", "--run-dir", "{}", "--input", __file__],
        ["run", "--run-dir", "{tmp}/r", "--input", "{}"],
        ["run", "--run-dir", "{tmp}/r", "--input", __file__, "--similarity", "{}"],
        ["run", "--run-dir", "{tmp}/r", "--input", __file__, "--config", "{}"],
        ["run", "--run-dir", "{tmp}/r", "--input", __file__, "--set", "train.init_vectors={}"],
        ["run", "--run-dir", "{tmp}/r", "--input", __file__, "--set", "vocab.keep={}"],
        ["train", "--run-dir", "{}"],
        ["evaluate", "--run-dir", "{}", "--similarity", "x"],
        ["neighbors", "--run-dir", "{}", "king"],
        ["verify", "--run-dir", "{}"],
    ],
)
def test_every_command_refuses_before_it_does_anything(arguments, tmp_path, monkeypatch, capsys):
    given = [argument.format(WITH_CREDENTIALS[0], tmp=tmp_path) for argument in arguments]
    monkeypatch.setattr(sys, "argv", ["w2v", *given])
    with pytest.raises(SystemExit) as ended:
        main_module.main()
    out, err = capsys.readouterr()
    assert (ended.value.code, out) == (2, "")
    assert err.startswith("error: ")
    assert err.count("\n") == 1
    assert "holds credentials; leave it out and give it by the environment" in err
    assert "XUtn" not in err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "text",
    ["a" * 1_000_000, "낱말" * 500_000, "a.b-c=" * 100_000, "http:" * 400_000, "key=" + "a" * 500_000],
    ids=lambda text: text[:6],
)
def test_long_text_is_searched_once(text):
    """And not from each of its characters to its end, which would take a day."""
    told = without_secrets(f"{text} password=geheim")
    assert told == f"{text} password=…"
