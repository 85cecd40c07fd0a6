"""The packages that the image installs, one a line: what pyproject.toml names for our code and for Spark.

python3 conf/docker/requirements.py [pyproject.toml]
"""

import sys
import tomllib
from pathlib import Path

EXTRAS = ("spark", "avro", "mediawiki")


def main() -> None:
    """Print them."""
    path = Path(sys.argv[1] if len(sys.argv) > 1 else "pyproject.toml")
    project = tomllib.loads(path.read_text(encoding="utf-8"))["project"]
    wanted = list(project["dependencies"])
    for extra in EXTRAS:
        wanted += project["optional-dependencies"][extra]
    print("\n".join(wanted))  # noqa: T201


if __name__ == "__main__":
    main()
