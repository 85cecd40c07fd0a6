"""A hint for Chinese text that the tokenizer leaves in whole clauses."""

from collections.abc import Sequence

from w2v_core.config import TokenizeConfig
from w2v_core.io.events import log_event
from w2v_core.io.filesystem import Folder
from w2v_core.runs.sentence_files import sentence_groups
from w2v_core.runs.task_output import TaskResult
from w2v_core.tokenization.unsegmented import CUT_AT_SPACES, mean_clause

_SENTENCES = 1000


def warn_of_unsegmented(folder: Folder, parts: Sequence[TaskResult], config: TokenizeConfig) -> None:
    """Log a warning where the first sentences are Chinese without spaces, and the tokenizer does not segment it.

    Parameters
    ----------
    folder : Folder
        Where the tasks wrote their files.
    parts : sequence of TaskResult
        What they wrote. Parts with ready tokens are left out.
    config : TokenizeConfig
        The settings of the tokens stage.
    """
    if config.tokenizer not in CUT_AT_SPACES:
        return
    for part in parts:
        if part.counters.get("sentences") and not part.counters.get("token_lists"):
            rows = next(sentence_groups(folder, part.temporary_name, config.weight_column is not None))
            _warn(rows["tokens"].slice(0, _SENTENCES).combine_chunks().flatten().to_pylist(), config)
            return


def _warn(tokens: list[str], config: TokenizeConfig) -> None:
    if (mean := mean_clause(tokens)) is not None:
        log_event(
            f"tokens: the text is Chinese without spaces, and tokenize.tokenizer = {config.tokenizer} does not segment "
            f"it: a token has {mean:.1f} Chinese characters on average. Set tokenize.tokenizer=jieba after "
            "pip install 'w2v[chinese]'.",
            "text_unsegmented",
            "warning",
            mean_characters=round(mean, 1),
        )
