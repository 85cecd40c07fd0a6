"""The index of neighbours against looking at every word."""

import hashlib
import sys

import numpy as np
import pytest

from w2v_core.errors import UserError
from w2v_core.vectors.index import NearestIndex
from w2v_core.vectors.word_vectors import UnknownWordError, WordVectors


def clusters(num_words: int, vector_size: int = 16, seed: int = 1) -> WordVectors:
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(20, vector_size))
    vectors_VD = centres[rng.integers(0, 20, num_words)] + rng.normal(size=(num_words, vector_size))
    scale_V1 = rng.uniform(0.1, 10, (num_words, 1))  # the cosine is what counts
    words = [f"낱말_{i}" for i in range(num_words)]
    return WordVectors(words, np.arange(num_words, 0, -1), (vectors_VD * scale_V1).astype(np.float32))


@pytest.fixture(scope="module")
def vectors() -> WordVectors:
    return clusters(3000)


@pytest.fixture(scope="module")
def index(vectors) -> NearestIndex:
    return NearestIndex.build(vectors, threads=1)


def test_most_of_the_nearest_are_found_with_the_scores_of_looking_at_all(vectors, index):
    assert 0.9 <= index.recall(num_words=300) <= 1
    word = vectors.tokens[7]
    exact = dict(vectors.most_similar(word, topn=20))
    found = index.most_similar(word, topn=20)
    assert [score for _, score in found] == sorted((score for _, score in found), reverse=True)
    for other, score in found:
        if other in exact:
            assert score == pytest.approx(exact[other], abs=1e-5)
    assert len(found) == 20


def test_few_are_found_where_few_are_looked_at(vectors):
    # What recall measures can be less than one.
    careless = NearestIndex.build(vectors, neighbors=2, build_search=1, search=1, threads=1)
    assert careless.recall(num_words=200) < 0.8


def test_questions_have_terms_and_leave_them_out(vectors, index):
    a, b, c = vectors.tokens[:3]
    exact = vectors.most_similar([a, b, vectors[c] * 0.1], [c], topn=5)
    found = index.most_similar([a, b, vectors[c] * 0.1], [c], topn=5)
    assert {a, b, c}.isdisjoint(word for word, _ in found)
    assert found[0][0] == exact[0][0]
    assert index.most_similar_batch([a, b], topn=5) == [
        index.most_similar(a, topn=5),
        index.most_similar(b, topn=5),
    ]


def test_an_index_is_opened_as_it_was_saved(vectors, index, tmp_path):
    path = str(tmp_path / "색인.usearch")
    index.save(path)
    opened = NearestIndex.open(path, vectors)
    for word in vectors.tokens[:50]:
        assert opened.most_similar(word) == index.most_similar(word)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["색인.usearch", "색인.usearch.sha256"]


@pytest.mark.parametrize(
    "other",
    [clusters(3000, seed=2), clusters(2999), clusters(3000, vector_size=8)],
    ids=["other numbers", "another number of words", "other dimensions"],
)
def test_the_index_of_other_vectors_is_refused(index, other, tmp_path):
    path = str(tmp_path / "index")
    index.save(path)
    with pytest.raises(UserError, match="index of other vectors"):
        NearestIndex.open(path, other)


@pytest.mark.parametrize("data", [b"", b"text", b"\0" * 1000])
def test_a_file_that_is_no_index_is_refused(vectors, tmp_path, data):
    path = tmp_path / "index"
    path.write_bytes(data)
    for missing in (path, tmp_path / "none"):
        with pytest.raises(UserError, match="is not an index with a checksum"):
            NearestIndex.open(str(missing), vectors)
    path.with_name("index.sha256").write_text(hashlib.sha256(data).hexdigest() + "\n")
    with pytest.raises(UserError, match="is not an index: |index of other vectors"):
        NearestIndex.open(str(path), vectors)


def test_a_damaged_index_is_told_before_it_is_mapped(vectors, index, tmp_path):
    path = tmp_path / "index"
    index.save(str(path))
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    with pytest.raises(UserError, match="changed since it was saved.* index"):
        NearestIndex.open(str(path), vectors)


def test_small_vocabularies_and_bad_questions(vectors, index):
    pair = clusters(2)
    assert [word for word, _ in NearestIndex.build(pair).most_similar(pair.tokens[0])] == [pair.tokens[1]]
    with pytest.raises(UserError, match="no neighbours"):
        NearestIndex.build(clusters(1)).recall()
    with pytest.raises(UnknownWordError):
        index.most_similar("none")
    with pytest.raises(UserError, match="topn = 0"):
        index.most_similar(vectors.tokens[0], topn=0)


def test_the_extra_is_named_where_it_is_not_installed(vectors, monkeypatch):
    monkeypatch.setitem(sys.modules, "usearch.index", None)
    with pytest.raises(UserError, match=r"pip install 'w2v\[index\]'"):
        NearestIndex.build(vectors)


def test_an_index_that_cannot_be_saved_leaves_nothing(index, tmp_path):
    (tmp_path / "folder").mkdir()
    for path in (tmp_path / "none" / "index", tmp_path / "folder"):
        with pytest.raises(UserError, match=f"{path} cannot be written: "):
            index.save(str(path))
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]


@pytest.mark.parametrize("fault", [RuntimeError("Out of memory!"), ValueError("an inhomogeneous shape")])
def test_an_index_whose_words_cannot_be_read_is_damaged(vectors, index, tmp_path, monkeypatch, fault):
    def fail(self):
        raise fault

    path = str(tmp_path / "index")
    index.save(path)
    monkeypatch.setattr(NearestIndex, "_fits", fail)
    with pytest.raises(UserError, match="damaged .*index"):
        NearestIndex.open(path, vectors)


@pytest.mark.parametrize("name", ["neighbors", "build_search", "search"])
@pytest.mark.parametrize("number", [0, -1])
def test_a_graph_without_neighbours_is_refused(vectors, name, number):
    with pytest.raises(UserError, match=f"{name} = {number} must be at least 1"):
        NearestIndex.build(vectors, **{name: number})


def test_fewer_answers_are_the_first_of_more_and_ties_come_by_id():
    rows_VD = np.repeat(np.eye(8, dtype=np.float32), 6, axis=0)
    vectors = WordVectors([f"w{i:02}" for i in range(48)], np.arange(48, 0, -1), rows_VD)
    index = NearestIndex.build(vectors, threads=1)
    longest = index.most_similar("w13", topn=12)
    assert longest[:5] == [(f"w{i}", 1.0) for i in (12, 14, 15, 16, 17)]
    assert all(index.most_similar("w13", topn=topn) == longest[:topn] for topn in range(1, 12))


def test_recall_leaves_zero_vectors_out():
    vectors = clusters(60)
    vectors.vectors[7] = 0
    assert NearestIndex.build(vectors).recall(num_words=60) > 0.8
    vectors = WordVectors(["a", "b"], np.array([2, 1]), np.zeros((2, 3), np.float32))
    with pytest.raises(UserError, match="zero vector"):
        NearestIndex.build(vectors).recall()
