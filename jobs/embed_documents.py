"""`w2v embed` as a script, for spark-submit."""

from w2v_core.cli.commands.embed import embed
from w2v_core.cli.options import run_script

if __name__ == "__main__":
    run_script(embed)
