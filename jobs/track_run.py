"""`w2v track` as a script, for spark-submit."""

from w2v_core.cli.commands.track import track
from w2v_core.cli.options import run_script

if __name__ == "__main__":
    run_script(track)
