"""Limits changed in place on every engine: what they are before and after, and what is refused, in which words."""

import secrets
from collections.abc import AsyncIterator

import pytest

from tui.engine.endpoint import Endpoint
from tui.engine.engine import Engine
from tui.engine.errors import ApiError
from tui.model.limits import body_of, changed, place_of, same, texts_of


@pytest.fixture
async def engine(engine_socket: str) -> AsyncIterator[Engine]:
    engine = Engine(Endpoint(f"unix://{engine_socket}", "test"))
    await engine.connect()
    yield engine
    for container in await engine.containers.list_all(filters={"label": ["hythe.test=limits"]}):
        await engine.containers.remove(container.id, force=True)
    await engine.close()


async def make(engine: Engine, **host: object) -> str:
    body = {"Image": "busybox:latest", "Cmd": ["sleep", "600"], "Labels": {"hythe.test": "limits"}, "HostConfig": host}
    created = await engine.containers.create(body, name=f"limits-{secrets.token_hex(4)}")
    await engine.containers.start(created.id)
    return created.id


async def texts(engine: Engine, id: str) -> dict[str, str]:
    return texts_of((await engine.containers.made(id)).host_config)


@pytest.mark.parametrize(
    "change",
    [
        {"memory": "64m", "memory-swap": "128m"}, {"memory-reservation": "16m"}, {"cpus": "0.5"}, {"cpu-shares": "512"},
        {"cpuset-cpus": "0"}, {"pids-limit": "50"}, {"restart": "on-failure:3"}, {"restart": "always"},
    ],
    ids=lambda change: ",".join(change),
)  # fmt: skip
async def test_what_is_asked_for_is_what_it_is_then(engine: Engine, change: dict[str, str]) -> None:
    id = await make(engine)
    before = await texts(engine, id)
    asked = changed(before, {**before, **change})
    assert asked == change
    await engine.containers.update(id, body_of(asked))
    after = await texts(engine, id)
    assert all(same(option, after[option], text) for option, text in change.items())
    assert {option for option in after if not same(option, after[option], before[option])} == set(change)


async def test_what_can_be_taken_away_is(engine: Engine) -> None:
    id = await make(engine, PidsLimit=50, RestartPolicy={"Name": "always"})
    await engine.containers.update(id, body_of({"pids-limit": "-1", "restart": "no"}))
    after = await texts(engine, id)
    assert (after["pids-limit"], after["restart"]) == ("", "")


@pytest.mark.parametrize(
    ("change", "words", "place"),
    [
        ({"memory": "300m"}, "already set memoryswap limit", "memory"),
        ({"memory": "300m", "memory-swap": "100m"}, "Minimum memoryswap limit", "memory-swap"),
        ({"cpus": "9999"}, "ange of CPUs", "cpus"),
    ],
)
async def test_what_is_refused_stays_as_it_was(engine: Engine, change: dict[str, str], words: str, place: str) -> None:
    id = await make(engine, Memory=100 << 20, MemorySwap=200 << 20)
    before = await texts(engine, id)
    with pytest.raises(ApiError, match=words) as refused:
        await engine.containers.update(id, body_of(change))
    assert place_of(str(refused.value), change) == place
    assert await texts(engine, id) == before


async def test_less_memory_below_swap_without_a_limit_says_both(engine: Engine) -> None:
    id = await make(engine, Memory=100 << 20, MemorySwap=-1)
    before = await texts(engine, id)
    asked = changed(before, {**before, "memory": "64m"})
    assert asked == {"memory": "64m", "memory-swap": "-1"}
    await engine.containers.update(id, body_of(asked))
    assert await texts(engine, id) == {**before, "memory": "64m"}
