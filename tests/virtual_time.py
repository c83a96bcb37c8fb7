"""An event loop whose clock jumps to the next timer: hours of heartbeats and backoffs pass in milliseconds."""

import asyncio
import selectors
from collections.abc import Coroutine, Mapping
from typing import Any, TypeVar

T = TypeVar("T")


class _JumpingSelector(selectors.DefaultSelector):
    """Never waits: where a real selector would, it moves the loop's clock on by that much."""

    def __init__(self, loop: "VirtualLoop") -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if not ready:
            if timeout is None:
                raise RuntimeError("every task waits, and no timer is set: nothing can ever happen again")
            self._loop.now += max(0.0, timeout)
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    """A loop for tasks that talk only to each other; `now` is its clock in seconds."""

    def __init__(self) -> None:
        self.now = 1_000_000.0
        super().__init__(_JumpingSelector(self))

    def time(self) -> float:
        return self.now

    def call_exception_handler(self, context: Mapping[str, Any]) -> None:  # type: ignore[override]
        raise AssertionError(f"a callback or task failed unseen: {context}")


def run_virtually(main: Coroutine[Any, Any, T]) -> T:
    """Run `main` to its end in virtual time and return what it returns."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(main)
