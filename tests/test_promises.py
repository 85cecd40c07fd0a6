"""Promises that hold under `python -O` too: each is an exception, never an `assert`.

Pytest's own asserts are off under -O, so every test here and in test_accounting.py fails through `pytest.raises`.
"""

import numpy as np
import pytest

from w2v_core import schemas
from w2v_core.documents.components import total_moment
from w2v_core.errors import AccountError, InputError, RunError, UserError
from w2v_core.io.filesystem import open_folder
from w2v_core.reference.scatter_add import csc_matvecs, scatter_rows
from w2v_core.runs.manifest import Manifest
from w2v_core.runs.output_folder import OutputFolder
from w2v_core.runs.run_directory import RunDir
from w2v_core.runs.task_output import PartWriter, TaskResult
from w2v_core.runs.token_account import TokenAccount, require_equal
from w2v_core.tokenization.normal_form import normal_form
from w2v_core.vectors.nearest import best_rows


def tokens_lost_between_stages(_):
    require_equal("tokens read by vocab", 9, 10)


def part_counted_while_open(tmp_path):
    with PartWriter(open_folder(str(tmp_path)), schemas.TOKENS) as writer:
        writer.entry("part-00000.parquet")


def unknown_stage(tmp_path):
    RunDir.create(str(tmp_path / "run")).stage("token")


def manifest_without_account(_):
    facts = {"format_version": 1, "code_version": "1", "finished_at": "", "seconds": 0, "fingerprint": ""}
    counts = {"config": {}, "inputs": [], "files": (), "tokens": None, "counters": {}}
    Manifest(stage="vocab", **facts, **counts).account()


def folder_of_another_stage(tmp_path):
    OutputFolder(str(tmp_path / "out"), "documents").is_current("vocab", "")


def folder_without_manifest(tmp_path):
    OutputFolder(str(tmp_path / "out"), "documents").require("documents")


def moment_missing(tmp_path):
    folder = open_folder(str(tmp_path))
    with PartWriter(folder, schemas.TOKENS) as writer:
        pass
    total_moment(folder, [TaskResult.of(writer, TokenAccount(0, 0), {}, part=0)], 2)


def no_neighbours_asked_for(_):
    best_rows(np.ones, 1, 3, 0)


def table_that_is_no_block(_):
    ids, weights, rows = np.zeros(1, np.int32), np.ones(1, np.float32), np.ones((1, 3), np.float32)
    scatter_rows(np.zeros((3, 2), np.float32).T, ids, weights, rows)


def unknown_normal_form(_):
    normal_form("a", "NFD")


BROKEN = [
    (tokens_lost_between_stages, AccountError, "tokens read by vocab.*10.*9"),
    (part_counted_while_open, AccountError, "part-00000.parquet"),
    (unknown_stage, RunError, "'token'.* tokens"),
    (manifest_without_account, RunError, "vocab/manifest.json.*tokens"),
    (folder_of_another_stage, RunError, "'vocab'.*'documents'"),
    (folder_without_manifest, RunError, "out .*documents"),
    (moment_missing, InputError, "moment.npy"),
    (no_neighbours_asked_for, UserError, "k = 0"),
    (unknown_normal_form, UserError, "'NFD'"),
]
if csc_matvecs is not None:
    BROKEN.append((table_that_is_no_block, UserError, "table_VD"))


@pytest.mark.parametrize(("break_it", "kind", "value"), BROKEN, ids=[case[0].__name__ for case in BROKEN])
def test_a_broken_promise_is_an_exception(break_it, kind, value, tmp_path):
    with pytest.raises(kind, match=value):
        break_it(tmp_path)
