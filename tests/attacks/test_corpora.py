"""Random corpora, odd and damaged: read alike however they are cut, accounted for, or refused in one sentence."""

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import corpora
import pyarrow.compute as pc
import pytest
from core_path import ONE_SPLIT, Tokenized, sharded, tokenized

SMALL = (1024, 5000)
"""Bytes of a split: the least that the settings take, and some. Of large files more, or tasks would be thousands."""

PIPELINE_ONE_IN = 20


@pytest.fixture
def folder() -> Iterator[Path]:
    """Gone after the test, whatever became of it: pytest keeps its own, of thousands of tests."""
    with TemporaryDirectory(prefix="w2v-attack-") as path:
        yield Path(path)


def test_a_corpus_is_whole_or_refused(seed, folder, inline):
    corpus, outcomes = read(seed, folder, inline)
    uncut, *cut = outcomes
    if isinstance(uncut, str):
        assert not corpus.is_intact or TOO_LITTLE[0] in uncut, uncut
        assert_sentence(uncut)
        assert [other for other in cut if not isinstance(other, str)] == []
        return
    assert_accounted(uncut, corpus)
    assert_tokens(uncut, corpus)
    assert_none_left_out(uncut, corpus)
    assert_filters_only_drop(uncut, corpus, folder, inline)
    for other in cut:
        assert isinstance(other, Tokenized), other
        assert multiset(other) == multiset(uncut)
        assert (other.account, other.counters, other.files) == (uncut.account, uncut.counters, uncut.files)
    first, *others = [sharded(inline, found) for found in outcomes]
    assert all(other == first for other in others)
    if isinstance(first, str):
        assert any(reason in first for reason in TOO_LITTLE), first
        return
    assert first.account.balances()
    assert first.account.read == uncut.account.kept
    assert first.account.out_of_vocabulary == 0
    assert pc.sum(first.words["count"]).as_py() == uncut.account.kept


