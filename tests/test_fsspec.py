"""Locations of filesystems that PyArrow does not have, through fsspec."""

import sys

import pytest
from sentences_in_memory import sentences

from w2v_core.api.word2vec import Word2Vec
from w2v_core.errors import UserError
from w2v_core.io.filesystem import open_folder
from w2v_core.vectors.word_vectors import WordVectors


def test_a_scheme_of_fsspec_is_opened(executor):
    fsspec = pytest.importorskip("fsspec")
    model = Word2Vec(executor=executor, vector_size=8, min_count=2, sample=0, workers=1, engine="numpy")
    model.fit(sentences())
    fsspec.filesystem("memory").store.clear()
    model.save("memory://models/one")
    assert WordVectors.load("memory://models/one").vectors.tobytes() == model.wv.vectors.tobytes()
    assert Word2Vec.load("memory://models/one").wv.tokens == model.wv.tokens
    with pytest.raises(UserError, match="absent"):
        WordVectors.load("memory://models/absent")


def test_a_folder_of_fsspec_is_listed_written_and_removed():
    pytest.importorskip("fsspec").filesystem("memory").store.clear()
    folder = open_folder("memory://a/b")
    folder.create()
    folder.write_atomically("one", b"12")
    folder.write_atomically("one", b"123")
    assert folder.sizes() == {"one": 3}
    assert folder.read("one") == b"123"
    assert folder.read("two") is None
    folder.delete()
    assert folder.sizes() == {}


def test_an_unknown_scheme_tells_the_fix(monkeypatch):
    pytest.importorskip("fsspec")
    with pytest.raises(UserError, match="'nosuch'"):
        open_folder("nosuch://x/y")
    monkeypatch.setitem(sys.modules, "fsspec.core", None)
    with pytest.raises(UserError, match="pip install fsspec"):
        open_folder("memory://x/y")
