"""The event log: what happens, from before and as it comes, once each, whatever becomes of the line."""

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest

from engine_bench import Bench, bench_on
from tui.store.event_log import EventLog


@pytest.fixture
async def bench(engine_socket: str) -> AsyncIterator[Bench]:
    async with bench_on(engine_socket) as bench:
        yield bench
        for volume in await bench.engine.volumes.list_all(filters={"label": [f"hythe.test={bench.prefix}"]}):
            await bench.engine.volumes.remove(volume.name, force=True)


async def until(log: EventLog, true: Callable[[], bool]) -> None:
    changed = asyncio.Event()
    end = log.listen(changed.set)
    async with asyncio.timeout(15):
        while not true():
            changed.clear()
            await changed.wait()
    end()


def of(log: EventLog, name: str) -> list[str]:
    """What happened to the object of that name, in order."""
    entries = log.entries
    return [entries[key].event.action for key in sorted(entries) if entries[key].event.name == name]


async def test_events_come_and_those_from_before_are_had_once(bench: Bench) -> None:
    log = EventLog(bench.engine)
    name = f"{bench.prefix}-v"
    labels = {"hythe.test": bench.prefix}
    await log.open()
    await until(log, lambda: log.state == "live")
    await bench.engine.volumes.create(name, labels=labels)
    await until(log, lambda: of(log, name) == ["create"])

    await log.pause()  # as when the program is stopped
    assert log.state == "closed"
    await bench.engine.volumes.remove(name)
    log.resume()
    await until(log, lambda: of(log, name) == ["create", "destroy"])

    await log.open(1)  # all that the daemon still knows
    await until(log, lambda: of(log, name) == ["create", "destroy"])
    entry = next(iter(log.entries.values()))
    assert entry.document.startswith(b"{")
    assert b"\n" not in entry.document
    await log.close()
    assert (log.state, dict(log.entries)) == ("closed", {})
    log.resume()
    assert log.state == "closed", "one that was closed stays so"


async def test_what_happens_while_it_rests_comes_although_nothing_came_before(bench: Bench) -> None:
    log = EventLog(bench.engine)
    name = f"{bench.prefix}-v"
    await log.open()
    await until(log, lambda: log.state == "live")
    await log.pause()
    await bench.engine.volumes.create(name, labels={"hythe.test": bench.prefix})
    log.resume()
    await until(log, lambda: of(log, name) == ["create"])
    await log.close()


async def test_a_range_ends(bench: Bench) -> None:
    log = EventLog(bench.engine)
    name = f"{bench.prefix}-v"
    made = await bench.engine.volumes.create(name, labels={"hythe.test": bench.prefix})
    ping = await bench.engine.ping()
    assert ping.time_ns is not None
    await log.open(1, ping.time_ns + 1_500_000_000)
    await until(log, lambda: log.state == "ended")
    assert made.name == name
    assert of(log, name) == ["create"]
    await log.open()  # and another one can be asked for
    await until(log, lambda: log.state == "live")
    await log.close()


async def test_what_execs_make_is_marked(bench: Bench) -> None:
    log = EventLog(bench.engine)
    await log.open()
    await until(log, lambda: log.state == "live")
    made = await bench.run("sleep", "1000")
    await bench.engine.containers.top(made)
    await until(log, lambda: any(entry.noise for entry in log.entries.values()))
    assert any(entry.event.action == "start" and not entry.noise for entry in log.entries.values())
    await log.close()
