import re
import unicodedata
import warnings
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from w2v_core.errors import UserError
from w2v_core.evaluation.word_pairs import cosines
from w2v_core.vectors import nearest, similar_words
from w2v_core.vectors.nearest import row_norms, top_k
from w2v_core.vectors.unknown_words import nearest_spellings
from w2v_core.vectors.word_ids import first_ids
from w2v_core.vectors.word_vectors import UnknownWordError, WordVectors

# By gensim's 3CosMul.
pytestmark = pytest.mark.filterwarnings("ignore:Call to deprecated `init_sims`:DeprecationWarning")

# Unit vectors of whole 3-4-5 triangles, at lengths that must not matter; 없음 has the zero vector.
WORDS = ["king", "queen", "man", "서울", "부산", "없음"]
VECTORS = [[3, 4], [0, 2], [10, 0], [-3, 4], [-5, 0], [0, 0]]


def word_vectors(words=WORDS, rows=VECTORS):
    counts = np.arange(len(words), 0, -1, dtype=np.int64)
    return WordVectors(words, counts, np.array(rows, dtype=np.float32))


def write_run(folder: Path, words=WORDS, rows=VECTORS, **columns) -> str:
    np.save(folder / "input.npy", np.array(rows, dtype=np.float32))
    vocab = {
        "id": pa.array(range(len(words)), pa.int32()),
        "count": pa.array(range(len(words), 0, -1), pa.int64()),
        "token": pa.array(words, pa.string()),
        "keep_probability": pa.array([1.0] * len(words)),
    }
    pq.write_table(pa.table({**vocab, **columns}), folder / "vocab.parquet")
    return str(folder)


def cosine(a, b):
    lengths = np.linalg.norm(a) * np.linalg.norm(b)
    return 0.0 if lengths == 0 else float(np.dot(a, b) / lengths)


# --- lookup ---


def test_a_word_is_looked_up_and_its_vector_is_a_copy():
    wv = word_vectors()
    wv["서울"][0] = 99
    np.testing.assert_array_equal(wv["서울"], np.array([-3, 4], dtype=np.float32))
    assert wv["서울"].dtype == np.float32
    assert len(wv) == 6
    assert "부산" in wv
    assert "대구" not in wv


def test_an_unknown_word_is_named_with_the_nearest_spellings():
    with pytest.raises(
        KeyError, match=re.escape("word 'quene' is not in the vocabulary; did you mean 'queen'")
    ) as caught:
        word_vectors()["quene"]
    assert isinstance(caught.value, UserError)
    assert caught.value.args == ("quene",)


def test_nearest_spellings_compare_hangul_letter_by_letter():
    assert nearest_spellings("셔울", WORDS) == ["서울"]
    assert nearest_spellings("zzz", WORDS) == []
    assert "none of its words is spelled like it" in str(UnknownWordError("zzz", WORDS))


@pytest.mark.parametrize(
    ("word", "form"),
    [("QUEEN", "queen"), (unicodedata.normalize("NFD", "서울"), "서울"), ("ｑｕｅｅｎ", "queen")],
)
def test_a_word_in_another_case_or_unicode_form_is_told_so(word, form):
    told = str(UnknownWordError(word, WORDS))
    assert f"did you mean {form!r}? The vocabulary spells it in another case or Unicode form." in told


def test_an_empty_word_is_told_to_be_empty():
    assert str(UnknownWordError("", WORDS)).startswith("word '' is empty: ")


def test_first_ids_keep_the_most_frequent_spelling_in_order():
    assert list(first_ids(["the", "us", "the", "it", "us"]).items()) == [("the", 0), ("us", 1), ("it", 3)]


def test_a_word_that_occurs_twice_is_refused():
    with pytest.raises(UserError, match="holds .* twice: "):
        word_vectors(["a", "b", "a"], [[1, 0]] * 3)["a"]


