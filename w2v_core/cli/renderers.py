"""Log events that people read as tables."""

from collections.abc import Callable, Mapping

from w2v_core.console.plan_tables import tell_prediction
from w2v_core.console.score_tables import tell_comparison, tell_scores

RENDERERS: Mapping[str, Callable[..., None]] = {
    "scores_report": tell_scores,
    "comparison_report": tell_comparison,
    "plan_report": tell_prediction,
}
