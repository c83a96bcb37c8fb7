"""A worker is given what makes its coroutine, not the coroutine: one that never begins would leave it unawaited.

A screen may close between the asking and the worker's first step, and Python then writes its warning over the terminal.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCES = sorted(path for package in ("tui", "widgets") for path in (ROOT / package).rglob("*.py"))


def coroutines_of_workers(tree: ast.AST) -> Iterator[int]:
    """The lines where run_worker is given the answer of a call, at once or by a name, other than of partial."""
    assigned: dict[str, list[ast.expr]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign):
            for target in node.targets:
                if isinstance(target, ast.Name):
                    assigned.setdefault(target.id, []).append(node.value)
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "run_worker":
            work = node.args[0]
            found = assigned.get(work.id, []) if isinstance(work, ast.Name) else [work]
            if any(called(value) for value in found):
                yield node.lineno


def called(value: ast.expr) -> bool:
    """Whether an expression is the answer of a call, other than of partial."""
    if isinstance(value, ast.IfExp):
        return called(value.body) or called(value.orelse)
    return isinstance(value, ast.Call) and not (isinstance(value.func, ast.Name) and value.func.id == "partial")


@pytest.mark.parametrize(
    ("source", "lines"),
    [
        ("self.run_worker(self.read)", []),
        ("self.run_worker(partial(read, 1))", []),
        ("self.run_worker(self.read())", [1]),
        ("work = partial(read, 1) if x else read()\nself.run_worker(work)", [2]),
        ("work = partial(read, 1) if x else partial(read)\nself.run_worker(work)", []),
    ],
)
def test_the_rule_tells_them_apart(source: str, lines: list[int]) -> None:
    assert list(coroutines_of_workers(ast.parse(source))) == lines


def test_every_worker_makes_its_own_coroutine() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{line}"
        for path in SOURCES
        for line in coroutines_of_workers(ast.parse(path.read_text()))
    ]
    assert found == []
