"""The documents stage: a vector for each document, the weighted mean of its word vectors."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from w2v_core.config import Config, EmbedConfig, TokenizeConfig
from w2v_core.documents.components import principal_components, rewrite_without, total_moment
from w2v_core.documents.embed_part import WordTable, cached_vectors, count_part, embed_part, vector_size
from w2v_core.documents.encode import Encoder
from w2v_core.documents.read import check_formats
from w2v_core.errors import UserError
from w2v_core.executors.base import Executor
from w2v_core.io.events import log_event
from w2v_core.io.filesystem import Folder
from w2v_core.phrases.bigrams import PhraseRules
from w2v_core.pipeline.phrases import opened_phrases
from w2v_core.pipeline.stage import StageResult, make_stage
from w2v_core.pipeline.tokenize import import_readers, load_packages
from w2v_core.readers.splits import InputFile, Split, plan_splits
from w2v_core.runs.artifacts import COMPONENTS
from w2v_core.runs.manifest import FileEntry, Manifest
from w2v_core.runs.output_folder import OutputFolder
from w2v_core.runs.run_directory import RunDir
from w2v_core.runs.sentence_files import SentenceStage
from w2v_core.runs.stage_writer import StageWriter
from w2v_core.runs.task_output import TaskResult, commit_parts, total_account, write_array
from w2v_core.runs.token_account import add_counters
from w2v_core.tokenization.tokenizer_resources import TokenizerResources
from w2v_core.types import FloatArray
from w2v_core.vocabulary.vocabulary import cached_vocabulary

READING = ("column", "format", "strict", "split_bytes")


"""Settings of [tokenize] that locate documents in the input; all others are those of the run."""


Parts = list[list[tuple[Split, int]]]


@dataclass(frozen=True)
class Source:
    """The parts of a run that documents need: the settings that made words of texts, and the vectors."""

    tokenize: TokenizeConfig
    given: TokenizerResources
    phrase_rules: PhraseRules
    phrases_folder: Folder
    phrases: list[FileEntry]
    vocab: tuple[Folder, str]
    vectors: tuple[Folder, str]
    """folders, with the fingerprints of their stages"""

    @classmethod
    def of(cls, run: RunDir, asked: TokenizeConfig) -> "Source":
        """Read the manifests of a finished run. Raises UserError if a stage, or a file that it read, has changed."""
        vectors, vocab, tokens = (run.require(stage) for stage in ("vectors", "vocab", "tokens"))
        tokenize = tokenize_settings(tokens, asked, run.location)
        sentences, phrase_rules, phrases = SentenceStage.of(run), PhraseRules(""), []
        if sentences.name == "phrases":
            manifest = sentences.manifest
            phrase_rules = PhraseRules(
                manifest.config["delimiter"], tuple(manifest.inputs.get("common_terms", ()))
            )
            phrases = [entry for entry in manifest.files if entry.name.startswith("phrases-")]
        return cls(
            tokenize,
            _same_files(tokens, tokenize, run.location),
            phrase_rules,
            run.stage("phrases"),
            phrases,
            (run.stage("vocab"), vocab.fingerprint),
            (run.stage("vectors"), vectors.fingerprint),
        )

    def encoder(self) -> Encoder:
        """Return a new encoder, for one task."""
        phrases = opened_phrases(self.phrases_folder, self.phrases) if self.phrases else ()
        return Encoder(self.tokenize, self.given, phrases, self.phrase_rules, cached_vocabulary(*self.vocab))


def tokenize_settings(tokens: Manifest, asked: TokenizeConfig, location: str) -> TokenizeConfig:
    """Return the settings of the run, except those of READING. Raises UserError if others are set."""
    ran = TokenizeConfig.model_validate(tokens.config)
    for key in sorted(asked.model_fields_set - {*READING, "weight_column"}):
        if getattr(asked, key) != getattr(ran, key):
            raise UserError(
                f"tokenize.{key} = {getattr(asked, key)!r}, but the words of {location} were made with "
                f"{getattr(ran, key)!r}; documents take the run's own settings, so leave it out"
            )
    reading = {key: getattr(asked, key) for key in READING}
    return ran.model_copy(update={**reading, "weight_column": None})


def _same_files(tokens: Manifest, tokenize: TokenizeConfig, location: str) -> TokenizerResources:
    """Return stop words and model. Raises UserError if they have changed since the run was made."""
    given = TokenizerResources.read(tokenize)
    was: dict[str, Any] = tokens.inputs if isinstance(tokens.inputs, dict) else {}
    for key, value in given.identity().items():
        if was.get(key) != value:
            raise UserError(
                f"tokenize.{key} = {getattr(tokenize, key)} has changed since {location} was made; put the old "
                "file back, or run the pipeline again"
            )
    return given


def embed_documents(
    run: RunDir, files: Sequence[InputFile], output: str, config: Config, executor: Executor
) -> Manifest:
    """Write the vectors of the documents in `files` into folder `output`."""
    source = Source.of(run, config.tokenize)
    check_formats(files, config.embed.id_column)
    import_readers(files)
    packages = load_packages(config.model_copy(update={"tokenize": source.tokenize}), source.given)
    inputs = {
        "files": [file.identity() for file in files],
        "tokenize": source.tokenize.model_dump(mode="json", exclude=set(source.tokenize.execution_only)),
        "vectors": source.vectors[1],
        "packages": packages,
    }
    manifest = make_stage(
        OutputFolder(output, "documents"),
        "documents",
        config.embed,
        inputs,
        lambda stage_writer: _build(stage_writer, files, source, config, executor),
        lambda: executor.start(run.name),
    )
    if silent := manifest.counters["documents_without_known_word"]:
        log_event(f"documents: {silent:,} have no word of the vocabulary; their vectors are zero")
    return manifest


def _build(
    stage_writer: StageWriter, files: Sequence[InputFile], source: Source, config: Config, executor: Executor
) -> StageResult:
    folder, options, size = stage_writer.temporary, config.embed, vector_size(source.vectors[0])
    parts = _numbered(plan_splits(files, source.tokenize.split_bytes), source, config, executor)

    embed_one = partial(_embed_part, parts, source, options, folder)
    task_results = executor.run_parts("documents: embedding", len(parts), embed_one) if parts else []
    others: list[FileEntry] = []
    if options.remove_components and task_results:
        by_part, has_id = (
            {task_result.part: task_result for task_result in task_results},
            options.id_column is not None,
        )
        components_KD = principal_components(
            total_moment(folder, task_results, size), options.remove_components
        )
        remove = partial(_remove_components, folder, by_part, components_KD, has_id)
        task_results = executor.run_parts("documents: removing components", len(parts), remove)
        others = [write_array(stage_writer, COMPONENTS, components_KD)]
    counters = add_counters(task_result.counters for task_result in task_results)
    if not counters.get("documents"):
        raise UserError(
            f"the input holds no document (files {len(files)}, first {files[0].path}); give others"
        )
    return StageResult(
        [*commit_parts(stage_writer, task_results, len(parts)), *others],
        total_account(task_results),
        counters,
    )


def _numbered(tasks: list[list[Split]], source: Source, config: Config, executor: Executor) -> Parts:
    """Return the splits with the numbers of their first rows. Rows of files with several splits are counted first,
    unless rows have ids."""
    splits = [split for task in tasks for split in task]
    rows = [0] * len(splits)
    if config.embed.id_column is None and any(split.begin for split in splits):
        count = partial(_count_part, tasks, source.tokenize)
        task_results = executor.run_parts("documents: numbering rows", len(tasks), count)
        by_part = {task_result.part: task_result.counters for task_result in task_results}
        rows = [
            by_part[part][str(position)] for part, task in enumerate(tasks) for position in range(len(task))
        ]
    first_rows, before = [], 0
    for split, num_rows in zip(splits, rows, strict=True):
        before = before if split.begin else 0
        first_rows.append(before)
        before += num_rows
    numbers = iter(first_rows)
    return [[(split, next(numbers)) for split in task] for task in tasks]


def _embed_part(parts: Parts, source: Source, options: EmbedConfig, folder: Folder, part: int) -> TaskResult:
    vectors_VD = cached_vectors(*source.vectors)
    words = WordTable.of(vectors_VD, cached_vocabulary(*source.vocab), options)
    return embed_part(parts[part], source.tokenize, source.encoder(), words, folder, part)


def _remove_components(
    folder: Folder, by_part: dict[int, TaskResult], components_KD: FloatArray, has_id: bool, part: int
) -> TaskResult:
    return rewrite_without(folder, by_part[part], components_KD, has_id)


def _count_part(tasks: list[list[Split]], tokenize: TokenizeConfig, part: int) -> TaskResult:
    return count_part(tasks[part], tokenize, part)
