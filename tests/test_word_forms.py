"""Words of users in the spelling of the corpus: questions, evaluation sets and lists."""

import unicodedata

import numpy as np
import pyarrow as pa
import pytest
from runs_by_hand import finished_run

from w2v_core.config import TokenizeConfig, VocabConfig
from w2v_core.errors import UserError
from w2v_core.evaluation.analogies import AnalogySection, analogy_outcomes
from w2v_core.evaluation.word_pairs import WordPair, pair_cosines
from w2v_core.pipeline.vocabulary import VocabularyInputs
from w2v_core.pipeline.word_lists import warn_of_absent, warn_of_impossible
from w2v_core.readers.block import Block
from w2v_core.registry.store import ModelStore
from w2v_core.tokenization.normalize import Rules
from w2v_core.tokenization.recorded_rules import FILE, rules_of_run
from w2v_core.tokenization.task import Task
from w2v_core.tokenization.tokenizer_resources import TokenizerResources
from w2v_core.tokenization.tokenizers import spelling
from w2v_core.tokenization.word_forms import impossible_words
from w2v_core.vectors.word_vectors import UnknownWordError, WordVectors

DEFAULT = Rules(form="NFKC", lower=True)
WORDS = ["queen", "café", "nato", "น้ำ", "istanbul", "οδος", "ㅋㅋ", "word2", "ß"]
FORMS = [
    ("Queen", "queen"),
    (unicodedata.normalize("NFD", "Café"), "café"),
    ("NATO", "nato"),
    ("น\u0e4d\u0e49\u0e32", "น้ำ"),
    ("İstanbul", "istanbul"),
    ("İstanbul".lower(), "istanbul"),
    ("ΟΔΟΣ", "οδος"),
    ("ﾻﾻ", "ㅋㅋ"),
    ("Ｗｏｒｄ２", "word2"),
    ("ẞ", "ß"),
]


def vectors_of(words: list[str], rules: Rules | None) -> WordVectors:
    rows = np.random.default_rng(1).standard_normal((len(words), 4)).astype(np.float32)
    return WordVectors(words, np.arange(len(words), 0, -1), rows, rules)


@pytest.mark.parametrize(("asked", "word"), FORMS)
def test_a_word_is_looked_up_as_the_corpus_was_normalized(asked, word):
    vectors = vectors_of(WORDS, DEFAULT)
    other = "queen" if word != "queen" else "nato"
    assert asked in vectors
    assert vectors.id_of(asked) == WORDS.index(word)
    assert (vectors[asked] == vectors[word]).all()
    assert vectors.similarity(asked, other) == vectors.similarity(word, other)
    assert vectors.most_similar(asked) == vectors.most_similar(word)
    assert vectors.analogy(asked, other, "ß") == vectors.analogy(word, other, "ß")
    assert vectors.doesnt_match([asked, asked]) == asked
    assert vectors.vectors_for_all([asked, word]).tokens == [word]


@pytest.mark.parametrize(("asked", "word"), FORMS)
def test_vectors_without_rules_take_words_as_given(asked, word):
    vectors = vectors_of(WORDS, None)
    assert asked not in vectors
    with pytest.raises(UnknownWordError):
        vectors.id_of(asked)


def test_the_word_as_given_comes_first():
    vectors = vectors_of(["queen", "Queen"], DEFAULT)
    assert (vectors.id_of("queen"), vectors.id_of("Queen"), vectors.id_of("QUEEN")) == (0, 1, 0)


def test_rules_travel_with_vectors_and_versions(tmp_path):
    finished_run(tmp_path / "other", 1)
    assert WordVectors.load(str(tmp_path / "other")).rules is None
    config = TokenizeConfig(strip_accents=True)
    run = finished_run(tmp_path / "run", 1, others={FILE: rules_of_run(config.model_dump(mode="json"))})
    found = WordVectors.load(str(tmp_path / "run"))
    assert found.rules == spelling(config) == found.table.rules == Rules("NFKC", True, True, False)
    published = ModelStore(str(tmp_path / "store")).model("m").publish(run)
    assert WordVectors.load(published.version.location).rules == found.rules


def test_damaged_rules_are_refused(tmp_path):
    run = finished_run(tmp_path / "run", 1)
    run.stage("vectors").write_atomically(FILE, b'{"form": "NFX"}')
    with pytest.raises(UserError, match=r"normalization.json is damaged"):
        WordVectors.load(str(tmp_path / "run"))


# Evaluation sets


