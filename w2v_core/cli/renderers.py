"""Log events that the console prints as tables."""

from collections.abc import Callable, Mapping

from w2v_core.console.plan_tables import print_prediction
from w2v_core.console.score_tables import print_comparison, print_scores

RENDERERS: Mapping[str, Callable[..., None]] = {
    "scores_report": print_scores,
    "comparison_report": print_comparison,
    "plan_report": print_prediction,
}