@pytest.mark.parametrize(
    ("words", "rows", "message"),
    [
        (["a"], np.ones((2, 3), dtype=np.float32), "1 tokens, 2 counts and 2 vectors"),
        (["a", "b"], np.ones((2, 3)), "float64"),
        (["a", "b"], np.ones(2, dtype=np.float32), r"float32 \(2,\)"),
    ],
)
def test_parts_that_do_not_fit_are_refused(words, rows, message):
    with pytest.raises(ValueError, match=message):
        WordVectors(words, np.ones(2, dtype=np.int64), rows)


# --- cosines ---


def test_similarity_is_the_cosine():
    wv = word_vectors()
    assert wv.similarity("king", "queen") == pytest.approx(0.8)
    assert wv.similarity("king", "서울") == pytest.approx((-9 + 16) / 25)
    assert wv.similarity("man", "부산") == pytest.approx(-1)
    assert wv.similarity("man", "man") == pytest.approx(1)
    assert wv.similarity("man", "없음") == 0


def test_most_similar_ranks_by_cosine_without_the_word_itself():
    answers = word_vectors().most_similar("king")
    assert [word for word, _ in answers] == ["queen", "man", "서울", "없음", "부산"]
    np.testing.assert_allclose([score for _, score in answers], [0.8, 0.6, 0.28, 0, -0.6], atol=1e-6)


def test_most_similar_means_unit_vectors_not_raw_ones():
    # unit(king) + unit(man) - unit(queen) = (0.6, 0.8) + (1, 0) - (0, 1) = (1.6, -0.2), of length sqrt(2.6).
    answers = word_vectors().most_similar(["king", "man"], ["queen"], topn=2)
    assert [word for word, _ in answers] == ["없음", "서울"]
    assert answers[1][1] == pytest.approx((1.6 * -0.6 + -0.2 * 0.8) / 2.6**0.5)


def test_analogy_is_3cosadd():
    # man : king :: queen : ?  ->  (0.6, 0.8) - (1, 0) + (0, 1) = (-0.4, 1.8); unit(서울) = (-0.6, 0.8).
    word, score = word_vectors().analogy("man", "king", "queen", topn=1)[0]
    assert word == "서울"
    assert score == pytest.approx((0.24 + 1.44) / np.hypot(0.4, 1.8))


def test_restrict_vocab_limits_the_answers_but_not_the_question():
    wv = word_vectors()
    assert [word for word, _ in wv.most_similar("서울", restrict_vocab=2)] == ["queen", "king"]
    assert wv.most_similar("king", restrict_vocab=1) == []
    assert len(wv.most_similar("king", restrict_vocab=600, topn=600)) == 5


def test_zero_vectors_score_zero():
    assert dict(word_vectors().most_similar("king"))["없음"] == 0
    assert word_vectors().similarity("king", "없음") == 0


@pytest.mark.parametrize("method", ["most_similar", "most_similar_cosmul"])
def test_a_question_without_a_direction_is_refused(method):
    ask = getattr(word_vectors(), method)
    with pytest.raises(UserError, match="the vector of '없음' is zero"):
        ask("없음")
    with pytest.raises(UserError, match="zero"):
        ask([np.zeros(2, np.float32)])
    assert ask(["king", "없음"])[0][0] == "queen"
    with pytest.raises(UserError, match=r"\['man', 'man'\] adds up to zero"):
        word_vectors().most_similar(["man"], ["man"])


@pytest.mark.parametrize(
    ("question", "message"),
    [
        ({"positive": ["king"], "topn": 0}, "topn = 0 must be at least 1"),
        ({"positive": ["king"], "restrict_vocab": 0}, "restrict_vocab = 0 must be at least 1"),
        ({"positive": []}, "at least one positive or negative word"),
        ({"positive": ["king"], "negative": ["대구"]}, "word '대구' is not in the vocabulary"),
    ],
)
def test_a_question_without_an_answer_is_refused(question, message):
    with pytest.raises(UserError, match=message):
        word_vectors().most_similar(**question)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_vectors_of_a_diverged_training_are_refused(bad):
    with pytest.raises(UserError, match="NaN or infinity"):
        word_vectors(["a", "b", "c"], [[1, 0], [0, 1], [bad, 0]]).most_similar("a")


