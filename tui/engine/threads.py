"""Work that whoever waits for it never leaves behind: in a thread, or in a task that has a duty to finish."""

import asyncio
from collections.abc import Callable
from typing import ParamSpec, TypeVar

_P = ParamSpec("_P")
_T = TypeVar("_T")


async def in_thread(function: Callable[_P, _T], *arguments: _P.args, **named: _P.kwargs) -> _T:
    """Returns what a function returns in a thread. However often it is cancelled, it waits for the function's end.

    So files, and all else that the function uses, can be closed afterwards.
    """
    return await to_its_end(asyncio.ensure_future(asyncio.to_thread(function, *arguments, **named)))


async def to_its_end(task: "asyncio.Future[_T]") -> _T:
    """Returns what a task returns. Whoever is cancelled meanwhile, however often, is so once the task has ended."""
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.wait([task])
        except asyncio.CancelledError as error:
            cancelled = cancelled or error
    if cancelled is None:
        return task.result()
    if not task.cancelled():
        task.exception()  # taken note of: nobody is there for it any more
    raise cancelled
