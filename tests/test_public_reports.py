"""Inputs and questions from public bug reports: read as meant, or refused with the cause (docs/reliability.md)."""

from types import SimpleNamespace

import numpy as np
import pytest

from w2v_core import WordVectors
from w2v_core.config import load_config
from w2v_core.errors import ConfigError, InputError, RunError, UserError
from w2v_core.evaluation.analogies import read_analogies
from w2v_core.evaluation.word_pairs import read_word_pairs
from w2v_core.integrations.mlflow import numbers_of
from w2v_core.io.filesystem import open_folder
from w2v_core.readers.splits import find_files
from w2v_core.runs.run_directory import RunDir
from w2v_core.tokenization.tokenizers import regex

LETTERS = WordVectors(list("king"), np.arange(4, 0, -1), np.eye(4, dtype=np.float32))
IDS = WordVectors(["3", "7"], np.array([2, 1]), np.eye(2, dtype=np.float32))


@pytest.mark.parametrize(
    ("content", "pairs"),
    [
        ('"king","queen",8.5\n"tree","river",2\n', [("king", "queen", 8.5), ("tree", "river", 2.0)]),
        ('"new, york",paris,3\n', [("new, york", "paris", 3.0)]),
        ("king\u00a0\t\u3000queen\t8.5\n", [("king", "queen", 8.5)]),
        ("// a remark\n# another\nking queen 8.5\n", [("king", "queen", 8.5)]),
        ("Word 1,Word 2,Human (mean)\nking,queen,8.5\n", [("king", "queen", 8.5)]),
    ],
    ids=["quoted", "comma in quotes", "blanks of other scripts", "remarks", "header"],
)
def test_word_pairs_are_read_as_meant(tmp_path, content, pairs):
    (tmp_path / "pairs").write_text(content, encoding="utf-8")
    assert [(p.word_a, p.word_b, p.score) for p in read_word_pairs(tmp_path / "pairs")] == pairs


@pytest.mark.parametrize("score", ["8,50", "n/a", "NaN", ""])
def test_a_first_pair_without_a_number_is_not_a_header(tmp_path, score):
    (tmp_path / "pairs.tsv").write_text(f"king\tqueen\t{score}\ntree\triver\t2\n")
    with pytest.raises(InputError, match="line 1"):
        read_word_pairs(tmp_path / "pairs.tsv")


@pytest.mark.parametrize("mark", ["#", "//"])
def test_remarks_in_analogies_are_not_questions(tmp_path, mark):
    (tmp_path / "a.txt").write_text(f"{mark} family questions, 2013\nman king woman queen\n")
    (section,) = read_analogies(tmp_path / "a.txt")
    assert section.questions == (("man", "king", "woman", "queen"),)


def test_a_pattern_with_an_optional_group_loses_no_token():
    assert regex.tokenizer(r"[a-z]{2,}|([0-9]{1,3})(?:st|nd)?")("the 22nd day") == ["the", "22", "day"]


def test_a_pattern_of_two_groups_is_refused():
    with pytest.raises(ConfigError, match=r"at most one group, got 2"):
        load_config(None, [r"tokenize.pattern='([a-z]+)|([0-9]+)'"])


@pytest.mark.parametrize(("old", "new"), [("size", "train.vector_size"), ("iter", "train.epochs")])
def test_old_names_of_settings_lead_to_the_new(old, new):
    with pytest.raises(ConfigError, match=new):
        load_config(None, [f"train.{old}=5"])


@pytest.mark.parametrize(
    "ask",
    [LETTERS.doesnt_match, LETTERS.most_similar_batch, LETTERS.get_mean_vector, LETTERS.vectors_for_all],
)
def test_a_text_is_not_a_list_of_its_letters(ask):
    with pytest.raises(UserError, match="list of words, .*'king'"):
        ask("king")


@pytest.mark.parametrize(
    "ask",
    [
        lambda: IDS[3],
        lambda: IDS.most_similar(3),
        lambda: IDS.most_similar([3]),
        lambda: IDS.similarity(3, 7),
        lambda: IDS.id_of(np.int64(3)),
    ],
)
def test_a_number_is_not_a_word(ask):
    with pytest.raises(UserError, match="expected a string"):
        ask()


@pytest.mark.parametrize(("name", "fix"), [("part-{0,1}.txt", "braces"), ("a.txt,b.txt", "comma")])
def test_paths_of_other_tools_name_the_fix(tmp_path, name, fix):
    with pytest.raises(InputError, match=fix):
        find_files([str(tmp_path / name)])


def test_the_scheme_of_hadoop_names_ours():
    with pytest.raises(UserError, match="write s3://bucket/corpus"):
        open_folder("s3a://bucket/corpus")


def test_a_file_of_vectors_is_not_a_run(tmp_path):
    (tmp_path / "v.vec").write_text("1 1\nking 1\n")
    with pytest.raises(RunError, match="--vectors"):
        RunDir.open(tmp_path / "v.vec")


def test_sets_of_one_name_have_scores_of_their_own():
    scores = [{"file": f"{lang}/pairs.tsv", "spearman": 0.5, "covered": 3} for lang in ("en", "ko")]
    found = numbers_of(SimpleNamespace(manifests={}, evaluation={"similarity": scores}))
    assert len(found) == 4
