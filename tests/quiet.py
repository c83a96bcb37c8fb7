"""When an application under test has done all that it can do now: the pilot waits for that, and no time passes.

Textual's own pilot waits by the clock: twice 20 ms at each key, and on until the process used little CPU meanwhile. On
a busy machine that is slow, and too early where the process got no CPU at all.
"""

import asyncio
from time import monotonic
from typing import Any
from weakref import WeakSet

import textual.app
import textual.pilot
from textual._context import active_app
from textual.screen import Screen

# one turn of the loop takes what arrived, the next passes it on, and what that led to is seen in the third
TURNS = 3
# what never comes to rest is waited for so long: work in a thread that ends with its test, a task that is always ready
MOST_SECONDS = 10.0
# what is drawn may ask for one more frame; what moves all the time would ask for ever
FRAMES = 8

# what threads are still to answer
_asked: WeakSet[asyncio.Future[Any]] = WeakSet()


async def quiet() -> None:
    """Let the event loop go on until nothing in it is ready to run: all then waits for a timer or for another process.

    What threads of the loop's executor were asked is waited for too. It takes MOST_SECONDS at most.
    """
    loop = asyncio.get_running_loop()
    turns, until = 0, monotonic() + MOST_SECONDS
    while turns < TURNS and monotonic() < until:
        working = _threads_work(loop)
        await asyncio.sleep(0.001 if working else 0)
        # the loop tells in no other way whether something is ready
        turns = 0 if working or loop._ready else turns + 1  # type: ignore[attr-defined]


def _threads_work(loop: asyncio.AbstractEventLoop) -> bool:
    return any(answer.get_loop() is loop and not answer.done() for answer in _asked)


async def rested(seconds: float) -> None:
    """Let the app go on, with every frame drawn, until no timer ends within the next `seconds`.

    Ten times as long is the most: a clock that ticks more often would hold it up for ever.
    """
    loop = asyncio.get_running_loop()
    until = loop.time() + 10 * seconds
    while loop.time() < until:
        await painted()
        ends = [handle.when() for handle in loop._scheduled if not handle.cancelled()]  # type: ignore[attr-defined]
        wait = min(ends, default=float("inf")) - loop.time()
        if wait > seconds:
            return
        await asyncio.sleep(max(0.0, wait))


async def painted(min_sleep: float = 0, max_sleep: float = 1) -> None:
    """Let the app come to rest with every frame drawn that is due. Takes what Textual's `wait_for_idle` takes.

    A frame is due within a 60th of a second of what led to it, and the end of a resize sooner: both come at once here.
    """
    del min_sleep, max_sleep
    await quiet()
    app = active_app.get(None)
    for _ in range(FRAMES):
        if app is None or not app._running or not app._screen_stack:
            return
        screen = app.screen
        if app._resize_timer is not None:
            app._check_resize()
        elif not _frame_is_due(screen):
            return
        else:
            screen._on_timer_update()
        await quiet()


def _frame_is_due(screen: Screen[object]) -> bool:
    return bool(
        screen._layout_required
        or screen._scroll_required
        or screen._repaint_required
        or screen._recompose_required
        or screen._dirty_widgets
        or screen._callbacks
    )


def install() -> None:
    """Let every pilot of this process wait so."""
    textual.app.wait_for_idle = textual.pilot.wait_for_idle = painted  # type: ignore[assignment]
    ask = asyncio.BaseEventLoop.run_in_executor

    def run_in_executor(loop: asyncio.BaseEventLoop, *call: Any) -> asyncio.Future[Any]:
        answer = ask(loop, *call)
        _asked.add(answer)
        answer.add_done_callback(_asked.discard)
        return answer

    asyncio.BaseEventLoop.run_in_executor = run_in_executor  # type: ignore[assignment, method-assign]
