"""What `WordVectors` has beside gensim's names, and what it rejects."""

import sys

import numpy as np
import pyarrow.parquet as pq
import pytest

from w2v_core import WordVectors
from w2v_core.errors import InputError, UserError
from w2v_core.vectors.word_vectors import UnknownWordError

WORDS = ["king", "queen", "man", "woman"]
ROWS = np.array([[3, 4], [-3, 4], [2, 0], [-2, 0]], np.float32)
ZERO = np.zeros(2, np.float32)


@pytest.fixture
def wv() -> WordVectors:
    return WordVectors(WORDS, np.array([40, 30, 20, 10]), ROWS)


@pytest.fixture
def unsorted() -> WordVectors:
    """The most frequent words are not the first."""
    return WordVectors(WORDS, np.array([10, 40, 20, 30]), ROWS)


def same(one: WordVectors, other: WordVectors) -> bool:
    return (
        one.tokens == other.tokens
        and one.counts.tolist() == other.counts.tolist()
        and one.vectors.tobytes() == other.vectors.tobytes()
    )


# --- lookups ---


def test_the_mapping_of_keys_is_read_only_and_in_order(wv):
    assert list(wv.key_to_index.items()) == [("king", 0), ("queen", 1), ("man", 2), ("woman", 3)]
    with pytest.raises(TypeError):
        wv.key_to_index["child"] = 4


def test_a_vector_that_is_returned_may_be_changed(wv):
    wv.get_vector("king")[0] = 99
    wv.get_normed_vectors()[0] = 99
    assert wv["king"].tolist() == [3, 4]


def test_a_zero_vector_stays_zero_at_length_1():
    wv = WordVectors(["a", "b"], np.array([2, 1]), np.array([[0, 0], [3, 4]], np.float32))
    assert wv.get_vector("a", norm=True).tolist() == [0, 0]
    np.testing.assert_allclose(wv.get_normed_vectors(), [[0, 0], [0.6, 0.8]], atol=1e-7)
    np.testing.assert_allclose(wv.distances("b"), [1, 0], atol=1e-7)
    assert wv.cosine_similarities([1, 0], [[0, 0]]).tolist() == [0]
    assert wv.n_similarity(["a"], ["b"]) == 0


@pytest.mark.parametrize("key", [3, np.int64(3), None])
def test_a_key_that_is_not_text_has_no_index_even_with_a_default(wv, key):
    with pytest.raises(UserError, match="expected a string"):
        wv.get_index(key, default=-1)
    assert not wv.has_index_for(key)


# --- questions ---


def test_restrict_vocab_counts_and_clips_count_rows(unsorted):
    assert [word for word, _ in unsorted.most_similar("king", restrict_vocab=2)] == ["queen", "woman"]
    assert [word for word, _ in unsorted.most_similar("king", clip_end=2)] == ["queen"]
    found = unsorted.most_similar("king", topn=None, restrict_vocab=2)
    np.testing.assert_allclose(found, [0.28, -0.6], atol=1e-6)


def test_a_weight_of_zero_removes_a_term_but_not_its_word(wv):
    found = wv.most_similar(["king", ("woman", 0)], topn=4)
    assert [word for word, _ in found] == ["man", "queen"]
    np.testing.assert_allclose(found[0][1], 0.6, atol=1e-6)


def test_terms_may_be_any_sequence(wv):
    expected = wv.most_similar(["king", "queen"])
    assert wv.most_similar(("king", "queen")) == wv.most_similar(np.array(["king", "queen"])) == expected
    assert wv.most_similar("king", None) == wv.most_similar("king")


def test_scores_of_all_rows_are_in_order_whatever_the_block(wv, monkeypatch):
    expected = [wv.similarity("king", word) for word in WORDS]
    monkeypatch.setattr("w2v_core.vectors.nearest.BLOCK_SCORES", 3)
    np.testing.assert_allclose(wv.most_similar("king", topn=None), expected, atol=1e-6)
    np.testing.assert_allclose(1 - wv.distances("king"), expected, atol=1e-6)


