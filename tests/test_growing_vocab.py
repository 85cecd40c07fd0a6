"""A vocabulary extended again and again: ids that stay, counts that accumulate, and what is read of such words."""

import json
from collections import Counter
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_settings import small_config
from test_pipeline import bytes_of, made_at, sentences_by_hand

from w2v_core.config import VocabConfig
from w2v_core.errors import UserError
from w2v_core.pipeline.embed import embed_documents
from w2v_core.pipeline.run import check_inputs
from w2v_core.pipeline.tokenize import tokenize_corpus
from w2v_core.pipeline.train import train_vectors
from w2v_core.pipeline.verify import verify
from w2v_core.pipeline.vocabulary import make_vocab
from w2v_core.readers.splits import find_files
from w2v_core.registry.store import ModelStore
from w2v_core.runs.run_directory import RunDir
from w2v_core.runs.task_output import write_file
from w2v_core.schemas import RARE
from w2v_core.training.engine.tables import Tables, fill_initial
from w2v_core.vectors.warm_start import InitialVectors
from w2v_core.vectors.word_vectors import WordVectors
from w2v_core.vocabulary.base_vocabulary import BaseVocabulary, decayed, rare_counts
from w2v_core.vocabulary.hash_partition import partition_by_hash
from w2v_core.vocabulary.vocabulary import (
    Vocabulary,
    build_vocab,
    commit_rare,
    keep_probability,
    room_for_others,
    write_vocab,
)
from w2v_core.vocabulary.word_counts import COUNTS, SUMS, Choice, joined, sum_buckets

WORD = st.sampled_from(["a", "b", "서울", "c", "d", "é", "f", "g", "ab", "abc", "수도"])
INCREMENTS = st.lists(st.lists(WORD, max_size=25), min_size=5, max_size=5)
NUM_TASKS, NUM_BUCKETS = 2, 5


def counted(words: list[str]) -> pa.Table:
    counts = Counter(words)
    columns = [list(counts), list(counts.values()), list(counts.values()), [0] * len(counts)]
    return pa.table(columns, schema=COUNTS)


def extended(run: RunDir, words: list[str], config: VocabConfig, keep=(), drop=()) -> None:
    """The vocab stage without Spark: the same functions, the tasks one after another."""
    earlier = None if config.extend is None else BaseVocabulary.read(config.extend, config.rare_lost)
    parts = [counted(words[::2]), counted(words[1::2])]
    if earlier:
        parts.append(earlier.counts(config.decay))
        for entry in earlier.rare:
            parts += rare_counts(earlier.folder, entry.name, config.decay)
    batches = [partition_by_hash(part, NUM_BUCKETS) for part in parts]
    most = room_for_others(config.max_final_vocab, len(earlier) if earlier else 0)
    choice = Choice(config.min_count, most, keep, drop)
    with run.rewrite("vocab") as stage_writer:
        rows = []
        for task in range(NUM_TASKS):
            is_own = [
                [bucket % NUM_TASKS == task for bucket in batch["bucket"].to_pylist()] for batch in batches
            ]
            own = [
                batch.filter(pa.array(mask, pa.bool_())) for batch, mask in zip(batches, is_own, strict=True)
            ]
            rows += sum_buckets(own, choice, stage_writer.temporary, task)
        found = joined(pa.Table.from_batches(rows, SUMS))
        table = build_vocab(found, config, keep)
        has_id = pa.compute.is_in(found.counts["token"], value_set=table["token"])
        files = [
            *write_vocab(stage_writer, table),
            *commit_rare(stage_writer, found, found.counts.filter(pa.compute.invert(has_id))),
        ]
        stage_writer.finish(config=config, inputs={}, files=files)


def words_of(run: RunDir) -> dict[str, int]:
    table = pq.read_table(f"{run.folder.path}/vocab/vocab.parquet")
    assert table["id"].to_pylist() == list(range(len(table)))
    return dict(zip(table["token"].to_pylist(), table["count"].to_pylist(), strict=True))


