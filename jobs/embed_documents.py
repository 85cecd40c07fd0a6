"""Documents to vectors: the weighted means of their words' vectors, for what is learned on few labels."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import typer

from jobs import _spark
from jobs._options import (
    ConfigOption,
    FilesOption,
    MoreInputs,
    RunDirOption,
    SetOption,
    StrictOption,
    run_script,
    say,
)
from jobs._stage import Made, make_stage
from jobs._tables import PREFIX, tables_among
from jobs.join_phrases import opened_phrases
from jobs.tokenize_corpus import import_readers, load_packages, settings_with_strict
from w2v_core.accounting import add_counters
from w2v_core.config import Config, TokenizeConfig
from w2v_core.documents.components import principal_components, rewrite_without, total_moment
from w2v_core.documents.embed_part import WordTable, cached_vectors, count_part, embed_part, vector_size
from w2v_core.documents.encode import Encoder
from w2v_core.documents.read import check_formats
from w2v_core.errors import UserError
from w2v_core.output_folder import OutputFolder
from w2v_core.parts import Receipt, adopt_parts, total_account, write_array
from w2v_core.phrases.grams import Joining
from w2v_core.run_dir import Draft, FileEntry, Manifest, RunDir
from w2v_core.storage import Folder
from w2v_core.text.inputs import InputFile, Split, find_files, plan_splits
from w2v_core.text.named_files import NamedFiles
from w2v_core.token_files import SentenceStage
from w2v_core.vocab import cached_vocabulary

COMPONENTS = "components.npy"
READING = ("column", "format", "strict", "split_bytes")
"""Settings of [tokenize] that say where documents stand; all others are the run's."""

OutputOption = Annotated[
    str, typer.Option("--output", metavar="DIR", help="Where the documents' vectors go: a folder or a URI.")
]
Parts = list[list[tuple[Split, int]]]


def embed(
    run_dir: RunDirOption,
    output: OutputOption,
    input: FilesOption = None,  # noqa: A002
    more_inputs: MoreInputs = None,
    strict: StrictOption = False,
    config: ConfigOption = None,
    set_: SetOption = None,
) -> None:
    """Give every document a vector, the weighted mean of its words' vectors, on Spark."""
    settings = settings_with_strict(config, set_, strict)
    tables, locations = tables_among([*(input or []), *(more_inputs or [])])
    if tables:
        raise UserError(
            f"input {PREFIX}{tables[0]}: embed reads files; write the table as Parquet, for example by "
            "spark.read.table(…).write.parquet(…)"
        )
    files = find_files(locations, settings.tokenize.format, settings.tokenize.column)
    embed_documents(RunDir.open(run_dir), files, output, settings)


@dataclass(frozen=True)
class Source:
    """What a run has to say about words: how texts become words, and the words' vectors."""

    tokenize: TokenizeConfig
    given: NamedFiles
    joining: Joining
    phrases_folder: Folder
    phrases: list[FileEntry]
    vocab: tuple[Folder, str]
    vectors: tuple[Folder, str]
    """folders, with the fingerprints of their stages"""

    @classmethod
    def of(cls, run: RunDir, asked: TokenizeConfig) -> "Source":
        """From the manifests of a finished run. UserError where a stage, or a file that was named, is not as it was."""
        vectors, vocab, tokens = (run.require(stage) for stage in ("vectors", "vocab", "tokens"))
        tokenize = tokenize_settings(tokens, asked, run.location)
        sentences, joining, phrases = SentenceStage.of(run), Joining(""), []
        if sentences.name == "phrases":
            manifest = sentences.manifest
            joining = Joining(manifest.config["delimiter"], tuple(manifest.inputs.get("common_terms", ())))
            phrases = [entry for entry in manifest.files if entry.name.startswith("phrases-")]
        return cls(
            tokenize,
            _same_files(tokens, tokenize, run.location),
            joining,
            run.stage("phrases"),
            phrases,
            (run.stage("vocab"), vocab.fingerprint),
            (run.stage("vectors"), vectors.fingerprint),
        )

    def encoder(self) -> Encoder:
        """A fresh one, for one task."""
        phrases = opened_phrases(self.phrases_folder, self.phrases) if self.phrases else ()
        return Encoder(self.tokenize, self.given, phrases, self.joining, cached_vocabulary(*self.vocab))


