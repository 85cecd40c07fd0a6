"""The report of a finished run, one HTML page."""

from w2v_core.config import Config
from w2v_core.io.events import log_event
from w2v_core.report.facts import fingerprint, read_facts
from w2v_core.report.page import is_page_of, page
from w2v_core.report.projection import require_umap
from w2v_core.report.word_map import word_map
from w2v_core.runs.artifacts import REPORT_PAGE
from w2v_core.runs.model_reference import reject_published
from w2v_core.runs.run_directory import RunDir
from w2v_core.vectors.word_vectors import WordVectors


def check_report(config: Config) -> None:
    """Raise UserError before training if the report could not be made after it."""
    if config.report.projection == "umap":
        require_umap()


def write_report(run: RunDir, config: Config) -> None:
    """Write reports/report.html, unless it is up to date.

    The page is not a file of the reports stage, which holds scores and is optional. Starting an earlier stage removes
    the folder with the page, so the page never describes vectors that no longer exist.
    """
    run.require("vectors")
    folder, wanted = run.stage("reports"), fingerprint(run, config.report)
    path = f"{run.location}/reports/{REPORT_PAGE}"
    if is_page_of(folder.read(REPORT_PAGE), wanted):
        log_event(f"report: up to date; open {path}")
        return
    reject_published(run.folder, run.location)
    log_event("report: working")
    data = build_report(run, config)
    folder.create()
    folder.write_atomically(REPORT_PAGE, data)
    log_event(f"report: {len(data) / 1e6:.1f} MB; open {path}")


def has_report(run: RunDir) -> bool:
    """Return whether a page exists, of any state of the run."""
    return REPORT_PAGE in run.stage("reports").sizes()


def build_report(run: RunDir, config: Config) -> bytes:
    """Return the HTML page about a run whose training is finished."""
    facts, wanted = read_facts(run), fingerprint(run, config.report)
    vectors = WordVectors.read(run.stage("vectors"))
    return page(facts, vectors.counts, word_map(vectors, config.report), wanted)