@pytest.mark.parametrize("scale", [1e-38, 1e-30, 1e-12, 1, 1e12, 1e30, 6e37])
def test_norms_neither_overflow_nor_vanish(scale):
    rows = np.array([[3, 4], [0, 0]], dtype=np.float32) * np.float32(scale)
    np.testing.assert_allclose(row_norms(rows), [5 * scale, 0], rtol=1e-6)


def test_norms_of_rows_beyond_float32_are_refused():
    with pytest.raises(UserError, match="longer than float32"):
        row_norms(np.full((1, 4), 3e38, np.float32))


# --- top_k ---


def slow_top_k(rows, query, k, excluded):
    scored = [(cosine(row, query), word_id) for word_id, row in enumerate(rows) if word_id not in excluded]
    return sorted(scored, key=lambda answer: (-answer[0], answer[1]))[:k]


@given(
    st.integers(1, 12).flatmap(lambda v: arrays(np.int8, (v, 3), elements=st.integers(-9, 9))),
    arrays(np.int8, (2, 3), elements=st.integers(-9, 9)),
    st.integers(1, 14),
    arrays(np.int64, (2, 2), elements=st.integers(-1, 12)),
    st.integers(1, 13),
)
def test_top_k_is_the_sorted_loop_whatever_the_block_size(rows, queries, k, excluded_BX, block_rows):
    rows_VD, query_BD = rows.astype(np.float32), queries.astype(np.float32)
    query_BD /= np.maximum(row_norms(query_BD), 1e-9)[:, None]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(nearest, "BLOCK_SCORES", 2 * block_rows)
        ids_BK, score_BK = top_k(rows_VD, query_BD, k, excluded_BX, row_norms(rows_VD))
    assert ids_BK.shape == score_BK.shape == (2, min(k, len(rows)))
    for query, ids_K, score_K, excluded in zip(queries, ids_BK, score_BK, excluded_BX, strict=True):
        found = score_K > -np.inf
        expected = slow_top_k(rows.astype(float), query.astype(float), k, excluded.tolist())
        np.testing.assert_allclose(score_K[found], [score for score, _ in expected], atol=1e-6)
        assert len(set(ids_K.tolist())) == len(ids_K)
        assert not set(ids_K[found].tolist()) & set(excluded.tolist())
        own = [cosine(rows[word_id].astype(float), query.astype(float)) for word_id in ids_K]
        np.testing.assert_allclose(score_K[found], np.array(own)[found], atol=1e-6)


def test_top_k_breaks_ties_by_id_across_blocks(monkeypatch):
    monkeypatch.setattr(nearest, "BLOCK_SCORES", 2 * 2)
    rows_VD = np.array([[1, 0], [0, 1], [0, 1], [1, 0], [0, 1]], dtype=np.float32)
    ids_BK, score_BK = top_k(rows_VD, np.array([[0, 1], [1, 0]], dtype=np.float32), 5)
    assert ids_BK.tolist() == [[1, 2, 4, 0, 3], [0, 3, 1, 2, 4]]
    assert score_BK.tolist() == [[1, 1, 1, 0, 0], [1, 1, 0, 0, 0]]


def test_top_k_of_no_query_is_empty():
    ids_BK, score_BK = top_k(np.ones((4, 2), dtype=np.float32), np.empty((0, 2), dtype=np.float32), 3)
    assert ids_BK.shape == score_BK.shape == (0, 3)


# --- gensim's answers ---


