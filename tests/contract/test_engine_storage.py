"""Every operation on volumes and networks means the same on every engine, and the feed keeps them as the lists say."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import suppress

import pytest

from engine_bench import Bench, bench_on
from tui.engine.errors import ApiError, Conflict, EngineError, NotFound
from tui.model.networks import Network, Subnet
from tui.model.volumes import Volume
from tui.store.feed import Feed
from tui.store.state import State


@pytest.fixture
async def bench(engine_socket: str) -> AsyncIterator[Bench]:
    async with bench_on(engine_socket) as bench:
        yield bench
        for container in await bench.engine.containers.list_all(filters={"label": [f"hythe.test={bench.prefix}"]}):
            await bench.engine.containers.remove(container.id, force=True, volumes=True)
        ours = {"label": [f"hythe.test={bench.prefix}"]}
        for volume in await bench.engine.volumes.list_all(filters=ours):
            await bench.engine.volumes.remove(volume.name, force=True)
        for network in await bench.engine.networks.list_all(filters=ours):
            await bench.engine.networks.remove(network.id)


async def volume(bench: Bench, name: str) -> Volume:
    labels = {"hythe.test": bench.prefix, "é": "[/]"}
    return await bench.engine.volumes.create(f"{bench.prefix}-{name}", labels=labels)


async def network(bench: Bench, name: str, **more: object) -> str:
    labels = {"hythe.test": bench.prefix}
    return await bench.engine.networks.create(f"{bench.prefix}-{name}", labels=labels, **more)  # type: ignore[arg-type]


# volumes


async def test_a_volume_comes_is_listed_and_goes(bench: Bench) -> None:
    made = await volume(bench, "one")
    assert (made.name, made.driver, made.scope) == (f"{bench.prefix}-one", "local", "local")
    assert made.labels == {"hythe.test": bench.prefix, "é": "[/]"}
    assert made.id == made.short_id == made.name
    assert not made.anonymous
    assert made.created is not None
    assert abs(made.created - time.time()) < 60
    assert made.name in made.mountpoint
    assert await volume(bench, "one") == made, "one that exists is left as it is"

    again = await bench.engine.volumes.read(made.name)
    listed = await bench.engine.volumes.list_all(filters={"label": [f"hythe.test={bench.prefix}"]})
    assert listed == [again] == [made]
    assert made in await bench.engine.volumes.list_all()
    assert (await bench.engine.volumes.inspect(made.name))["Name"] == made.name

    await bench.engine.volumes.remove(made.name)
    with pytest.raises(NotFound, match=r"(?i)no such volume"):
        await bench.engine.volumes.read(made.name)
    with pytest.raises(NotFound, match=r"(?i)no such volume"):
        await bench.engine.volumes.remove(made.name)
    await bench.engine.volumes.remove(made.name, force=True)


async def test_a_volume_in_use_stays(bench: Bench) -> None:
    made = await volume(bench, "used")
    user = await bench.run(
        "sh", "-c", "dd if=/dev/zero of=/data/file bs=1024 count=100; sleep 1000",
        HostConfig={"Binds": [f"{made.name}:/data"]},
    )  # fmt: skip
    with pytest.raises(Conflict, match=r"(?i)volume is in use"):
        await bench.engine.volumes.remove(made.name)
    use = (await bench.engine.volumes.sizes())[made.name]
    assert use.users == 1
    assert use.size is not None
    assert (await bench.engine.containers.read(user)).mounts[0].source == made.name


async def test_an_anonymous_volume_goes_with_its_container(bench: Bench) -> None:
    user = await bench.create("true", Volumes={"/data": {}})
    name = (await bench.engine.containers.read(user)).mounts[0].source
    made = await bench.engine.volumes.read(name)
    assert made.anonymous
    assert len(made.short_id) == 12
    await bench.engine.containers.remove(user, volumes=True)
    with pytest.raises(NotFound):
        await bench.engine.volumes.read(name)


async def test_pruning_volumes_takes_those_of_the_label_alone(bench: Bench) -> None:
    mine, other = await volume(bench, "mine"), await bench.engine.volumes.create(f"{bench.prefix}-other")
    try:
        ours = {"label": [f"hythe.test={bench.prefix}"]}
        pruned = await bench.engine.volumes.prune(named=True, filters=ours)
        assert pruned.volumes_deleted == [mine.name]
        assert pruned.space_reclaimed >= 0
        assert (await bench.engine.volumes.read(other.name)).name == other.name
        assert not (await bench.engine.volumes.prune(named=True, filters=ours)).volumes_deleted
    finally:
        await bench.engine.volumes.remove(other.name)


async def test_names_that_no_volume_may_have(bench: Bench) -> None:
    with pytest.raises(ApiError, match=r"(?i)invalid characters") as caught:
        await bench.engine.volumes.create("a/b")
    assert caught.value.status in (400, 500)
    with pytest.raises(NotFound, match=r"(?i)no such volume"):
        await bench.engine.volumes.read("%2e")
    for name in ("..", "a/../b"):
        with pytest.raises(EngineError):
            await bench.engine.volumes.read(name)


# networks


async def test_a_network_comes_is_listed_and_goes(bench: Bench) -> None:
    subnet = Subnet("10.77.3.0/24", "10.77.3.1", "10.77.3.128/25")
    made = await network(bench, "one", subnets=[subnet], internal=True, attachable=True)
    got = await bench.engine.networks.read(made)
    assert (got.id, got.name, got.driver, got.scope) == (made, f"{bench.prefix}-one", "bridge", "local")
    assert (got.internal, got.attachable, got.ingress, got.ipv6, got.predefined) == (True, True, False, False, False)
    assert got.subnets == (subnet,)
    assert got.labels == {"hythe.test": bench.prefix}
    assert got.created is not None
    assert abs(got.created - time.time()) < 60
    assert await bench.engine.networks.read(got.name) == got
    listed = {each.id: each for each in await bench.engine.networks.list_all()}
    assert listed[made] == got
    assert {"bridge", "host", "none"} <= {each.name for each in listed.values() if each.predefined}
    assert (await bench.engine.networks.inspect(made))["Id"] == made

    with pytest.raises(Conflict, match=r"(?i)already exists"):
        await network(bench, "one")
    await bench.engine.networks.remove(made)
    with pytest.raises(NotFound, match=r"(?i)not found"):
        await bench.engine.networks.read(made)


async def test_containers_are_attached_and_detached(bench: Bench) -> None:
    made = await network(bench, "ends", subnets=[Subnet("10.77.4.0/24", "10.77.4.1")])
    user = await bench.run("sleep", "1000", name="user")
    networks = bench.engine.networks
    assert await networks.attached(made) == ()
    await networks.connect(made, user, aliases=["db"], ipv4="10.77.4.9")
    (end,) = await networks.attached(made)
    assert (end.container, end.name, end.ipv4) == (user, f"{bench.prefix}-user", "10.77.4.9/24")
    assert end.mac
    assert (f"{bench.prefix}-ends", "10.77.4.9") in (await bench.engine.containers.read(user)).networks
    with pytest.raises(ApiError, match=r"(?i)already exists|already attached"):
        await networks.connect(made, user)
    with pytest.raises(ApiError, match=r"(?i)has active endpoints"):
        await networks.remove(made)
    await networks.disconnect(made, user)
    assert await networks.attached(made) == ()
    with pytest.raises(ApiError, match=r"(?i)is not connected"):
        await networks.disconnect(made, user)
    with pytest.raises(NotFound, match=r"(?i)no such container"):
        await networks.connect(made, "nobody-of-this-name")


async def test_pruning_networks_takes_those_of_the_label_alone(bench: Bench) -> None:
    mine = await network(bench, "mine")
    other = await bench.engine.networks.create(f"{bench.prefix}-other")
    try:
        ours = {"label": [f"hythe.test={bench.prefix}"]}
        assert (await bench.engine.networks.prune(filters=ours)).networks_deleted == [f"{bench.prefix}-mine"]
        with pytest.raises(NotFound):
            await bench.engine.networks.read(mine)
        assert (await bench.engine.networks.read(other)).id == other
    finally:
        await bench.engine.networks.remove(other)


async def test_networks_that_no_daemon_makes_or_removes(bench: Bench) -> None:
    with pytest.raises(ApiError, match=r"(?i)invalid"):
        await network(bench, "x", subnets=[Subnet("10.77.0.0/99")])
    with pytest.raises(ApiError, match=r"(?i)pre-?defined"):
        await bench.engine.networks.remove("bridge")
    with pytest.raises(NotFound):
        await bench.engine.networks.read("nobody-of-this-name")


# the feed


class Watched:
    """A feed on the engine, told whenever there is a newer state."""

    def __init__(self, bench: Bench) -> None:
        self._changed = asyncio.Event()
        self.feed = Feed(bench.engine, lambda _state: self._changed.set())

    @property
    def state(self) -> State:
        return self.feed.state

    async def until(self, true: Callable[[], bool]) -> None:
        async with asyncio.timeout(60):
            while not true():
                self._changed.clear()
                await self._changed.wait()


async def test_the_feed_keeps_volumes_and_networks(bench: Bench) -> None:
    before = await volume(bench, "before")
    watched = Watched(bench)
    following = asyncio.create_task(watched.feed.run())
    try:
        await watched.until(lambda: watched.state.condition.is_live)
        assert watched.state.volumes[before.name] == before
        assert {"bridge", "host", "none"} <= {each.name for each in watched.state.networks.values()}
        assert {"volumes", "networks"} <= watched.state.listed

        after, made = await volume(bench, "after"), await network(bench, "made")
        await watched.until(lambda: after.name in watched.state.volumes and made in watched.state.networks)
        assert watched.state.networks[made] == await bench.engine.networks.read(made)

        user = await bench.run("sleep", "1000", Volumes={"/data": {}})
        anonymous = (await bench.engine.containers.read(user)).mounts[0].source
        await watched.until(lambda: anonymous in watched.state.volumes)
        await bench.engine.networks.connect(made, user)
        attached = f"{bench.prefix}-made"
        await watched.until(lambda: attached in dict(watched.state.containers[user].networks))
        await bench.engine.networks.disconnect(made, user)
        await watched.until(lambda: attached not in dict(watched.state.containers[user].networks))

        await bench.engine.containers.remove(user, force=True, volumes=True)
        await bench.engine.volumes.remove(before.name)
        await bench.engine.networks.remove(made)
        await watched.until(lambda: not {anonymous, before.name} & watched.state.volumes.keys())
        await watched.until(lambda: made not in watched.state.networks)
        assert not watched.state.problems
    finally:
        following.cancel()
        with suppress(asyncio.CancelledError):
            await following


async def test_the_feed_sees_what_a_prune_removed(bench: Bench) -> None:
    """Daemons before 23 tell of the prune, and of none of the volumes that it removed."""
    doomed, net = [await volume(bench, name) for name in ("a", "b")], await network(bench, "net")
    watched = Watched(bench)
    following = asyncio.create_task(watched.feed.run())
    try:
        await watched.until(lambda: watched.state.condition.is_live)
        assert {each.name for each in doomed} <= watched.state.volumes.keys()
        ours = {"label": [f"hythe.test={bench.prefix}"]}
        await bench.engine.volumes.prune(named=True, filters=ours)
        await watched.until(lambda: not {each.name for each in doomed} & watched.state.volumes.keys())
        await bench.engine.networks.prune(filters=ours)
        await watched.until(lambda: net not in watched.state.networks)
    finally:
        following.cancel()
        with suppress(asyncio.CancelledError):
            await following


def test_records_of_the_model() -> None:
    assert Network("a" * 64, "bridge").predefined
    assert Network("abcdef0123456789", "x", labels={"com.docker.compose.project": "shop"}).project == "shop"
    assert Network("abcdef0123456789", "x").short_id == "abcdef012345"
    assert Volume("a" * 64).anonymous, "daemons before 24 label it not"
    assert Volume("web", labels={"com.docker.compose.project": "shop"}).project == "shop"
