"""The prediction of what a run needs, from a sample of its input, and its comparison with the finished run."""

from w2v_core.config import Config
from w2v_core.errors import UserError
from w2v_core.executors.catalog import PREFIX, tables_among
from w2v_core.io.events import log_event
from w2v_core.pipeline.tokenize import import_readers, load_packages
from w2v_core.planning.predict import DEFAULT_SAMPLE_BYTES, predict
from w2v_core.planning.prediction import Prediction
from w2v_core.readers.splits import find_files
from w2v_core.tokenization.tokenizer_resources import TokenizerResources


def predict_run(
    locations: list[str], config: Config, sample_bytes: int = DEFAULT_SAMPLE_BYTES, seed: int = 1
) -> Prediction:
    """Predict a run on the files that `locations` name. Raises UserError for catalog tables and unreadable input."""
    tables, files = tables_among(locations)
    if tables:
        raise UserError(
            f"input {PREFIX}{tables[0]}: a plan reads files, without Spark; name the table's own files, or leave it out"
        )
    found = find_files(files, config.tokenize.format, config.tokenize.column)
    import_readers(found)
    load_packages(config, TokenizerResources.read(config.tokenize))
    log_event("plan: reading a sample")
    return predict(found, config, sample_bytes, seed)
