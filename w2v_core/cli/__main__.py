"""The entry point of `w2v`, which handles interrupts also during the imports, which take a second."""

import sys


def main() -> None:
    """Run the `w2v` command."""
    try:
        from w2v_core.cli.app import app
        from w2v_core.cli.options import run_app

        run_app(app)
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
