import re
import tomllib
from pathlib import Path

import pytest
from pydantic import BaseModel

from w2v_core.config import Config, load_config
from w2v_core.errors import UserError

CONF = Path(__file__).parents[1] / "conf"


def test_default_toml_equals_the_defaults():
    assert load_config(str(CONF / "default.toml")) == Config()


def test_default_toml_names_every_key():
    text = (CONF / "default.toml").read_text()
    keys_of = tomllib.loads(re.sub(r"^# (?=\w+ = )", "", text, flags=re.MULTILINE))
    for name, section in Config.model_fields.items():
        assert issubclass(section.annotation, BaseModel)
        keys = {field.alias or key for key, field in section.annotation.model_fields.items()}
        assert set(keys_of[name]) == keys, name


@pytest.mark.parametrize("path", sorted(CONF.glob("*.toml")), ids=lambda path: path.name)
def test_every_published_setting_loads(path):
    load_config(str(path))


def test_overrides_win_over_the_file_and_later_ones_over_earlier(tmp_path):
    file = tmp_path / "설정.toml"
    file.write_text("[train]\nepochs = 7\nalpha = 0.5\n")
    config = load_config(str(file), ["train.epochs=8", "train.epochs=9", "shards.window=3"])
    assert (config.train.epochs, config.train.alpha, config.shards.window) == (9, 0.5, 3)


def test_values_are_toml_or_else_text():
    config = load_config(
        None, ["tokenize.tokenizer=whitespace", 'evaluate.similarity=["a.tsv"]', "vocab.sample=1e-4"]
    )
    assert config.tokenize.tokenizer == "whitespace"
    assert config.evaluate.similarity == ("a.tsv",)
    assert config.vocab.sample == 1e-4


def test_spark_settings_have_dots_in_their_names():
    overrides = ("executor.memory=2g", "sql.shuffle.partitions=8", "speculation=true")
    pairs = (override.split("=") for override in overrides)
    config = load_config(None, [f'spark.conf."spark.{key}"={value}' for key, value in pairs])
    assert config.spark.conf == {
        "spark.executor.memory": "2g",
        "spark.sql.shuffle.partitions": "8",
        "spark.speculation": "true",
    }


def test_alpha_follows_the_model():
    skip_gram, cbow = load_config(None, ["train.sg=1"]).train, load_config(None, ["train.sg=0"]).train
    assert (skip_gram.start_alpha, cbow.start_alpha) == (0.025, 0.05)
    assert load_config(None, ["train.alpha=0.1"]).train.start_alpha == 0.1


def test_a_configuration_cannot_be_changed():
    with pytest.raises(ValueError, match="frozen"):
        Config().train.epochs = 3


@pytest.mark.parametrize(
    ("override", "words"),
    [
        ("train.epoch=3", ["train.epoch", "Did you mean epochs?"]),
        ("vocab.form=x", ["vocab.form", "Did you mean from?"]),
        ("vocabulary.min_count=3", ["vocabulary", "Did you mean vocab?"]),
        ("train.window=3", ["train.window", "Did you mean shards.window?"]),
        ("seed.x=3", ["seed", "Did you mean shards.seed or train.seed or evaluate.seed or report.seed?"]),
        ("tokenize.pattern=(", ["tokenize.pattern = '('"]),
        ("tokenize.per_word=true", ["tokenize.per_word = true", "mecab_ko"]),
        ("train.nonsense=3", ["train.nonsense", "[train] has", "vector_size"]),
        ("train.epochs=many", ["train.epochs", "'many'", "integer"]),
        ("train.epochs=0", ["train.epochs", "0", ">= 1"]),
        ("vocab.sample=nan", ["vocab.sample", "finite"]),
        ("tokenize.tokenizer=klingon", ["tokenize.tokenizer", "'klingon'", "unicode_words", "whitespace"]),
        ("train=3", ["section.key=value"]),
        ("train.epochs=3\nseed=4", ["section.key=value"]),
        ("train.min_alpha=0.06", ["train", "min_alpha = 0.06: expected at most train.alpha = 0.05"]),
        ("epochs", ["section.key=value"]),
        ("train.a b=3", ["train.a b"]),
    ],
)
def test_a_wrong_key_or_value_is_named_with_what_is_allowed(override, words):
    with pytest.raises(UserError) as fault:
        load_config(None, [override])
    assert [word for word in words if word not in str(fault.value)] == []


def test_a_file_that_is_missing_or_no_toml_is_named(tmp_path):
    with pytest.raises(UserError, match="absent.toml"):
        load_config(str(tmp_path / "absent.toml"))
    with pytest.raises(UserError, match="nul"):
        load_config("nul\0.toml")
    broken = tmp_path / "broken.toml"
    broken.write_text("[train\nepochs = 1")
    with pytest.raises(UserError, match=r"broken.toml .*TOML"):
        load_config(str(broken))


@pytest.mark.parametrize("setting", ["gate.min_scores=0.1", "spark.conf=4g"])
def test_a_value_in_place_of_keys_is_told_that_there_are_keys(setting):
    key = setting.partition("=")[0]
    with pytest.raises(UserError, match=f"{key} = .*: expected keys, got a value. Set {key}.NAME"):
        load_config(None, [setting])


def test_a_value_in_place_of_a_section_is_told_that_there_are_keys(tmp_path):
    path = tmp_path / "c.toml"
    path.write_text("gate = 1\n")
    with pytest.raises(UserError, match="gate = 1 .*gate.NAME"):
        load_config(str(path))