REJECTED = {
    "attribute": (lambda wv: wv.get_vecattr("king", "sample_int"), "attr = 'sample_int'"),
    "attribute of a number": (lambda wv: wv.get_vecattr(0, "count"), "expected a string"),
    "topn 0": (lambda wv: wv.most_similar("king", topn=0), "topn = 0"),
    "topn 0, cosmul": (lambda wv: wv.most_similar_cosmul("king", topn=0), "topn = 0"),
    "topn 0 by key": (lambda wv: wv.similar_by_key("king", topn=0), "topn = 0"),
    "topn 0, relative": (lambda wv: wv.relative_cosine_similarity("king", "man", topn=0), "topn = 0"),
    "relative to nothing": (
        lambda wv: WordVectors(["a"], np.array([1]), ROWS[:1]).relative_cosine_similarity("a", "a"),
        "sum 0",
    ),
    "no terms": (lambda wv: wv.most_similar(), "at least one"),
    "weighted in cosmul": (lambda wv: wv.most_similar_cosmul([("king", 2.0)]), "Only most_similar takes"),
    "weight is text": (lambda wv: wv.most_similar([("king", "queen")]), r"got \('king', 'queen'\)"),
    "three in a pair": (lambda wv: wv.most_similar([("king", 1.0, 2.0)]), r"got \('king', 1.0, 2.0\)"),
    "weight not finite": (lambda wv: wv.most_similar([("king", np.nan)]), "weights hold NaN"),
    "weights add up to zero": (lambda wv: wv.most_similar([("king", 0.0)]), "zero"),
    "vector of text": (lambda wv: wv.most_similar([np.array(["king", "queen"])]), "2 numbers"),
    "clip and restrict": (
        lambda wv: wv.most_similar("king", clip_end=2, restrict_vocab=2),
        "restrict_vocab = 2",
    ),
    "clip before the start": (lambda wv: wv.most_similar("king", clip_start=-1), "clip_start = -1"),
    "clip behind the end": (lambda wv: wv.most_similar("king", clip_start=4), "clip_start = 4"),
    "clip nothing": (lambda wv: wv.most_similar("king", clip_start=2, clip_end=2), "clip_end = 2"),
    "distances to nothing": (lambda wv: wv.distances("king", []), "other_words is empty"),
    "distances to a text": (lambda wv: wv.distances("king", "man"), "got the text 'man'"),
    "distances of another length": (lambda wv: wv.distances(np.ones(3)), r"shape \(2,\), got \(3,\)"),
    "distances not finite": (lambda wv: wv.distances(np.array([np.nan, 1])), "NaN or infinity"),
    "cosines of one vector": (lambda wv: wv.cosine_similarities([1, 2], [1, 2]), r"\(B, D\)"),
    "cosines of other lengths": (
        lambda wv: wv.cosine_similarities([1, 2, 3], ROWS),
        r"shape \(2,\), got \(3,\)",
    ),
    "cosines not finite": (lambda wv: wv.cosine_similarities([1, 2], [[np.inf, 1]]), "NaN or infinity"),
    "most similar of a text": (lambda wv: wv.most_similar_to_given("king", "man"), "got the text 'man'"),
    "most similar of nothing": (lambda wv: wv.most_similar_to_given("king", []), "keys_list is empty"),
    "sets: empty": (lambda wv: wv.n_similarity([], ["king"]), "ws1 is empty"),
    "sets: a text": (lambda wv: wv.n_similarity(["king"], "man"), "ws2: .*'man'"),
    "sets: unknown": (lambda wv: wv.n_similarity(["child"], ["king"]), "none of 1 words"),
    "centrality of a text": (lambda wv: wv.rank_by_centrality("king"), "got the text 'king'"),
    "centrality of nothing": (lambda wv: wv.rank_by_centrality([]), "none of 0 words"),
    "mean of weights not finite": (lambda wv: wv.get_mean_vector(["king"], [np.inf]), "weights hold"),
    "filter: a text": (lambda wv: wv.filter("king"), "got the text 'king'"),
    "filter: nothing": (lambda wv: wv.filter([]), "words is empty"),
    "filter: unknown": (lambda wv: wv.filter(["child"]), "none of 1 words"),
    "merge: other size": (
        lambda wv: wv.merged_with(WordVectors(["a"], np.array([1]), np.ones((1, 3), np.float32))),
        "2 and of 3 dimensions",
    ),
    "merge: unknown choice": (lambda wv: wv.merged_with(wv, prefer="both"), "prefer = 'both'"),
    "add: a text": (lambda wv: wv.add_vectors("child", [[0, 0]]), "got the text 'child'"),
    "add: nothing": (lambda wv: wv.add_vectors([], []), "keys is empty"),
    "add: a number": (lambda wv: wv.add_vectors([3], [[0, 0]]), "expected a string"),
    "add: there already": (
        lambda wv: wv.add_vectors(["king"], [[0, 0]]),
        "'king' has a vector .*replace=True",
    ),
    "add: twice": (lambda wv: wv.add_vectors(["a", "a"], [[0, 0]] * 2), "'a' comes twice"),
    "add: one vector": (lambda wv: wv.add_vectors(["a"], [0, 0]), r"shape \(1, 2\), got \(2,\)"),
    "add: other lengths": (lambda wv: wv.add_vectors(["a", "b"], [[0, 0], [0]]), "one length"),
    "add: NaN": (lambda wv: wv.add_vectors(["a"], [[0, np.nan]]), "vectors hold NaN"),
    "add: counts": (lambda wv: wv.add_vectors(["a"], [[0, 0]], counts=[1, 2]), r"got \(2,\)"),
    "pairs: no vocabulary": (lambda wv: wv.evaluate_word_pairs("p", restrict_vocab=0), "restrict_vocab = 0"),
    "save: unknown format": (lambda wv: wv.save("v", format="pickle"), "format = 'pickle'"),
    "save: binary without header": (
        lambda wv: wv.save_word2vec_format("v", binary=True, write_header=False),
        "write_header",
    ),
    "load: binary without header": (
        lambda wv: WordVectors.load_word2vec_format("v", binary=True, no_header=True),
        "no_header",
    ),
    "load: limit": (lambda wv: WordVectors.load_word2vec_format("v", limit=0), "limit = 0"),
}


