"""Phrases are gensim's: the same ones, with the same scores, in the same places."""

import math
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from gensim.models.phrases import Phrases as GensimPhrases
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from small_settings import small_config

from w2v_core.config import Config, PhrasesConfig, load_config
from w2v_core.errors import UserError
from w2v_core.phrases.bigrams import PhraseRules
from w2v_core.phrases.count import SUMS, count_bigrams, sum_bigrams
from w2v_core.phrases.join import Phrases, join
from w2v_core.phrases.scores import find_phrases
from w2v_core.pipeline.phrases import make_phrases
from w2v_core.pipeline.run import run_pipeline
from w2v_core.pipeline.verify import verify
from w2v_core.pipeline.vocabulary import make_vocab
from w2v_core.readers.splits import find_files
from w2v_core.runs.run_directory import RunDir
from w2v_core.vocabulary.hash_partition import partition_by_hash

Texts = list[list[str]]


def as_lists(sentences: Texts) -> pa.ListArray:
    """Lists of a dictionary's words, as a tokens file gives them."""
    lists = pa.array(sentences, pa.list_(pa.string()))
    return pa.ListArray.from_arrays(lists.offsets, lists.flatten().dictionary_encode())


def found_in(sentences: Texts, config: PhrasesConfig, common: Sequence[str] = ()) -> pa.Table:
    """The phrases, counted in two parts and three buckets."""
    phrase_rules = PhraseRules(config.delimiter, tuple(common))
    half = len(sentences) // 2
    parts = [count_bigrams([as_lists(batch)], phrase_rules) for batch in (sentences[:half], sentences[half:])]
    by_bucket: dict[int, list[pa.RecordBatch]] = {}
    for part in parts:
        for row in partition_by_hash(part, 3).to_pylist() if len(part) else []:
            batch = pa.RecordBatch.from_pylist([{"counts": row["counts"]}])
            by_bucket.setdefault(row["bucket"], []).append(batch)
    batches = [batch for rows in by_bucket.values() for batch in sum_bigrams(rows, config.min_count)]
    return find_phrases(pa.Table.from_batches(batches, SUMS), config)


def joined_in(sentences: Texts, config: PhrasesConfig, common: Sequence[str] = ()) -> Texts:
    phrases = Phrases.of(found_in(sentences, config, common))
    joined: Texts = join(
        as_lists(sentences), phrases, PhraseRules(config.delimiter, tuple(common))
    ).to_pylist()
    return joined


def gensims(sentences: Texts, config: PhrasesConfig, common: Sequence[str] = ()) -> GensimPhrases:
    return GensimPhrases(
        sentences,
        min_count=config.min_count,
        threshold=config.threshold,
        scoring=config.scoring,
        delimiter=config.delimiter,
        connector_words=frozenset(common),
    )


WORDS = st.sampled_from(["a", "b", "가", "나다", "of", "the", "𠀀"])
SENTENCES = st.lists(st.lists(WORDS, min_size=1, max_size=12), min_size=1, max_size=12)
SETTINGS = st.one_of(
    st.builds(PhrasesConfig, min_count=st.integers(1, 4), threshold=st.sampled_from([0.01, 0.3, 1.0, 3.0])),
    st.builds(
        PhrasesConfig,
        min_count=st.integers(1, 4),
        scoring=st.just("npmi"),
        threshold=st.sampled_from([-0.9, 0.0, 0.3]),
    ),
)


@hypothesis_settings(deadline=None)
@given(sentences=SENTENCES, config=SETTINGS, common=st.sets(st.sampled_from(["of", "the", "a"])))
def test_phrases_and_sentences_are_gensims(sentences, config, common):
    theirs = gensims(sentences, config, common)
    assert joined_in(sentences, config, common) == [theirs[sentence] for sentence in sentences]


@hypothesis_settings(deadline=None)
@given(sentences=SENTENCES, config=SETTINGS)
def test_scores_are_gensims(sentences, config):
    exported = gensims(sentences, config).export_phrases()
    found = found_in(sentences, config)
    assert dict(zip(found["phrase"].to_pylist(), found["score"].to_pylist(), strict=True)) == pytest.approx(
        exported, rel=1e-9
    )


def slow_phrases(sentences: Texts, config: PhrasesConfig) -> dict[tuple[str, str], tuple[int, float]]:
    """Count and npmi of each pair by a loop, where no word and no other pair shares a count with it."""
    words = Counter(word for sentence in sentences for word in sentence)
    pairs = Counter(pair for sentence in sentences for pair in pairwise(sentence))
    share = {item: count / words.total() for item, count in (words | pairs).items()}
    return {
        pair: (count, math.log(share[pair] / share[pair[0]] / share[pair[1]]) / -math.log(share[pair]))
        for pair, count in pairs.items()
        if min(count, words[pair[0]], words[pair[1]]) >= config.min_count
    }