@pytest.fixture(scope="module")
def both():
    """Our vectors and gensim's, of the same words and numbers."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        gensim_models = pytest.importorskip("gensim.models", reason="the oracle is not installed")
    rows_VD = np.random.default_rng(0).normal(size=(500, 16)).astype(np.float32)
    words = [f"단어{word_id}" for word_id in range(500)]
    theirs = gensim_models.KeyedVectors(16)
    theirs.add_vectors(words, rows_VD)
    return word_vectors(words, rows_VD), theirs


def assert_same_answers(found, expected):
    assert [word for word, _ in found] == [word for word, _ in expected]
    np.testing.assert_allclose([s for _, s in found], [s for _, s in expected], atol=1e-5)


A_VECTOR = np.arange(16, dtype=np.float32) - 5
ANOTHER = np.cos(np.arange(16)).astype(np.float32)
QUESTIONS = [
    {"positive": "단어7", "topn": 20},
    {"positive": ["단어400", "단어3"], "negative": ["단어9"], "restrict_vocab": 100},
    {"positive": [], "negative": ["단어9", "단어8"]},
    {"positive": A_VECTOR},
    {"positive": [A_VECTOR, "단어3"], "negative": [ANOTHER, "단어9"]},
    {"positive": np.stack([A_VECTOR, ANOTHER]), "negative": "단어9"},
]


@pytest.mark.parametrize("block_rows", [7, 64, 8192])
@pytest.mark.parametrize("question", QUESTIONS, ids=range(len(QUESTIONS)))
def test_answers_are_gensims(both, monkeypatch, question, block_rows):
    monkeypatch.setattr(nearest, "BLOCK_SCORES", 2 * block_rows)
    ours, theirs = both
    assert_same_answers(ours.most_similar(**question), theirs.most_similar(**question))


@pytest.mark.parametrize("block_rows", [7, 8192])
@pytest.mark.parametrize(
    ("positive", "negative"),
    [
        ("단어7", []),
        (["단어400", "단어3"], ["단어9"]),
        (["단어1", "단어2", "단어3"], ["단어4", "단어5"]),
        # gensim takes the sign of vectors' terms as it is: those of length 1 keep (1 + cos) / 2 above 0
        ([A_VECTOR / np.linalg.norm(A_VECTOR), "단어3"], ["단어9"]),
    ],
)
def test_3cosmul_is_gensims(both, monkeypatch, positive, negative, block_rows):
    monkeypatch.setattr(nearest, "BLOCK_SCORES", 2 * block_rows)
    ours, theirs = both
    found = ours.most_similar_cosmul(positive, negative, topn=30)
    assert_same_answers(found, theirs.most_similar_cosmul(positive, negative, topn=30))


def test_3cosmul_in_a_vocabulary_that_is_restricted(both):
    ours, theirs = both
    among = theirs.most_similar_cosmul(["단어400", "단어3"], ["단어9"], topn=500)
    expected = [(word, score) for word, score in among if int(word[2:]) < 100][:10]
    assert_same_answers(
        ours.most_similar_cosmul(["단어400", "단어3"], ["단어9"], restrict_vocab=100), expected
    )


def test_analogies_by_either_method_are_gensims(both):
    ours, theirs = both
    question = {"positive": ["단어2", "단어3"], "negative": ["단어1"]}
    asked = "단어1", "단어2", "단어3"
    assert_same_answers(ours.analogy(*asked), theirs.most_similar(**question))
    assert_same_answers(ours.analogy(*asked, method="3cosmul"), theirs.most_similar_cosmul(**question))
    with pytest.raises(UserError, match="method = 'cos' .*3cosadd, 3cosmul"):
        ours.analogy(*asked, method="cos")


def test_lookups_and_cosines_are_gensims(both):
    ours, theirs = both
    assert ours.similarity("단어1", "단어2") == pytest.approx(theirs.similarity("단어1", "단어2"), abs=1e-6)
    np.testing.assert_array_equal(ours[["단어7", "단어1"]], theirs[["단어7", "단어1"]])
    assert ours.vector_size == theirs.vector_size
    assert len(ours) == len(theirs)
    words = ["단어7", "없는말", "단어1", "단어7"]
    found, expected = ours.vectors_for_all(words), theirs.vectors_for_all(words)
    assert found.tokens == expected.index_to_key == ["단어7", "단어1"]
    np.testing.assert_array_equal(found.vectors, expected.vectors)
    assert found.counts.tolist() == [ours.counts[7], ours.counts[1]]


@given(
    st.lists(st.integers(0, 520), min_size=1, max_size=6),
    st.lists(st.sampled_from([-2.0, -0.5, 0.0, 1.0, 3.0]), min_size=6, max_size=6),
    st.booleans(),
    st.booleans(),
)
def test_means_and_odd_words_are_gensims(both, numbers, weights, pre_normalize, post_normalize):
    ours, theirs = both
    words = [f"단어{number}" for number in numbers]  # above 499: unknown
    options = {"pre_normalize": pre_normalize, "post_normalize": post_normalize}
    for keys in (words, [*words, A_VECTOR]):
        cut_weights = weights[: len(keys)] + [1.0] * (len(keys) - len(weights))
        found = ours.get_mean_vector(keys, cut_weights, **options)
        np.testing.assert_allclose(found, theirs.get_mean_vector(keys, cut_weights, **options), atol=1e-5)
    known = [word for word in words if word in ours]
    if len(set(known)) > 2:
        units = {word: theirs.get_vector(word, norm=True) for word in known}
        mean = np.mean([units[word] for word in known], axis=0)
        one, other = (units[each.doesnt_match(words)] @ mean for each in (ours, theirs))
        assert abs(one - other) < 1e-6  # of two that are as far, either


def test_a_word_that_does_not_match():
    wv = word_vectors(["breakfast", "lunch", "dinner", "cereal"], [[1, 0], [9, 1], [2, 0.1], [-1, 4]])
    assert wv.doesnt_match(["breakfast", "cereal", "dinner", "lunch", "unknown"]) == "cereal"
    with pytest.raises(UserError, match="none of 1 words"):
        wv.doesnt_match(["unknown"])


def test_a_mean_without_keys_or_with_too_few_weights_is_refused():
    for keys, weights in (([], None), (["king"], [1, 2])):
        with pytest.raises(UserError, match="got . keys and . weights"):
            word_vectors().get_mean_vector(keys, weights)
    with pytest.raises(UnknownWordError):
        word_vectors().get_mean_vector(["대구"], ignore_missing=False)
    assert word_vectors().get_mean_vector(["대구"]).tolist() == [0, 0]


# --- many questions ---


def has_direction(wv: WordVectors, positive: list[str], negative: list[str]) -> bool:
    rows = [
        wv.unit_rows(np.array([WORDS.index(word) for word in words], int)) for words in (positive, negative)
    ]
    return bool((rows[0].sum(axis=0) - rows[1].sum(axis=0)).any())


FEW_WORDS = st.lists(st.sampled_from(WORDS), min_size=1, max_size=3)


@given(
    st.lists(st.tuples(FEW_WORDS, st.lists(st.sampled_from(WORDS), max_size=2)), max_size=7),
    st.integers(1, 7),
    st.integers(1, 3),
    st.integers(1, 9),
)
def test_many_questions_are_answered_as_one_by_one(questions, topn, batch, block_rows):
    wv = word_vectors()
    questions = [question for question in questions if has_direction(wv, *question)]
    one_by_one = [wv.most_similar(*question, topn=topn) for question in questions]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(similar_words, "BATCH_QUESTIONS", batch)
        patch.setattr(nearest, "BLOCK_SCORES", 2 * block_rows)
        at_once = wv.most_similar_batch([p for p, _ in questions], [n for _, n in questions], topn=topn)
    assert len(at_once) == len(questions)
    for found, expected in zip(at_once, one_by_one, strict=True):
        np.testing.assert_allclose([s for _, s in found], [s for _, s in expected], atol=1e-6)


def test_a_batch_takes_words_and_vectors(both):
    ours, theirs = both
    found = ours.most_similar_batch(["단어7", A_VECTOR, ["단어1", A_VECTOR]])
    for answers, question in zip(found, ["단어7", A_VECTOR, ["단어1", A_VECTOR]], strict=True):
        assert_same_answers(answers, theirs.most_similar(question))
    assert ours.most_similar_batch([]) == []


@pytest.mark.parametrize(
    ("vector", "reason"),
    [
        (np.ones(3), r"shape \(2,\), got \(3,\)"),
        (np.ones((1, 1)), r"shape \(2,\), got \(1, 1\)"),
        (np.array([1, np.nan]), "NaN or infinity; give finite"),
        (np.array([np.inf, 0]), "NaN or infinity; give finite"),
    ],
)
def test_a_query_vector_of_another_shape_or_not_finite_is_rejected(vector, reason):
    with pytest.raises(UserError, match=reason):
        word_vectors().most_similar([vector])


def test_3cosmul_needs_a_positive_term():
    with pytest.raises(UserError, match="requires a positive word"):
        word_vectors().most_similar_cosmul([], ["king"])


# --- load ---


def test_a_run_is_loaded_without_copying_its_table(tmp_path):
    wv = WordVectors.load(write_run(tmp_path))
    assert "tokens" not in vars(wv), "words became Python strings before any was asked for"
    assert wv.tokens == WORDS
    assert wv.counts.dtype == np.int64
    assert wv.counts.tolist() == [6, 5, 4, 3, 2, 1]
    assert isinstance(wv.vectors.base, np.memmap)
    assert not wv.vectors.flags.writeable
    np.testing.assert_array_equal(wv.vectors, np.array(VECTORS, dtype=np.float32))
    assert wv.most_similar("king", topn=1)[0][0] == "queen"


@pytest.mark.parametrize("name", ["input.npy", "vocab.parquet"])
def test_a_missing_file_is_named(tmp_path, name):
    folder = write_run(tmp_path)
    (tmp_path / name).unlink()
    with pytest.raises(UserError, match=f"{name} is missing: give the RUN/vectors"):
        WordVectors.load(folder)


@pytest.mark.parametrize("name", ["input.npy", "vocab.parquet"])
@pytest.mark.parametrize("keep", [0, 5, 60, -1])
def test_a_truncated_file_is_named(tmp_path, name, keep):
    folder = write_run(tmp_path)
    content = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(content[:keep])
    with pytest.raises(UserError, match=f"{name} cannot be read as"):
        WordVectors.load(folder)


@pytest.mark.parametrize(
    "table",
    [np.ones((6, 2)), np.ones(6, np.float32), np.asfortranarray(VECTORS, np.float32), np.ones((6, 2), ">f4")],
    ids=["float64", "one axis", "Fortran order", "big endian"],
)
def test_a_table_of_another_form_is_named(tmp_path, table):
    folder = write_run(tmp_path)
    np.save(tmp_path / "input.npy", table)
    with pytest.raises(UserError, match=re.escape("not float32 (V, D) in C order")):
        WordVectors.load(folder)


def test_a_pickled_table_is_refused(tmp_path):
    folder = write_run(tmp_path)
    np.save(tmp_path / "input.npy", np.array([{}], dtype=object), allow_pickle=True)
    with pytest.raises(UserError, match=r"input\.npy .*as npy"):
        WordVectors.load(folder)


def test_a_table_and_a_vocabulary_of_different_length_are_named(tmp_path):
    with pytest.raises(UserError, match=r"input\.npy .*5 rows .*vocab\.parquet 6"):
        WordVectors.load(write_run(tmp_path, rows=VECTORS[:5]))


@pytest.mark.parametrize(
    "columns",
    [
        {"id": pa.array([0, 1, 2, 3, 5, 4], pa.int32())},
        {"id": pa.array(range(6), pa.int64())},
        {"count": pa.array([6, 5, 4, 3, 2, 0], pa.int64())},
        {"count": pa.array([6.0, 5, 4, 3, 2, 1])},
        {"token": pa.array(["a", "b", None, "d", "e", "f"])},
        {"token": pa.array(range(6))},
    ],
    ids=[
        "ids out of order",
        "ids int64",
        "a count of 0",
        "counts float",
        "a null token",
        "tokens are numbers",
    ],
)
def test_a_foreign_vocabulary_is_named(tmp_path, columns):
    with pytest.raises(UserError, match=r"vocab\.parquet is not a vocabulary"):
        WordVectors.load(write_run(tmp_path, **columns))


def test_a_vocabulary_without_a_column_is_named(tmp_path):
    folder = write_run(tmp_path)
    pq.write_table(pa.table({"token": WORDS}), tmp_path / "vocab.parquet")
    with pytest.raises(UserError, match=r"vocab\.parquet is not a vocabulary"):
        WordVectors.load(folder)


def test_tokens_that_are_not_utf_8_are_named(tmp_path):
    not_utf_8 = pa.array([b"\xff"] * 6, pa.binary()).view(pa.string())
    with pytest.raises(UserError, match=r"vocab\.parquet .*as Parquet"):
        WordVectors.load(write_run(tmp_path, token=not_utf_8))


# --- ranges, prefixes and ties ---

FEW = st.integers(2, 40).flatmap(lambda v: arrays(np.int8, (v, 2), elements=st.integers(-1, 1)))


def ways_of_asking(vectors: WordVectors, restrict_vocab: int | None):
    """Each way to get the `topn` nearest of w0 and w1."""
    yield lambda topn: vectors.most_similar("w0", topn=topn, restrict_vocab=restrict_vocab)
    yield lambda topn: vectors.most_similar(["w0", "w1"], ["w1"], topn, restrict_vocab=restrict_vocab)
    yield lambda topn: vectors.most_similar_batch(
        ["w0", "w1", "w0"], topn=topn, restrict_vocab=restrict_vocab
    )[1]
    yield lambda topn: vectors.most_similar_cosmul(["w0"], ["w1"], topn, restrict_vocab)


@given(
    FEW, st.sampled_from([1.0, 0.1, 1e-42, 1e37]), st.sampled_from([None, 7]), st.sampled_from([4, 30, 8192])
)
def test_fewer_answers_are_the_first_of_more_and_ties_come_by_id(rows, scale, restrict_vocab, block_rows):
    rows[:2][~rows[:2].any(axis=1)] = 1  # a zero vector asks nothing
    vectors = word_vectors([f"w{i}" for i in range(len(rows))], rows.astype(np.float32) * np.float32(scale))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(nearest, "BLOCK_SCORES", block_rows)
        for ask in ways_of_asking(vectors, restrict_vocab):
            longest = ask(len(rows))
            order = [(-score, int(word[1:])) for word, score in longest]
            assert order == sorted(order)
            for topn in (1, 2, 3, 12):
                assert ask(topn) == longest[:topn]


@pytest.mark.parametrize("scale", [1, 1e-3, 1e-38, 1e-42, 1e36])
def test_no_cosine_leaves_its_range(scale):
    rows_VD = np.random.default_rng(0).normal(size=(300, 50)).astype(np.float32)
    rows_VD[150:] = rows_VD[:150] * 0.5
    vectors = word_vectors([f"w{i}" for i in range(300)], rows_VD * np.float32(scale))
    assert all(0.999 < vectors.similarity(word, word) <= 1 for word in vectors.tokens)
    for asked in (vectors.most_similar, vectors.most_similar_cosmul):
        assert all(0 <= score <= 1 for _, score in asked("w3", topn=10))
    assert [word for word, _ in vectors.most_similar("w3", topn=1)] == ["w153"]
    ids = np.arange(300)
    found = top_k(vectors.vectors, vectors.unit_rows(ids), 3, None, vectors.norms, None, True)[1]
    assert found.max() <= 1
    assert cosines(vectors, ids, ids).max() <= 1


def test_vectors_among_the_terms_of_3cosmul_count_at_length_1():
    rows_VD = np.random.default_rng(1).normal(size=(30, 4)).astype(np.float32)
    vectors = word_vectors([f"w{i}" for i in range(30)], rows_VD)
    long = vectors.most_similar_cosmul([rows_VD[3] * 100, "w1"], [rows_VD[2] * 50], topn=30)
    unit = vectors.most_similar_cosmul([rows_VD[3], "w1"], [rows_VD[2]], topn=30)
    assert [word for word, _ in long] == [word for word, _ in unit]
    assert all(score >= 0 for _, score in long)
