"""`w2v phrases` as a script, for spark-submit."""

from w2v_core.cli.commands.phrases import phrases
from w2v_core.cli.options import run_script

if __name__ == "__main__":
    run_script(phrases)