@hypothesis_settings(deadline=None)
@given(
    sentences=st.lists(
        st.lists(st.sampled_from(["a", "b", "a_b", "b_a", "_"]), min_size=1, max_size=9), min_size=1
    ),
    min_count=st.integers(1, 3),
)
def test_a_pair_is_counted_without_words_and_pairs_of_its_name(sentences, min_count):
    config = PhrasesConfig(min_count=min_count, threshold=-1.0, scoring="npmi")
    found = {(row["first"], row["last"]): row for row in found_in(sentences, config).to_pylist()}
    expected = slow_phrases(sentences, config)
    assert set(found) == {pair for pair, (_, score) in expected.items() if score > -1 or pair in found}
    for pair, row in found.items():
        assert (row["count"], row["score"]) == pytest.approx(expected[pair], rel=1e-9)
        assert -1 <= row["score"] <= 1


def test_a_long_run_of_common_terms_is_no_trouble():
    sentence = ["bank", *["of"] * 100_000, "america"]
    config = PhrasesConfig(min_count=2, threshold=0.1)
    assert joined_in([sentence] * 4, config, ["of"]) == [["_".join(sentence)]] * 4


# As a stage


TEXT = (
    "new york times is a paper\nthe new york times says so\nwe read the new york times\na paper says\n" * 20
)
SETTINGS_OF_RUN = ("phrases.min_count=2", "phrases.threshold=0.1", "vocab.min_count=1", "vocab.sample=0")


@pytest.fixture
def text(tmp_path: Path) -> Path:
    path = tmp_path / "신문.txt"
    path.write_text(TEXT, encoding="utf-8")
    return path


def run_with(executor, text: Path, *settings: str, into: str = "run") -> tuple[RunDir, Config]:
    run = RunDir.create(str(text.parent / into))
    config = small_config(*SETTINGS_OF_RUN, *settings)
    run_pipeline(run, find_files([str(text)]), config, executor)
    return run, config


def words_of(run: RunDir) -> set[str]:
    return set(pq.read_table(f"{run.folder.path}/vocab/vocab.parquet")["token"].to_pylist())


def test_two_passes_make_phrases_of_three_words_and_account_for_each_token(executor, text):
    run, config = run_with(executor, text, "phrases.passes=2")
    sentences = [line.split() for line in TEXT.splitlines()]
    for _ in range(2):
        theirs = gensims(sentences, config.phrases)
        sentences = [theirs[sentence] for sentence in sentences]
    parts = sorted(Path(run.folder.path, "phrases").glob("part-*.parquet"))
    assert [row for part in parts for row in pq.read_table(part)["tokens"].to_pylist()] == sentences
    assert "the_new_york_times" in words_of(run)
    account = run.require("phrases").tokens
    assert account is not None
    assert account.kept == sum(map(len, sentences))
    assert account.dropped == {"joined": len(TEXT.split()) - account.kept}
    assert run.require("vocab").tokens.read == account.kept
    assert [problem for stage in verify(run) for problem in stage.problems] == []


def test_without_phrases_those_of_an_earlier_run_are_gone(executor, text):
    run, _ = run_with(executor, text, "phrases.passes=1")
    assert any("_" in word for word in words_of(run))
    run, _ = run_with(executor, text)
    assert run.manifest("phrases") is None
    assert not any("_" in word for word in words_of(run))


def test_weights_stay_with_their_sentences(make_run, tmp_path):
    lines = [line.split() for line in TEXT.splitlines()]
    weights = [float(len(line)) for line in lines]
    pq.write_table(pa.table({"text": lines, "weight": weights}), tmp_path / "x.parquet")
    run = make_run(
        tmp_path / "x.parquet", *SETTINGS_OF_RUN, "phrases.passes=1", "tokenize.weight_column=weight"
    )
    rows = pq.read_table(f"{run.folder.path}/phrases/part-00000.parquet")
    assert rows["weight"].to_pylist() == weights
    assert run.require("shards").counters["weighted"] == 1


def test_common_terms_are_read_from_a_file(executor, text, tmp_path):
    terms = tmp_path / "terms.txt"
    terms.write_text("of\nthe\n", encoding="utf-8")
    text.write_text("bank of america\nthe rest\n" * 20, encoding="utf-8")
    run, _ = run_with(executor, text, "phrases.passes=1", f"phrases.common_terms={terms}")
    assert words_of(run) == {"bank_of_america", "the", "rest"}


def test_a_stage_that_settings_ask_for_is_not_passed_over(executor, text):
    run, config = run_with(executor, text)
    wanted = config.model_copy(update={"phrases": PhrasesConfig(passes=1)})
    with pytest.raises(UserError, match="phrases stage; run `w2v phrases"):
        make_vocab(run, wanted, executor)
    assert make_phrases(run, wanted, executor) is not None
    assert run.manifest("vocab") is None


@pytest.mark.parametrize(
    ("given_settings", "told"),
    [
        (["phrases.scoring=npmi"], r"phrases.threshold = 10: .* from -1 to 1"),
        (["phrases.threshold=0"], r"phrases.threshold = 0: expected a number > 0"),
    ],
)
def test_a_threshold_that_suits_no_score_is_named(given_settings, told):
    with pytest.raises(UserError, match=told):
        load_config(None, given_settings)


def test_common_terms_that_are_not_there_are_named(executor, text):
    with pytest.raises(UserError, match=r"phrases.common_terms = nowhere.txt"):
        run_with(executor, text, "phrases.passes=1", "phrases.common_terms=nowhere.txt")
