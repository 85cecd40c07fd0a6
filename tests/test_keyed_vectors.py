"""`WordVectors` in place of gensim's `KeyedVectors`: every public name, and the same results for the same file."""

import re
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from w2v_core import WordVectors

PAGE = Path(__file__).parents[1] / "docs" / "from-gensim.md"
DUNDERS = {"__contains__", "__getitem__", "__len__", "__setitem__"}
NUM_WORDS, SIZE = 120, 8
WORDS = [f"word{number}" for number in range(NUM_WORDS)]

# gensim's 3CosMul and its reader
pytestmark = [
    pytest.mark.filterwarnings("ignore:Call to deprecated `init_sims`:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]


def gensim_class() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip("gensim.models", reason="the oracle is not installed").KeyedVectors


@pytest.fixture(scope="module")
def files(tmp_path_factory) -> Path:
    """A word2vec file, its counts, and evaluation sets of its words, which also name unknown ones."""
    folder = tmp_path_factory.mktemp("files")
    random = np.random.default_rng(3)
    rows = random.normal(size=(NUM_WORDS, SIZE)).astype(np.float32)
    lines = [f"{word} {' '.join(map(repr, row.tolist()))}" for word, row in zip(WORDS, rows, strict=True)]
    (folder / "v.txt").write_text(f"{NUM_WORDS} {SIZE}\n" + "\n".join(lines) + "\n")
    (folder / "glove.txt").write_text("\n".join(lines) + "\n")
    counts = [f"{word} {1000 - 3 * number}" for number, word in enumerate(WORDS)]
    (folder / "counts.txt").write_text("\n".join(counts) + "\n")
    pairs = [
        f"{'Word' if number % 2 else 'word'}{number}\tword{2 * number}\t{number % 7}" for number in range(100)
    ]
    (folder / "pairs.tsv").write_text("# people's scores\n" + "\n".join(pairs) + "\n")
    (folder / "questions.txt").write_text(f": first\n{questions(rows, 20)}: second\n{questions(rows, 90)}")
    return folder


def questions(rows, begin: int) -> str:
    """Analogies of which about half are right, by a search of their answers in float64; one has an unknown word."""
    units = rows.astype(np.float64) / np.linalg.norm(rows.astype(np.float64), axis=1, keepdims=True)
    lines = [f"word{begin} word1 word2 unknown"]
    for number in range(begin, begin + 20):
        asked = [number, number + 1, number + 2]
        score = units @ (units[asked[1]] - units[asked[0]] + units[asked[2]])
        score[asked] = -np.inf
        answer = int(score.argmax()) if number % 2 else number + 3
        lines.append(" ".join(f"Word{each}" for each in (*asked, answer)))
    return "\n".join(lines) + "\n"


@pytest.fixture(scope="module")
def both(files) -> tuple[WordVectors, Any]:
    """Our vectors and gensim's, of the same file."""
    path, counts = str(files / "v.txt"), str(files / "counts.txt")
    theirs = gensim_class().load_word2vec_format(path, fvocab=counts)
    return WordVectors.load_word2vec_format(path, fvocab=counts), theirs


# --- the table ---


def table() -> dict[str, str]:
    """The first two columns of the page's table."""
    text = PAGE.read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)` \| (\w+) \|", text, re.MULTILINE)
    assert len(rows) == len(dict(rows))
    return dict(rows)


def test_the_table_has_every_public_name_of_gensims():
    KeyedVectors = gensim_class()
    theirs = {name for name in dir(KeyedVectors(SIZE)) if not name.startswith("_")} | {
        name for name in DUNDERS if hasattr(KeyedVectors, name)
    }
    assert sorted(theirs - table().keys()) == []
    assert sorted(table().keys() - theirs) == []


def test_what_the_table_has_is_there_and_what_it_lacks_is_not():
    wv = WordVectors(["a"], np.array([1]), np.ones((1, 2), np.float32))
    assert set(table().values()) == {"same", "different", "absent"}
    for name, kind in table().items():
        assert hasattr(wv, name) == (kind != "absent"), name


# --- the same ---

VECTOR = np.linspace(-1, 1, SIZE, dtype=np.float32)
MATRIX = np.cos(np.arange(3 * SIZE, dtype=np.float32)).reshape(3, SIZE)
FORMS: list[dict[str, Any]] = [
    {"positive": "word7"},
    {"positive": VECTOR},
    {"positive": MATRIX, "negative": "word3"},
    {"positive": ["word7", VECTOR], "negative": ["word9"], "topn": 5},
    {"positive": [("word7", 2.0), (VECTOR, 0.25), "word3"], "negative": [("word9", -0.5), "word8"]},
    {"positive": [("word7", np.float32(1.5))], "negative": [("word9", 0.5)]},
    {"negative": ["word9"]},
    {"positive": ["word7"], "clip_start": 20, "clip_end": 60},
    {"positive": ["word7"], "clip_start": 50},
    {"positive": ["word7"], "clip_end": 33, "topn": 40},
    {"positive": ["word7"], "clip_end": 1000},
    {"positive": ["word7"], "restrict_vocab": 33},
    {"positive": ["word7"], "topn": None},
    {"positive": ["word7"], "negative": [("word9", -2)], "topn": None, "clip_start": 5, "clip_end": 9},
]
DOCUMENTS = [
    (["word1", "word2", "word3", "word1"], ["word4", "word2", "word9", "word9", "word9"]),
    (["word1"], ["word2"]),
    (["word1", "unknown"], ["word1"]),
    (["unknown"], ["word1"]),
    ([], ["word1"]),
]

SAME: dict[str, Callable[[Any], Any]] = {
    "closer_than": lambda wv: [wv.closer_than("word3", other) for other in WORDS[::17]],
    "cosine_similarities": lambda wv: wv.cosine_similarities(VECTOR, MATRIX),
    "distance": lambda wv: [wv.distance("word1", "word2"), wv.distance("word1", "word1")],
    "distances": lambda wv: [
        wv.distances("word4"),
        wv.distances(VECTOR),
        wv.distances("word4", ["word9", "word1"]),
    ],
    "doesnt_match": lambda wv: [wv.doesnt_match([*WORDS[i : i + 5], "unknown"]) for i in range(40)],
    "get_index": lambda wv: [wv.get_index("word5"), wv.get_index("unknown", -7)],
    "get_mean_vector": lambda wv: [
        wv.get_mean_vector(["word1", VECTOR, "unknown"]),
        wv.get_mean_vector(["word1", "word2"], [2, -1], pre_normalize=False, post_normalize=True),
    ],
    "get_normed_vectors": lambda wv: wv.get_normed_vectors(),
    "get_vecattr": lambda wv: [int(wv.get_vecattr(word, "count")) for word in WORDS],
    "get_vector": lambda wv: [wv.get_vector("word5"), wv.get_vector("word5", norm=True)],
    "has_index_for": lambda wv: [wv.has_index_for("word5"), wv.has_index_for("unknown")],
    "index_to_key": lambda wv: wv.index_to_key,
    "key_to_index": lambda wv: dict(wv.key_to_index),
    "most_similar": lambda wv: [wv.most_similar(**form) for form in FORMS],
    "most_similar_cosmul": lambda wv: [
        wv.most_similar_cosmul(["word1", "word2"], ["word3"]),
        wv.most_similar_cosmul("word1", "word2", topn=3),
        wv.most_similar_cosmul(["word1"], topn=None),
    ],
    "most_similar_to_given": lambda wv: wv.most_similar_to_given("word1", WORDS[2:30]),
    "n_similarity": lambda wv: [
        wv.n_similarity(["word1", "word2"], ["word3"]),
        wv.n_similarity(["word1", "unknown"], ["word3", "word4"]),
    ],
    "rank": lambda wv: [wv.rank("word3", other) for other in WORDS[::5]],
    "rank_by_centrality": lambda wv: [
        wv.rank_by_centrality(WORDS[:9]),
        wv.rank_by_centrality(WORDS[:9], use_norm=False),
    ],
    "relative_cosine_similarity": lambda wv: [
        wv.relative_cosine_similarity("word1", "word2"),
        wv.relative_cosine_similarity("word1", "word2", topn=3),
    ],
    "similar_by_key": lambda wv: [wv.similar_by_key("word1", 4), wv.similar_by_key("word1", None)],
    "similar_by_vector": lambda wv: [wv.similar_by_vector(VECTOR, 4, 50), wv.similar_by_vector(VECTOR, None)],
    "similar_by_word": lambda wv: [wv.similar_by_word("word1", 4, 50), wv.similar_by_word("word1", None)],
    "similarity": lambda wv: wv.similarity("word1", "word2"),
    "vector_size": lambda wv: wv.vector_size,
    "vectors": lambda wv: wv.vectors,
    "__contains__": lambda wv: ["word1" in wv, "unknown" in wv],
    "__getitem__": lambda wv: [wv["word1"], wv[["word3", "word1"]]],
    "__len__": len,
}
ELSEWHERE = {
    "evaluate_word_analogies",
    "evaluate_word_pairs",
    "load_word2vec_format",
    "norms",
    "save_word2vec_format",
    "wmdistance",
}
"""Names of the table that have tests of their own below."""


def alike(ours: Any, theirs: Any) -> bool:
    """Whether results have the same form and words, and numbers to 1e-5."""
    if isinstance(ours, dict):
        return ours.keys() == theirs.keys() and all(alike(ours[key], theirs[key]) for key in ours)
    if isinstance(ours, list | tuple):
        return len(ours) == len(theirs) and all(map(alike, ours, theirs))
    if isinstance(ours, str):
        return ours == theirs
    return np.shape(ours) == np.shape(theirs) and np.allclose(ours, theirs, atol=1e-5, equal_nan=True)


def test_every_same_of_the_table_is_compared():
    assert {name for name, kind in table().items() if kind == "same"} == SAME.keys() | ELSEWHERE


@pytest.mark.parametrize("name", SAME)
def test_the_result_is_gensims(both, name):
    ours, theirs = both
    assert alike(SAME[name](ours), SAME[name](theirs))


def test_results_of_other_words_or_numbers_are_not_alike():
    for other in ([("b", 0.5)], [("a", 0.50002)], [("a", 0.5)] * 2, np.zeros((1, 3))):
        assert not alike([("a", 0.5)], other)


def test_norms_are_gensims(both):
    ours, theirs = both
    theirs.fill_norms()
    assert alike(ours.norms, theirs.norms)


@pytest.mark.parametrize("restrict_vocab", [None, 60, 300_000])
@pytest.mark.parametrize("case_insensitive", [True, False])
@pytest.mark.parametrize("dummy4unknown", [True, False])
def test_scores_are_gensims(both, files, restrict_vocab, case_insensitive, dummy4unknown):
    options = {
        "restrict_vocab": restrict_vocab,
        "case_insensitive": case_insensitive,
        "dummy4unknown": dummy4unknown,
    }
    for name in ("pairs.tsv", "questions.txt"):
        ask = "evaluate_word_pairs" if name == "pairs.tsv" else "evaluate_word_analogies"
        if name == "questions.txt" and not case_insensitive:
            continue  # every word of the file is in another case
        ours, theirs = (getattr(wv, ask)(str(files / name), **options) for wv in both)
        assert alike(ours, theirs)


def test_some_analogies_are_right_and_some_are_wrong(both, files):
    score, sections = both[0].evaluate_word_analogies(files / "questions.txt")
    assert 0.2 < score < 0.8
    assert [section["section"] for section in sections] == ["first", "second", "Total accuracy"]


@pytest.mark.filterwarnings("ignore:.*FileIO:pytest.PytestUnraisableExceptionWarning")  # gensim's no_header
@pytest.mark.filterwarnings("ignore:.*Buffered:pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("limit", [None, 1, 50, 500])
def test_files_are_read_as_by_gensim(both, files, tmp_path, limit):
    both[1].save_word2vec_format(str(tmp_path / "v.bin"), binary=True)
    for name, options in (
        ("v.txt", {}),
        ("v.bin", {"binary": True}),
        ("glove.txt", {"no_header": True}),
        ("v.txt", {"fvocab": str(files / "counts.txt")}),
    ):
        path = str((tmp_path if name == "v.bin" else files) / name)
        theirs = gensim_class().load_word2vec_format(path, limit=limit, **options)
        ours = WordVectors.load_word2vec_format(path, limit=limit, **options)
        assert ours.index_to_key == theirs.index_to_key
        assert alike(ours.vectors, theirs.vectors)
        assert ours.counts.tolist() == [theirs.get_vecattr(word, "count") for word in ours.tokens]


@pytest.mark.filterwarnings("ignore:.*FileIO:pytest.PytestUnraisableExceptionWarning")
@pytest.mark.filterwarnings("ignore:.*Buffered:pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("options", [{}, {"binary": True}, {"write_header": False}])
def test_files_are_written_as_by_gensim(both, tmp_path, options):
    read = {"binary": options.get("binary", False), "no_header": not options.get("write_header", True)}
    found = []
    for name, wv in zip(("ours", "theirs"), both, strict=True):
        wv.save_word2vec_format(str(tmp_path / name), str(tmp_path / f"{name}.counts"), **options)
        found.append(gensim_class().load_word2vec_format(str(tmp_path / name), **read))
    assert found[0].index_to_key == found[1].index_to_key
    np.testing.assert_array_equal(found[0].vectors, found[1].vectors)
    assert (tmp_path / "ours.counts").read_text() == (tmp_path / "theirs.counts").read_text()


@pytest.mark.parametrize("documents", DOCUMENTS, ids=range(len(DOCUMENTS)))
@pytest.mark.parametrize("norm", [True, False])
def test_word_movers_distances_are_gensims(both, documents, norm):
    pytest.importorskip("ot", reason="gensim needs POT")
    ours, theirs = (wv.wmdistance(*documents, norm=norm) for wv in both)
    assert ours == pytest.approx(theirs, abs=1e-6)
