"""`w2v evaluate` as a script, for spark-submit."""

from w2v_core.cli.commands.evaluate import evaluate
from w2v_core.cli.options import run_script

if __name__ == "__main__":
    run_script(evaluate)
