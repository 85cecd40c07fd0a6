"""`w2v report` as a script, for spark-submit."""

from w2v_core.cli.commands.report import report
from w2v_core.cli.options import run_script

if __name__ == "__main__":
    run_script(report)
