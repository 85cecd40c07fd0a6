"""`w2v`, from its first moment: the imports take a second in which it may be interrupted too."""

import sys


def main() -> None:
    """The `w2v` command."""
    try:
        from w2v_core.cli.app import app
        from w2v_core.cli.options import run_app

        run_app(app)
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