@pytest.mark.parametrize("name", REJECTED)
def test_what_cannot_be_answered_is_rejected_with_the_value(wv, name):
    ask, match = REJECTED[name]
    with pytest.raises(UserError, match=match):
        ask(wv)


UNKNOWN = [
    lambda wv: wv.get_vector("child"),
    lambda wv: wv.get_index("child"),
    lambda wv: wv.get_vecattr("child", "count"),
    lambda wv: wv.distance("king", "child"),
    lambda wv: wv.distances("king", ["child"]),
    lambda wv: wv.rank("king", "child"),
    lambda wv: wv.closer_than("child", "king"),
    lambda wv: wv.most_similar_to_given("king", ["child"]),
    lambda wv: wv.most_similar([("child", 2.0)]),
    lambda wv: wv.similar_by_word("child"),
    lambda wv: wv.relative_cosine_similarity("king", "child"),
]


@pytest.mark.parametrize("ask", UNKNOWN)
def test_an_unknown_word_is_a_key_error(wv, ask):
    with pytest.raises(UnknownWordError) as fault:
        ask(wv)
    assert isinstance(fault.value, KeyError)
    assert fault.value.word == "child"


# --- new objects ---


def test_filter_keeps_the_order_of_the_object_and_vectors_for_all_that_of_the_words(unsorted):
    asked = ["woman", "child", "king", "woman"]
    assert unsorted.filter(asked).tokens == ["king", "woman"]
    assert unsorted.filter(asked).counts.tolist() == [10, 30]
    assert unsorted.vectors_for_all(asked).tokens == ["woman", "king"]
    assert unsorted.filter(iter(asked)).tokens == ["king", "woman"]