def tokenize_settings(tokens: Manifest, asked: TokenizeConfig, location: str) -> TokenizeConfig:
    """The run's own settings, but for those of READING. UserError where others are asked for."""
    ran = TokenizeConfig.model_validate(tokens.config)
    for key in sorted(asked.model_fields_set - {*READING, "weight_column"}):
        if getattr(asked, key) != getattr(ran, key):
            raise UserError(
                f"tokenize.{key} = {getattr(asked, key)!r}, but the words of {location} were made with "
                f"{getattr(ran, key)!r}; documents take the run's own settings, so leave it out"
            )
    reading = {key: getattr(asked, key) for key in READING}
    return ran.model_copy(update={**reading, "weight_column": None})


def _same_files(tokens: Manifest, tokenize: TokenizeConfig, location: str) -> NamedFiles:
    """Stop words and model. UserError where they have changed since the run was made."""
    given = NamedFiles.read(tokenize)
    was: dict[str, Any] = tokens.inputs if isinstance(tokens.inputs, dict) else {}
    for key, value in given.identity().items():
        if was.get(key) != value:
            raise UserError(
                f"tokenize.{key} = {getattr(tokenize, key)} is not what it was when {location} was made; put the old "
                "file back, or run the pipeline again"
            )
    return given


def embed_documents(run: RunDir, files: Sequence[InputFile], output: str, config: Config) -> Manifest:
    """The vectors of the documents in `files`, in folder `output`."""
    source = Source.of(run, config.tokenize)
    check_formats(files, config.embed.id_column)
    import_readers(files)
    packages = load_packages(config.model_copy(update={"tokenize": source.tokenize}), source.given)
    inputs = {
        "files": [file.identity() for file in files],
        "tokenize": source.tokenize.model_dump(mode="json", exclude=source.tokenize.without_effect),
        "vectors": source.vectors[1],
        "packages": packages,
    }
    manifest = make_stage(
        OutputFolder(output, "documents"),
        "documents",
        config.embed,
        inputs,
        lambda draft: _build(draft, files, source, config),
        lambda: _spark.session(config.spark, run.name),
    )
    if silent := manifest.counters["documents_without_known_word"]:
        say(f"documents: {silent:,} have no known word; their vectors are zero")
    return manifest


def _build(draft: Draft, files: Sequence[InputFile], source: Source, config: Config) -> Made:
    folder, options, size = draft.temporary, config.embed, vector_size(source.vectors[0])
    parts = _numbered(plan_splits(files, source.tokenize.split_bytes), source, config)

    def embed_one(part: int) -> Receipt:
        vectors_VD = cached_vectors(*source.vectors)
        words = WordTable.of(vectors_VD, cached_vocabulary(*source.vocab), options)
        return embed_part(parts[part], source.tokenize, source.encoder(), words, folder, part)

    spark = _spark.session(config.spark)
    receipts = _spark.run_parts("documents: embedding", spark, len(parts), embed_one) if parts else []
    others: list[FileEntry] = []
    if options.remove_components and receipts:
        drafts, has_id = {receipt.part: receipt for receipt in receipts}, options.id_column is not None
        components_CD = principal_components(total_moment(folder, receipts, size), options.remove_components)
        receipts = _spark.run_parts(
            "documents: removing components",
            spark,
            len(parts),
            lambda part: rewrite_without(folder, drafts[part], components_CD, has_id),
        )
        others = [write_array(draft, COMPONENTS, components_CD)]
    counters = add_counters(receipt.counters for receipt in receipts)
    if not counters.get("documents"):
        raise UserError(
            f"the input holds no document (files {len(files)}, first {files[0].path}); give others"
        )
    return Made([*adopt_parts(draft, receipts, len(parts)), *others], total_account(receipts), counters)


def _numbered(tasks: list[list[Split]], source: Source, config: Config) -> Parts:
    """The splits with the numbers of their first rows. Files that are cut are counted first, unless rows have ids."""
    splits = [split for task in tasks for split in task]
    rows = [0] * len(splits)
    if config.embed.id_column is None and any(split.begin for split in splits):
        tokenize = source.tokenize
        receipts = _spark.run_parts(
            "documents: numbering rows",
            _spark.session(config.spark),
            len(tasks),
            lambda part: count_part(tasks[part], tokenize, part),
        )
        by_part = {receipt.part: receipt.counters for receipt in receipts}
        rows = [by_part[part][str(place)] for part, task in enumerate(tasks) for place in range(len(task))]
    first_rows, before = [], 0
    for split, num_rows in zip(splits, rows, strict=True):
        before = before if split.begin else 0
        first_rows.append(before)
        before += num_rows
    numbers = iter(first_rows)
    return [[(split, next(numbers)) for split in task] for task in tasks]


if __name__ == "__main__":
    run_script(embed)