@pytest.mark.parametrize("rules", [DEFAULT, None])
def test_sets_are_found_in_another_unicode_form(rules):
    vectors, forms = vectors_of(["café", "phở", "한국", "plain"], rules), set[str]()
    decomposed = [unicodedata.normalize("NFD", word) for word in ("café", "Phở", "한국", "plain")]
    pairs = [WordPair(a, b, 1.0) for a in decomposed for b in decomposed]
    found = pair_cosines(vectors, pairs, other_forms=forms)
    assert found.tolist() == pytest.approx(
        [vectors.similarity(a, b) for a in vectors.tokens for b in vectors.tokens], abs=1e-6
    )
    assert forms == set(decomposed[:3])
    section = AnalogySection("", (tuple(decomposed),))
    (outcome,) = analogy_outcomes(vectors, [section])
    assert outcome.tolist() == [1]  # the other three are the question's own words, found by their forms


def test_vectors_in_nfd_answer_sets_in_nfc():
    vectors, forms = vectors_of([unicodedata.normalize("NFD", "café"), "x"], None), set[str]()
    assert not np.isnan(pair_cosines(vectors, [WordPair("CAFÉ", "x", 1)], other_forms=forms)).any()
    assert forms == {"CAFÉ"}


def test_words_as_given_are_in_no_other_form():
    forms: set[str] = set()
    pair_cosines(
        vectors_of(["queen", "king"], DEFAULT),
        [WordPair("Queen", "king", 1), WordPair("x", "é", 1)],
        other_forms=forms,
    )
    assert not forms


# Lists of words


@pytest.mark.parametrize(
    ("words", "settings", "delimiter", "expected"),
    [
        (["The", "don't", "on", "new_york", "é"], {}, None, ["don't", "new_york"]),
        (["new_york", "don't_x", "_"], {}, "_", ["don't_x", "_"]),
        (["don't", "a b"], {"tokenizer": "whitespace"}, None, ["a b"]),
        (["ab", "abcd", "a", "หิน"], {"tokenizer": "char_ngrams"}, None, ["abcd", "a"]),
        (["don't", "x"], {"tokenizer": "regex", "pattern": "[a-z]+"}, None, ["don't"]),
        (["don't"], {"tokenizer": "regex", "pattern": "(?<=x)[a-z]+"}, None, []),
        (["don't"], {"tokenizer": "mecab_ko"}, None, []),
    ],
)
def test_words_that_no_token_can_equal(words, settings, delimiter, expected):
    config = TokenizeConfig(**settings)
    assert impossible_words(words, config, spelling(config), delimiter) == expected


def test_a_list_that_never_matches_is_reported(caplog):
    warn_of_impossible("vocab.keep = names.txt", ["NATO", "don't"], TokenizeConfig())
    told = caplog.text
    assert 'vocab.keep = names.txt: 1 of 2 words can never match a token: "don\'t"' in told
    caplog.clear()
    warn_of_impossible("vocab.keep = names.txt", ["NATO"], TokenizeConfig())
    assert not caplog.text


def lists_of(tmp_path, **lists: str) -> VocabConfig:
    for name, words in lists.items():
        (tmp_path / name).write_text(words, encoding="utf-8")
    return VocabConfig(**{name: str(tmp_path / name) for name in lists})


def test_lists_are_normalized_as_the_corpus_was(tmp_path):
    config = lists_of(tmp_path, keep="NATO\nnato\nZürich\n", drop="The\nTHE\n")
    inputs = VocabularyInputs.read(config, DEFAULT)
    assert inputs.keep == ("NATO", "Zürich", "nato", "zürich")
    assert inputs.drop == ("the",)
    assert inputs.identity() == {"keep": ["NATO", "Zürich", "nato"], "drop": ["THE", "The"]}
    assert VocabularyInputs.read(config, DEFAULT, has_lists=True).drop == ("THE", "The")


def test_a_word_to_keep_and_to_drop_is_refused_in_any_spelling(tmp_path):
    with pytest.raises(UserError, match="both hold 'nato'"):
        VocabularyInputs.read(lists_of(tmp_path, keep="NATO", drop="Nato"), DEFAULT)


def test_words_to_keep_that_do_not_occur_are_counted(caplog):
    tokens = pa.chunked_array([["nato", "zürich", "x"]])
    assert warn_of_absent("vocab.keep = names.txt", ["NATO", "Zürich", "absent"], DEFAULT, tokens) == 1
    told = caplog.text
    assert "names.txt: 1 of 3 words do not occur in the corpus and get no vector: 'absent'" in told


def test_stop_words_are_normalized_for_text_and_taken_as_given_for_lists():
    task = Task(TokenizeConfig(stop_words="stop.txt"), TokenizerResources(("The", "on")))
    assert task.sentences(Block(pa.array(["The cat on"]))).values.to_pylist() == [["cat"]]
    lists = pa.array([["The", "the", "on"]], pa.list_(pa.string()))
    assert task.sentences(Block(lists)).values.to_pylist() == [["the"]]
    assert task.counters["token_lists"] == 1
