"""`w2v plan` as a script, for spark-submit."""

from w2v_core.cli.commands.plan import plan
from w2v_core.cli.options import run_script

if __name__ == "__main__":
    run_script(plan)