def read(seed: int, folder: Path, inline) -> tuple[corpora.Corpus, list[Tokenized | str]]:
    """The corpus, and what comes of it where files are whole and where they are cut."""
    (folder / "in").mkdir()
    corpus = corpora.make(seed, folder / "in")
    outcomes = []
    num_bytes = sum(Path(path).stat().st_size for path in corpora.files_of(corpus))
    for number, split_bytes in enumerate((ONE_SPLIT, *(max(least, num_bytes // 100) for least in SMALL))):
        out = folder / f"out{number}"
        outcomes.append(tokenized(inline, corpus.locations, corpus.settings, out, split_bytes))
    return corpus, outcomes


def assert_sentence(told: str) -> None:
    assert 20 < len(told) < 2000
    assert len(told.splitlines()) == 1


def assert_accounted(found: Tokenized, corpus: corpora.Corpus) -> None:
    account, counters = found.account, found.counters
    assert account.balances()
    assert account.kept == pc.sum(pc.list_value_length(found.sentences["tokens"])).as_py()
    assert set(account.dropped) <= {"too_short", "too_long", "stop_words"}
    assert min(counters.values(), default=0) >= 0
    assert counters["sentences"] == len(found.sentences)
    # A boundary is no line, and an empty piece no sentence: only then do lines add up.
    assert (
        counters["lines"] == counters["doc_lines"] + counters["lines_without_token"] + counters["sentences"]
    )
    assert counters["rows"] >= counters["rows_without_text"] + counters["bad_rows"] - counters["pages"]


def assert_filters_only_drop(found: Tokenized, corpus: corpora.Corpus, folder: Path, inline) -> None:
    """What is read is what is kept where nothing is left out."""
    filters = {"min_token_length", "max_token_length"} & corpus.settings.keys()
    if not filters:
        assert found.account.read == found.account.kept
        return
    others = {key: value for key, value in corpus.settings.items() if key not in filters}
    unfiltered = tokenized(inline, corpus.locations, others, folder / "unfiltered")
    assert isinstance(unfiltered, Tokenized)
    assert unfiltered.account.kept == found.account.read
    assert unfiltered.counters["lines"] == found.counters["lines"]


def assert_tokens(found: Tokenized, corpus: corpora.Corpus) -> None:
    """Valid UTF-8, never empty, no sentence without a token; of text also without white space."""
    found.sentences.validate(full=True)
    tokens = pc.unique(pc.list_flatten(found.sentences["tokens"]))
    assert tokens.null_count == 0
    assert "" not in tokens.to_pylist()
    assert pc.min(pc.list_value_length(found.sentences["tokens"])).as_py() != 0
    has_ready_tokens = any(
        name.endswith((".parquet", ".orc", ".avro")) or "json" in name for name in found.files
    )
    if corpus.settings.get("tokenizer") != "char_ngrams" and not has_ready_tokens:
        assert [token for token in tokens.to_pylist() if set(token) & set("\n\r \t")] == []


def assert_none_left_out(found: Tokenized, corpus: corpora.Corpus) -> None:
    """Every file that is whole is found again by its own word."""
    assert corpora.files_of(corpus) == {str(Path(path).resolve()) for path in found.files}
    settings = corpus.settings
    if settings.get("tokenizer") == "char_ngrams" or settings.get("max_token_length") == 3:
        return
    words = set(pc.unique(pc.list_flatten(found.sentences["tokens"])).to_pylist())
    # Tokens that are ready stay as they are, whatever the spelling of others.
    assert [mark for mark in corpus.marks if not {mark, corpora.spelled(mark, settings)} & words] == []


def multiset(found: Tokenized) -> Counter[tuple[str, ...]]:
    return Counter(map(tuple, found.sentences["tokens"].to_pylist()))


def test_a_corpus_goes_through_every_stage(seed, folder, w2v, inline):
    """The same corpora through the command, to vectors: exit code, message, and the run verified."""
    (folder / "in").mkdir()
    corpus = corpora.make(seed, folder / "in")
    options = [*SETTINGS, *corpus.options(), "tokenize.split_bytes=20000"]
    given = [argument for option in options for argument in ("--set", option)]
    run = str(folder / "실행 run")
    code, out, err = w2v("run", "--run-dir", run, "--input", *corpus.locations, *given)
    assert "Traceback" not in err
    assert code in (0, 2), err
    if code == 2:
        told = err.rstrip("\n").split("\n")[-1]
        assert told.startswith("error: ")
        assert_sentence(told)
        assert not corpus.is_intact or any(reason in told for reason in TOO_LITTLE), told
        assert not (folder / "실행 run" / "tokens" / "_temporary").exists()
        return
    verified, out, err = w2v("verify", "--run-dir", run, "--json")
    assert verified == 0, err
    assert [stage["problems"] for stage in json.loads(out)] == [[]] * 4
    alone = tokenized(inline, corpus.locations, corpus.settings, folder / "out")
    assert isinstance(alone, Tokenized)
    tokens = json.loads((folder / "실행 run" / "tokens" / "manifest.json").read_text(encoding="utf-8"))
    assert tokens["tokens"]["kept"] == alone.account.kept


test_a_corpus_goes_through_every_stage.one_in = PIPELINE_ONE_IN

SETTINGS = (
    "vocab.min_count=1",
    "vocab.sample=0",
    "shards.window=2",
    "shards.target_rows=1000000",
    "train.epochs=1",
    "train.vector_size=4",
    "train.workers=1",
    "train.heldout_rows=0",
)
TOO_LITTLE = ("holds no token", "no word is left with a context", "one word")


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


def test_a_corpus_is_made_again_from_its_seed(tmp_path):
    for seed in range(5):
        first, second = (corpora.make(seed, _made(tmp_path / f"{name}{seed}")) for name in "ab")
        assert (first.settings, first.marks, first.is_intact) == (
            second.settings,
            second.marks,
            second.is_intact,
        )
        made = [
            {Path(path).name: Path(path).read_bytes() for path in corpora.files_of(corpus)}
            for corpus in (first, second)
        ]
        assert made[0] == made[1]
