"""Which files of tests are begun first, where several processes share them: none is left alone with a long one."""

from collections import Counter
from collections.abc import Iterable
from itertools import chain, zip_longest
from pathlib import Path

LONG = (
    "test_registries.py",
    "test_engine_faults.py",
    "test_shell_terminal.py",
    "test_headless_layers.py",
    "test_usage_of_engines.py",
    "test_churn.py",
    "test_demo_verb.py",
    "test_compose_commands.py",
    "test_swarm_commands.py",
    "test_slow_terminal.py",
    "test_engine_fails.py",
    "test_detail_recovers.py",
)
"""Files that take longer than the number of their tests tells: they start engines or programs of their own."""


def file_order(files: Iterable[Path]) -> dict[Path, int]:
    """Return the place of each file, given that of each test: long ones first, and those of many tests.

    Tests of the contract ring wait for daemons, those of the screens calculate: they stand in turns.
    """
    tests = Counter(files)
    ordered = sorted(tests, key=lambda file: (file.name not in LONG, -tests[file], file))
    rings = {ring: [file for file in ordered if file.parent.name == ring] for ring in ("contract", "screens")}
    turns = [file for pair in zip_longest(*rings.values()) for file in pair if file is not None]
    rest = [file for file in ordered if file.parent.name not in rings]
    return {file: place for place, file in enumerate(chain(turns, rest))}