def rare_of(run: RunDir) -> dict[str, int]:
    files = sorted(Path(run.folder.path, "vocab").glob("rare-*.parquet"))
    entries = [entry for entry in run.require("vocab").files if entry.name.startswith("rare-")]
    assert [file.name for file in files] == [entry.name for entry in entries]
    counts: dict[str, int] = {}
    for file, entry in zip(files, entries, strict=True):
        table = pq.read_table(file)
        assert (table.schema, len(table)) == (RARE, entry.rows)
        tokens = table["token"].to_pylist()
        assert tokens == sorted(tokens)
        assert not counts.keys() & set(tokens)
        counts |= dict(zip(tokens, table["count"].to_pylist(), strict=True))
    return counts


def runs_of(folder: Path, increments: list[list[str]], **settings) -> list[RunDir]:
    """One run for each increment, each extending the one before."""
    runs: list[RunDir] = []
    for number, words in enumerate(increments):
        run = RunDir.create(str(folder / f"night {number}"))
        config = VocabConfig(extend=runs[-1].location if runs else None, accumulate=True, **settings)
        extended(run, words, config)
        runs.append(run)
    return runs


# Without Spark


@settings(max_examples=25, deadline=None)
@given(INCREMENTS, st.integers(1, 6), st.one_of(st.none(), st.integers(1, 6)))
def test_five_increments_count_what_one_pass_counts_and_ids_stay(
    tmp_path_factory, increments, min_count, most
):
    increments = [increments[0] + ["a"] * 50, *increments[1:]]
    runs = runs_of(
        tmp_path_factory.mktemp("increments"), increments, min_count=min_count, max_final_vocab=most
    )
    every: Counter[str] = Counter()
    before: list[str] = []
    for run, words in zip(runs, increments, strict=True):
        every.update(words)
        kept, rare = words_of(run), rare_of(run)
        assert not kept.keys() & rare.keys()
        assert kept | rare == every
        assert list(kept)[: len(before)] == before
        new = list(kept.items())[len(before) :]
        assert new == sorted(new, key=lambda item: (-item[1], item[0]))
        assert all(count >= min_count for _, count in new)
        if most is None:
            assert all(count < min_count for count in rare.values())
        else:
            # The existing rule: words of one count get ids together, or none of them does.
            assert len(kept) <= max(most, len(before))
            lowest = min((count for _, count in new), default=None)
            assert lowest is None or max(rare.values(), default=0) < lowest
            left = [count for count in rare.values() if count >= min_count]
            assert not left or len(kept) + left.count(max(left)) > most
        before = list(kept)


def test_a_word_seen_twice_in_each_run_gets_an_id_on_the_third(tmp_path):
    runs = runs_of(tmp_path, [["a"] * 9 + ["twice"] * 2] * 5, min_count=5)
    assert [list(words_of(run)) for run in runs] == [["a"], ["a"]] + [["a", "twice"]] * 3
    assert rare_of(runs[1]) == {"twice": 4}
    assert words_of(runs[4]) == {"a": 45, "twice": 10}


