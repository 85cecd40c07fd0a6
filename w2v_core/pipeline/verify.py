"""Verification of a run: every byte of every finished stage is compared with its manifest."""

import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from w2v_core import schemas
from w2v_core.errors import UserError
from w2v_core.io.filesystem import Folder, access
from w2v_core.io.parquet import row_groups
from w2v_core.runs.artifacts import STAGES
from w2v_core.runs.manifest import COMMANDS, FileEntry, Manifest
from w2v_core.runs.run_directory import RunDir
from w2v_core.shards.digest import digest_of_rows, joined_digest
from w2v_core.shards.read import as_arrays

_CHUNK_BYTES = 8 << 20


@dataclass(frozen=True)
class Verified:
    """The result for one finished stage. `problems` is empty if the stage matches its manifest."""

    stage: str
    files: int
    bytes: int
    digest: str | None
    """the rows' digest, recomputed; None for a stage that has none"""
    problems: tuple[str, ...]


def verify(run: RunDir) -> Iterator[Verified]:
    """Verify each finished stage: files, sizes, checksums, token accounts, and the digest of the rows in shards.

    Stages are read lazily, one at a time. Raises UserError for a manifest that cannot be read.
    """
    manifests = {name: manifest for name in STAGES if (manifest := run.manifest(name))}
    for name, manifest in manifests.items():
        folder = run.stage(name)
        damaged = [problem for entry in manifest.files if (problem := _damage(folder, entry))]
        problems = damaged + _account_problems(name, manifests)
        digest = None
        if name == "shards" and not damaged:
            digest, found = _shards_problems(folder, manifest)
            problems += found
        if damaged:
            problems.append(f"delete {folder} and run `w2v {COMMANDS[name]}` again")
        num_bytes = sum(entry.bytes for entry in manifest.files)
        yield Verified(name, len(manifest.files), num_bytes, digest, tuple(problems))


def _damage(folder: Folder, entry: FileEntry) -> str | None:
    path = folder.file(entry.name)
    num_bytes = crc32 = 0
    try:
        with access(path), folder.filesystem.open_input_stream(path, compression=None) as stream:
            while chunk := stream.read(_CHUNK_BYTES):
                num_bytes, crc32 = num_bytes + len(chunk), zlib.crc32(chunk, crc32)
    except FileNotFoundError:
        return f"{path} is missing"
    except OSError as error:
        return f"{path} cannot be read: {error}"
    if num_bytes != entry.bytes:
        return f"{path} has {num_bytes:,} bytes, not {entry.bytes:,}"
    if crc32 != entry.crc32:
        return f"{path} is damaged: its CRC-32 is {crc32:08x}, not {entry.crc32:08x}"
    return None


def _account_problems(name: str, manifests: dict[str, Manifest]) -> list[str]:
    """Return the tokens that an account does not balance, or on which two accounts differ."""
    problems = []
    accounts = {stage: manifest.tokens for stage, manifest in manifests.items()}
    own = accounts[name]
    if own and not own.balances():
        problems.append(f"the token account of {name} does not balance: {own}")
    vocab, source = accounts.get("vocab"), _source(name, accounts)
    passes = manifests[name].config.get("passes", 1) if name == "shards" else 1
    given = accounts[source] if source else None
    if own and given and own.read != passes * given.kept:
        problems.append(
            f"{name} read {own.read:,} tokens in {passes} passes and the {source} stage kept {given.kept:,}"
        )
    if own and vocab and name == "shards" and own.out_of_vocabulary != passes * vocab.out_of_vocabulary:
        problems.append(
            f"{name} found {own.out_of_vocabulary:,} tokens out of vocabulary in {passes} passes and vocab "
            f"{vocab.out_of_vocabulary:,}"
        )
    return problems


def _source(name: str, accounts: Mapping[str, object]) -> str | None:
    """Return the stage whose tokens stage `name` reads, if both exist."""
    possible = {"phrases": ["tokens"], "vocab": ["phrases", "tokens"], "shards": ["phrases", "tokens"]}
    return next((stage for stage in possible.get(name, []) if accounts.get(stage)), None)


def _shards_problems(folder: Folder, manifest: Manifest) -> tuple[str, list[str]]:
    """Return the digest of the rows, and where the manifest differs."""
    window, is_weighted = int(manifest.config["window"]), bool(manifest.counters.get("weighted"))
    digest, problems = 0, []
    for entry in manifest.files:
        num_rows = 0
        try:
            for rows in row_groups(folder, entry.name, schemas.shards(window, is_weighted)):
                digest = joined_digest(digest, digest_of_rows(*as_arrays(rows, window)))
                num_rows += len(rows)
        except UserError as error:
            problems.append(str(error))
            continue
        if num_rows != entry.rows:
            problems.append(f"{folder.file(entry.name)} has {num_rows:,} rows, not {entry.rows:,}")
    digest_text = f"{digest:016x}"
    if manifest.tokens and manifest.tokens.kept != sum(entry.rows or 0 for entry in manifest.files):
        problems.append(f"the files of {folder} do not hold the {manifest.tokens.kept:,} tokens kept")
    if manifest.digest not in (None, digest_text):
        problems.append(f"the rows of {folder} have the digest {digest_text}, not {manifest.digest}")
    return digest_text, problems