def test_added_words_come_last_and_the_object_stays(wv):
    more = wv.add_vectors(["child", "king"], [[0, -1], [1, 1]], replace=True)
    assert same(wv, WordVectors(WORDS, np.array([40, 30, 20, 10]), ROWS))
    assert more.tokens == [*WORDS, "child"]
    assert more.counts.tolist() == [40, 30, 20, 10, 1]
    assert more["king"].tolist() == [1, 1]
    assert more["child"].tolist() == [0, -1]
    assert more["queen"].tolist() == [-3, 4]
    counted = wv.add_vectors(["child", "king"], np.ones((2, 2)), counts=[50, 60], replace=True)
    assert counted.counts.tolist() == [60, 30, 20, 10, 50]
    assert counted.tokens_by_count(2) == ["king", "child"]


def test_a_merge_prefers_one_side(wv):
    other = WordVectors(["child", "king"], np.array([7, 5]), np.array([[0, -1], [1, 1]], np.float32))
    union = wv.merged_with(other)
    assert union.tokens == [*WORDS, "child"]
    assert union.counts.tolist() == [40, 30, 20, 10, 7]
    assert union["king"].tolist() == [3, 4]
    assert union["child"].tolist() == [0, -1]
    theirs = wv.merged_with(other, prefer="other")
    assert theirs["king"].tolist() == [1, 1]
    assert theirs.counts.tolist() == union.counts.tolist()
    intersected = wv.merged_with(other, prefer="other", add_words=False)
    assert intersected.tokens == WORDS
    assert intersected["king"].tolist() == [1, 1]
    assert wv["king"].tolist() == [3, 4]
    assert same(wv.merged_with(wv.filter(["king"])), wv)


# --- files and frames ---


@pytest.mark.parametrize("name", ["safetensors", "parquet", "npy"])
def test_what_is_saved_is_loaded(unsorted, tmp_path, name):
    assert unsorted.save(tmp_path / "v", format=name).words == 4
    order = ["queen", "woman", "man", "king"]
    assert same(WordVectors.load(tmp_path / "v"), unsorted.vectors_for_all(order))


def test_the_default_format_is_mapped(wv, tmp_path):
    wv.save(tmp_path / "v")
    assert same(WordVectors.load(tmp_path / "v"), wv)
    assert not WordVectors.load(tmp_path / "v").vectors.flags.writeable


def test_a_word_with_a_space_is_not_dropped_silently(tmp_path):
    wv = WordVectors(["New York", "king"], np.array([2, 1]), ROWS[:2])
    for save in (wv.save_word2vec_format, lambda path: wv.save(path, format="glove")):
        with pytest.raises(InputError, match="New York"):
            save(tmp_path / "v")
    exported = wv.save_word2vec_format(tmp_path / "v", tmp_path / "counts", strict=False)
    assert (exported.words, exported.skipped) == (1, ("New York",))
    assert (tmp_path / "counts").read_text() == "king 1\n"
    assert WordVectors.load_word2vec_format(tmp_path / "v", tmp_path / "counts").counts.tolist() == [1]


@pytest.mark.parametrize("binary", [True, False])
def test_a_file_of_the_other_kind_names_the_argument(wv, tmp_path, binary):
    wv.save_word2vec_format(tmp_path / "v", binary=binary)
    with pytest.raises(InputError, match=f"Pass binary={binary}"):
        WordVectors.load_word2vec_format(tmp_path / "v", binary=not binary)