@settings(max_examples=25, deadline=None)
@given(INCREMENTS, st.integers(1, 4), st.sampled_from([0.25, 0.5, 0.7, 0.999999, 0.000001]))
def test_decay_is_what_the_loop_finds(tmp_path_factory, increments, min_count, decay):
    increments = [increments[0] + ["a"] * 50, *increments[1:]]
    runs = runs_of(tmp_path_factory.mktemp("increments"), increments, min_count=min_count, decay=decay)
    tenths = {0.25: (1, 4), 0.5: (1, 2), 0.7: (7, 10), 0.999999: (999_999, 10**6), 0.000001: (1, 10**6)}
    over, under = tenths[decay]
    known: dict[str, int] = {}
    rare: dict[str, int] = {}
    for run, words in zip(runs, increments, strict=True):
        seen = Counter(words)
        known = {word: max(1, count * over // under) + seen[word] for word, count in known.items()}
        rare = {word: count * over // under for word, count in rare.items()}
        rare |= {word: rare.get(word, 0) + count for word, count in seen.items() if word not in known}
        known |= {word: count for word, count in rare.items() if count >= min_count}
        rare = {word: count for word, count in rare.items() if count and word not in known}
        assert (words_of(run), rare_of(run)) == (known, rare)


@given(st.lists(st.integers(0, 2**62)), st.integers(1, 1_000_000))
def test_decay_is_exact_in_integers(counts, millionths):
    found = decayed(np.array(counts, np.int64), millionths / 1_000_000)
    assert found.tolist() == [count * millionths // 1_000_000 for count in counts]


def test_both_distributions_are_of_the_accumulated_counts(tmp_path):
    runs = runs_of(tmp_path, [["a"] * 50 + ["b"] * 30, ["b"] * 70 + ["c"] * 90], min_count=5, sample=0.1)
    table = pq.read_table(f"{runs[1].folder.path}/vocab/vocab.parquet")
    counts = np.array([50, 100, 90])
    assert table["token"].to_pylist() == ["a", "b", "c"]
    assert table["count"].to_pylist() == counts.tolist()
    np.testing.assert_allclose(table["keep_probability"], keep_probability(counts, 0.1))
    np.testing.assert_allclose(table["noise_probability"], counts**0.75 / (counts**0.75).sum())


def test_lists_of_words_hold_for_words_without_an_id(tmp_path):
    first, second, third = (RunDir.create(str(tmp_path / name)) for name in ("first", "second", "third"))
    extended(first, ["a"] * 9 + ["x"] * 9 + ["y"], VocabConfig(accumulate=True), drop=("x",))
    assert (words_of(first), rare_of(first)) == ({"a": 9}, {"x": 9, "y": 1})
    extended(second, ["z"], VocabConfig(extend=first.location), keep=("y",), drop=("x",))
    assert (words_of(second), rare_of(second)) == ({"a": 9, "y": 1}, {"x": 9, "z": 1})
    extended(third, ["z"], VocabConfig(extend=second.location, max_final_vocab=1))
    assert (words_of(third), rare_of(third)) == ({"a": 9, "y": 1}, {"x": 9, "z": 2})


@pytest.mark.parametrize("where", ["", "/vocab"])
def test_what_cannot_be_extended_is_named_with_the_way_out(tmp_path, where):
    run = RunDir.create(str(tmp_path / "run"))
    extended(run, ["a"] * 9 + ["b"], VocabConfig())
    location, vocab = run.location + where, Path(run.folder.path, "vocab")
    assert BaseVocabulary.read(location, False).num_rare == 1
    manifest = (vocab / "manifest.json").read_bytes()
    (vocab / "manifest.json").write_bytes(manifest[:-9])
    with pytest.raises(UserError, match=r"manifest.json is damaged"):
        BaseVocabulary.read(location, False)
    (vocab / "manifest.json").unlink()
    with pytest.raises(UserError, match="not a finished vocabulary"):
        BaseVocabulary.read(location, False)
    (vocab / "manifest.json").write_bytes(manifest)
    (vocab / "rare-00000.parquet").unlink()
    with pytest.raises(UserError, match=r"rare-00000.parquet .*missing"):
        BaseVocabulary.read(location, False)
    with pytest.raises(UserError, match=r"vocab.extend = .*/none: .*vocab.parquet"):
        BaseVocabulary.read(str(tmp_path / "none"), False)
    with run.rewrite("vectors") as stage_writer:
        table = Vocabulary.read(run.stage("vocab")).table
        files = [write_file(stage_writer, "vocab.parquet", table)]
        stage_writer.finish(config=VocabConfig(), inputs={}, files=files)
    with pytest.raises(UserError, match="not a finished vocabulary"):
        BaseVocabulary.read(f"{run.location}/vectors", True)


def test_settings_that_exclude_each_other_are_refused():
    with pytest.raises(UserError, match="Leave out vocab.merge"):
        small_config("vocab.extend=x", "vocab.merge=y")
    with pytest.raises(UserError, match="Leave out vocab.extend"):
        small_config("vocab.extend=x", "vocab.from=y")
    with pytest.raises(UserError, match="Leave out vocab.accumulate"):
        small_config("vocab.accumulate=true", "vocab.from=y")
    with pytest.raises(UserError, match="at most six decimals"):
        small_config("vocab.decay=0.1234567")
    for decay in ("0.0", "1.1"):
        with pytest.raises(UserError, match=r"vocab.decay"):
            small_config(f"vocab.decay={decay}")


# As a stage


@pytest.fixture
def run_of(executor, tmp_path):
    """run_of(name, text, *settings): a run up to its vocabulary."""

    def make(name: str, text: str, *settings: str) -> RunDir:
        path = tmp_path / f"{name}.txt"
        if not path.exists():
            path.write_text(text, encoding="utf-8")
        run = RunDir.create(str(tmp_path / name))
        config = small_config(*settings)
        tokenize_corpus(run, find_files([str(path)]), config, executor)
        make_vocab(run, config, executor)
        return run

    return make


@pytest.mark.parametrize("key", ["extend", "merge", "from"])
@pytest.mark.parametrize(
    ("setting", "before", "now"),
    [
        ("tokenize.lower=false", "lower = true", "false"),
        ("tokenize.normal_form=NFC", "normal_form = NFKC", "NFC"),
        ("tokenize.strip_accents=true", "strip_accents = false", "true"),
        ("tokenize.digits_to_zero=true", "digits_to_zero = false", "true"),
        ("tokenize.tokenizer=regex", "tokenizer = unicode_words", "regex"),
    ],
)
def test_a_vocabulary_of_other_tokenizer_settings_is_refused(run_of, key, setting, before, now):
    first = run_of("first", "a b a b", "vocab.accumulate=true")
    with pytest.raises(UserError) as raised:
        run_of("second", "a b a b", setting, "vocab.min_count=5", f"vocab.{key}={first.folder.path}")
    for value in (f"vocab.{key} = ", f"tokenize.{before}", f"with {now}", "--set"):
        assert value in str(raised.value)


@pytest.mark.parametrize("key", ["extend", "merge", "from"])
def test_a_run_refuses_such_a_vocabulary_before_its_first_stage(run_of, w2v, tmp_path, key):
    first = run_of("first", "a b a b", "vocab.accumulate=true")
    text = ["--input", str(tmp_path / "first.txt"), "--run-dir", str(tmp_path / "second")]
    options = ["--set", f"vocab.{key}={first.folder.path}", "--set", "tokenize.lower=false"]
    code, _, told = w2v("run", *text, *options)
    assert code == 2
    assert f"vocab.{key} = {first.folder.path} was made with tokenize.lower = true" in told
    assert not (tmp_path / "second").exists()


def test_ready_tokens_take_a_vocabulary_of_other_settings(run_of, tmp_path):
    first = run_of("first", "a b a b", "vocab.accumulate=true")
    lists = tmp_path / "lists.jsonl"
    lists.write_text('{"text": ["A", "b"]}\n' * 2)
    config = small_config(f"vocab.merge={first.folder.path}", "tokenize.lower=false")
    check_inputs(config, find_files([str(lists)]))
    with pytest.raises(UserError, match=r"tokenize.lower = true"):
        check_inputs(config, find_files([str(tmp_path / "first.txt")]))


def test_a_version_of_ready_tokens_has_no_settings_to_compare(make_run, tmp_path):
    rows = [json.dumps({"text": ["A", "b", "c", "d"]})] * 200
    (tmp_path / "lists.jsonl").write_text("\n".join(rows))
    (tmp_path / "text.txt").write_text("A b c d\n" * 200)
    loaded = {}
    for name in ("lists.jsonl", "text.txt"):
        run = make_run(tmp_path / name, "train.epochs=1", into=name.partition(".")[0])
        published = ModelStore(str(tmp_path / "store")).model(name.partition(".")[0]).publish(run)
        loaded[name] = WordVectors.load(published.version.location)
        config = small_config(f"vocab.merge={published.version.location}/vectors", "tokenize.lower=false")
        if name == "lists.jsonl":
            check_inputs(config, find_files([str(tmp_path / "text.txt")]))
        else:
            with pytest.raises(UserError, match=r"tokenize.lower = true"):
                check_inputs(config, find_files([str(tmp_path / "text.txt")]))
    assert loaded["lists.jsonl"].rules is None
    assert loaded["text.txt"].rules is not None


def test_a_list_made_by_hand_has_no_settings_to_compare(run_of, tmp_path):
    first = run_of("first", "a b a b")
    by_hand = tmp_path / "by-hand.parquet"
    by_hand.write_bytes(Path(first.folder.path, "vocab", "vocab.parquet").read_bytes())
    run = run_of("second", "A B A B", "tokenize.strip_accents=true", f"vocab.merge={by_hand}")
    assert run.require("vocab").counters["words"] == 2


def slices_of(corpus: Path) -> list[list[str]]:
    """Its lines in five parts, each with words of its own."""
    lines = [" ".join(tokens) for tokens in sentences_by_hand(corpus)]
    slices = [lines[number::5] for number in range(5)]
    for number, lines in enumerate(slices):
        lines += [f"only{number} only{number} only{number}", "nightly nightly", f"once{number}"]
    return slices


def test_five_runs_count_what_one_pass_counts(run_of, corpus):
    slices = slices_of(corpus)
    one_pass = run_of(
        "whole",
        "\n".join(line for lines in slices for line in lines),
        "vocab.accumulate=true",
        "vocab.min_count=5",
    )
    run = run_of("night0", "\n".join(slices[0]), "vocab.accumulate=true", "vocab.min_count=5")
    ids = list(words_of(run))
    for number in range(1, 5):
        before, seen = run, Counter(word for line in slices[number] for word in line.split())
        known, rare = words_of(before), rare_of(before)
        extend = (f"vocab.extend={before.location}", "vocab.min_count=5")
        run = run_of(f"night{number}", "\n".join(slices[number]), *extend)
        assert list(words_of(run))[: len(ids)] == ids
        manifest, ids = run.require("vocab"), list(words_of(run))
        assert manifest.tokens.read == seen.total()
        assert manifest.tokens.kept == sum(count for word, count in seen.items() if word in ids)
        assert manifest.counters == {
            "distinct_words": len(known | rare | seen),
            "words": len(ids),
            "dropped_words": 0,
            "rare_words": len(rare_of(run)),
            "words_known_before": len(known),
            "new_words": len(ids) - len(known),
            "fallen_words": 0,
            "corpus_words": len(seen),
            "corpus_words_first_seen": len(seen.keys() - known.keys() - rare.keys()),
            "corpus_words_known_before": len(seen.keys() & known.keys()),
            "tokens_known_before": sum(count for word, count in seen.items() if word in known),
            "rare_lost": 0,
        }
        assert "nightly" in ids if number >= 2 else "nightly" not in ids
    assert words_of(run) == words_of(one_pass)  # as mappings: the ids differ
    assert rare_of(run) == rare_of(one_pass)
    assert [problem for stage in verify(run) for problem in stage.problems] == []


def test_files_are_the_same_bytes_however_the_text_is_cut(run_of, corpus):
    text = "\n".join(line for lines in slices_of(corpus) for line in lines)
    settings = ("vocab.accumulate=true", "vocab.min_count=5", "vocab.max_final_vocab=20")
    one = run_of("one", text, *settings)
    other = run_of("other", "\n".join(reversed(text.split("\n"))), "tokenize.split_bytes=2000", *settings)
    assert len(other.require("tokens").files) > len(one.require("tokens").files)
    assert len(rare_of(one)) > 5
    assert bytes_of(one, "vocab") == bytes_of(other, "vocab")


def test_words_that_fall_keep_their_ids_and_are_told(run_of):
    first = run_of("first", "a a a a b b b b c\n", "vocab.accumulate=true", "vocab.min_count=3")
    run = run_of("second", "b d\n", f"vocab.extend={first.location}", "vocab.min_count=3", "vocab.decay=0.5")
    assert (words_of(run), rare_of(run)) == ({"a": 2, "b": 3}, {"d": 1})
    assert run.require("vocab").counters["fallen_words"] == 1


def test_an_extended_vocabulary_is_made_again_when_what_it_extends_changed_and_only_then(run_of):
    first = run_of("first", "a a a a b b b\n", "vocab.accumulate=true", "vocab.min_count=3")
    extend = (f"vocab.extend={first.location}", "vocab.min_count=3")
    run = run_of("second", "a b c\n", *extend)
    before = made_at(run)
    assert made_at(run_of("second", "", *extend)) == before
    # Only the count of a word without an id is another.
    (Path(first.folder.path).parent / "first.txt").write_text("a a a a b b b c c\n")
    run_of("first", "", "vocab.accumulate=true", "vocab.min_count=3")
    again = run_of("second", "", *extend)
    assert made_at(again)["vocab"] != before["vocab"]
    assert words_of(again) == {"a": 5, "b": 4, "c": 3}


def test_lost_counts_are_refused_or_told_from_then_on(run_of):
    first = run_of("first", "a a a a b b\n", "vocab.min_count=3")
    settings = ("vocab.min_count=3",)
    with pytest.raises(UserError, match=r"vocab.accumulate=true, or set vocab.rare_lost=true"):
        run_of("second", "b c\n", f"vocab.extend={first.location}", *settings)
    run = run_of("second", "b c\n", f"vocab.extend={first.location}", "vocab.rare_lost=true", *settings)
    assert (words_of(run), rare_of(run)) == ({"a": 4}, {"b": 1, "c": 1})
    assert run.require("vocab").counters["rare_lost"] == 1
    third = run_of("third", "b b c\n", f"vocab.extend={run.location}", *settings)
    assert words_of(third) == {"a": 4, "b": 3}
    assert third.require("vocab").counters["rare_lost"] == 1


def test_a_known_word_cannot_be_dropped_and_a_vocabulary_not_extend_itself(run_of, tmp_path):
    first = run_of("first", "a a a a b b b\n", "vocab.accumulate=true")
    (tmp_path / "drop.list").write_text("zebra\nb\n")
    with pytest.raises(UserError, match=r"vocab.drop = .*drop.list .*'b', .*vocab.extend = "):
        run_of("second", "b c\n", f"vocab.extend={first.location}", f"vocab.drop={tmp_path}/drop.list")
    for location in (first.location, f"{first.location}/vocab/", f"{first.location}/vocab/vocab.parquet"):
        with pytest.raises(UserError, match="another run directory"):
            run_of("first", "", f"vocab.extend={location}")
    assert first.manifest("vocab") is not None


def test_without_accumulate_nothing_more_is_written(run_of):
    run = run_of("first", "a a a a b\n")
    assert [entry.name for entry in run.require("vocab").files if entry.name.startswith("rare")] == []
    assert run.require("vocab").counters == {"distinct_words": 2, "words": 1, "dropped_words": 0}


# What comes after


@pytest.fixture
def two_runs(make_run, corpus, tmp_path):
    """A run, and one that extends it, of other text: without most of its words, with new and more frequent ones."""
    first = make_run(corpus, "vocab.accumulate=true", into="first")
    path = tmp_path / "second.txt"
    path.write_text("the comet and the queen\ncomet comet sees 서울\na zebra and a comet\n" * 40)
    extend = (f"vocab.extend={first.location}", f"train.init_vectors={first.location}")
    return first, make_run(path, *extend, into="second")


UNHEARD = ("dog", "수도", "mouse", "twice")


def table_of(run: RunDir, name: str) -> np.ndarray:
    return np.load(Path(run.stage("vectors").path, name))


@pytest.mark.parametrize("sg", [0, 1])
def test_vectors_of_words_that_the_new_text_lacks_are_the_same_bytes(two_runs, sg):
    first, second = two_runs
    known, words = list(words_of(first)), list(words_of(second))
    assert words[: len(known)] == known
    assert set(words[len(known) :]) == {"comet", "zebra"}
    assert set(UNHEARD) <= set(known)
    if sg == 1:
        train_vectors(second, small_config("train.sg=1", f"train.init_vectors={first.location}"))
    assert second.require("vectors").counters["words_from_init_vectors"] == len(known)
    before, after = table_of(first, "input.npy"), table_of(second, "input.npy")
    unheard = [known.index(word) for word in UNHEARD]
    assert after[unheard].tobytes() == before[unheard].tobytes()
    heard = [known.index(word) for word in ("the", "queen", "sees", "서울")]
    assert (after[heard] != before[heard]).any(axis=1).all()


def test_known_words_bring_both_vectors_and_new_ones_start_as_always(two_runs):
    first, second = two_runs
    vocabulary, num_known = Vocabulary.read(second.stage("vocab")), len(words_of(first))
    tables, cold = (Tables(*(np.zeros((len(vocabulary), 8), np.float32) for _ in range(2))) for _ in range(2))
    for filled in (tables, cold):
        fill_initial(filled, np.random.default_rng(3))
    InitialVectors(first.location).load_into(tables, vocabulary)
    for name, found_VD, cold_VD in zip(("input.npy", "output.npy"), tables, cold, strict=True):
        assert found_VD[:num_known].tobytes() == table_of(first, name).tobytes()
        assert found_VD[num_known:].tobytes() == cold_VD[num_known:].tobytes()


def test_all_that_reads_a_run_reads_an_extended_one(two_runs, make_run, tmp_path, executor):
    _, second = two_runs
    counts = words_of(second)
    assert list(counts.values()) != sorted(counts.values(), reverse=True)
    assert [problem for stage in verify(second) for problem in stage.problems] == []

    targets = pq.read_table(f"{second.folder.path}/shards/part-00000.parquet")["target"].to_pylist()
    heard = {word for line in Path(tmp_path, "second.txt").read_text().split("\n") for word in line.split()}
    assert {list(counts)[target] for target in targets} == heard
    assert len(second.require("shards").files) == 1

    vectors = WordVectors.load(f"{second.location}/vectors")
    assert vectors.tokens == list(counts)
    frequent = sorted(counts, key=lambda word: -counts[word])[:5]
    answers = [word for word, _ in vectors.most_similar("comet", restrict_vocab=5)]
    assert set(answers) == set(frequent) - {"comet"}

    files, config = find_files([str(tmp_path / "second.txt")]), small_config()
    embed_documents(second, files, str(tmp_path / "documents"), config, executor)
    documents = pq.read_table(tmp_path / "documents" / "part-00000.parquet")
    expected = vectors[["the", "comet", "and", "the", "queen"]].mean(axis=0)
    np.testing.assert_allclose(documents["vector"][0].as_py(), expected, atol=1e-5)

    again = make_run(
        tmp_path / "second.txt", f"vocab.from={second.location}", "vocab.min_count=5", into="from"
    )
    assert words_of(again) == counts
    assert list(words_of(again)) == list(counts)
    merged = make_run(tmp_path / "second.txt", f"vocab.merge={second.location}", into="merged")
    assert list(words_of(merged).values()) == sorted(words_of(merged).values(), reverse=True)
    assert words_of(merged)["comet"] == 2 * counts["comet"]
