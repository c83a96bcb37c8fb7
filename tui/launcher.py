"""The installed package's entry, hythe/__main__.py in the wheel: finds the packages that are nested beside it."""

import sys
from pathlib import Path


def main() -> int:
    """Run the command line and return its exit code; in a checkout the packages are on the path already."""
    nested = Path(__file__).resolve().parent / "_app"
    if nested.is_dir():
        sys.path.insert(0, str(nested))
    from tui.__main__ import main as run

    return run()


if __name__ == "__main__":
    sys.exit(main())
