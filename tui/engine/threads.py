"""Work in a thread that whoever waits for it never leaves behind."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import ParamSpec, TypeVar

_P = ParamSpec("_P")
_T = TypeVar("_T")


async def in_thread(function: Callable[_P, _T], *arguments: _P.args, **named: _P.kwargs) -> _T:
    """Returns what a function returns in a thread. However often it is cancelled, it waits for the function's end.

    So files, and all else that the function uses, can be closed afterwards.
    """
    task = asyncio.ensure_future(asyncio.to_thread(function, *arguments, **named))
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        while not task.done():
            with suppress(asyncio.CancelledError):  # the first one is raised in the end
                await asyncio.wait([task])
        if not task.cancelled():
            task.exception()  # taken note of: nobody is there for it any more
        raise
