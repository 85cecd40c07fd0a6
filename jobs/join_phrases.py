"""`w2v phrases` as a script, for spark-submit."""

from w2v_core.cli.app import run_script

if __name__ == "__main__":
    run_script("phrases")