def test_a_limit_reads_only_the_start_of_a_file(wv, tmp_path, monkeypatch):
    monkeypatch.setattr("w2v_core.vectors.formats.word2vec_file._CHUNK", 16)
    monkeypatch.setattr("w2v_core.vectors.formats.glove._READ_BYTES", 16)
    wv.save_word2vec_format(tmp_path / "v")
    lines = (tmp_path / "v").read_text().splitlines()
    (tmp_path / "v").write_text("\n".join([*lines[:-1], "damaged"]) + "\n")
    (tmp_path / "v.glove").write_text("\n".join([*lines[1:-1], "damaged"]) + "\n")
    for path, no_header, number in ((tmp_path / "v", False, 5), (tmp_path / "v.glove", True, 4)):
        start = WordVectors.load_word2vec_format(path, limit=2, no_header=no_header)
        assert start.tokens == WORDS[:2]
        assert start.counts.tolist() == [2, 1]
        with pytest.raises(UserError, match=f"line {number}"):
            WordVectors.load_word2vec_format(path, no_header=no_header)


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("king 4\nqueen 3\nman 2\n", "none for 'woman'"),
        ("king 4\nqueen\n", "line 2: .*'queen'"),
        ("king 4\nqueen -3\n", "line 2: .*'queen -3'"),
        (b"caf\xe9 4\n", "not UTF-8"),
        (None, "cannot be read"),
    ],
)
def test_damaged_counts_are_named(wv, tmp_path, text, match):
    wv.save_word2vec_format(tmp_path / "v")
    if text is not None:
        (tmp_path / "counts").write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(InputError, match=match):
        WordVectors.load_word2vec_format(tmp_path / "v", tmp_path / "counts")


def test_an_arrow_table_is_the_parquet_file_without_a_copy(wv, tmp_path):
    wv.save(tmp_path / "v.parquet", format="parquet")
    table = wv.to_arrow()
    assert table.equals(pq.read_table(tmp_path / "v.parquet"))
    table.validate(full=True)
    (chunk,) = table["vector"].chunks
    assert chunk.values.buffers()[1].address == wv.vectors.ctypes.data


@pytest.mark.filterwarnings("ignore::DeprecationWarning:pandas")
def test_a_pandas_frame_holds_the_table(wv):
    pytest.importorskip("pandas")
    frame = wv.to_pandas()
    assert frame.columns.tolist() == ["id", "token", "count", "vector"]
    assert np.stack(frame["vector"]).tolist() == ROWS.tolist()


def test_a_frame_without_pandas_names_the_package(wv, monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(UserError, match="pip install pandas"):
        wv.to_pandas()


# --- scores ---


@pytest.mark.parametrize(
    ("text", "match"),
    [("king\tchild\t3\nman\twoman\t2\n", "got 1 of 2"), ("king child 3\n", "got 0 of 1")],
)
def test_too_few_pairs_are_an_error(wv, tmp_path, text, match):
    (tmp_path / "pairs").write_text(text)
    with pytest.raises(InputError, match=match):
        wv.evaluate_word_pairs(tmp_path / "pairs")


def test_equal_scores_have_no_correlation(wv, tmp_path):
    (tmp_path / "pairs").write_text("king man 3\nking woman 3\n")
    pearson, spearman, oov_ratio = wv.evaluate_word_pairs(tmp_path / "pairs")
    assert np.isnan([*pearson, *spearman]).all()
    assert oov_ratio == 0


def test_questions_without_known_words_are_an_error(wv, tmp_path):
    (tmp_path / "questions").write_text(": family\nboy girl king queen\n")
    with pytest.raises(InputError, match="got none of 1"):
        wv.evaluate_word_analogies(tmp_path / "questions")


# --- what is shown ---


def test_what_a_notebook_shows_is_escaped_and_short():
    rows = np.arange(60, dtype=np.float32).reshape(10, 6)
    wv = WordVectors(["<script>", *"abcdefghi"], np.array([1, *range(900, 9900, 1000)]), rows)
    assert repr(wv) == "<WordVectors: 10 words, 6 dimensions>"
    shown = wv._repr_html_()
    assert "<td>i</td><td>8,900</td><td>54.000 55.000 56.000 57.000 58.000 …</td>" in shown
    assert "script" not in shown
    assert shown.count("<tr>") == 6
    few = WordVectors(["<script>"], np.array([1]), rows[:1])
    assert "<td>&lt;script&gt;</td>" in few._repr_html_()
    assert repr(few) == "<WordVectors: 1 word, 6 dimensions>"


def test_showing_and_loading_make_no_python_strings(wv):
    loaded = WordVectors.of(wv.table)
    loaded._repr_html_()
    assert "tokens" not in vars(loaded)
