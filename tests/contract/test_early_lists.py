"""The early lists say what the client's own lists say, whichever engine it is."""

import asyncio

from engine_bench import bench_on
from tui.engine.early import EarlyLists, Glimpse
from tui.engine.endpoint import Endpoint


async def test_early_lists_are_the_clients_lists(engine_socket: str) -> None:
    async with bench_on(engine_socket) as bench:
        made = [await bench.create("true", name=f"c{number}") for number in range(3)]
        endpoint = bench.engine.endpoint
        seen: list[Glimpse] = []
        early = EarlyLists([endpoint], 2, seen.append)
        early.start()
        async with asyncio.timeout(20):
            await early.ended()
        assert [glimpse.whole for glimpse in seen] == [False, True]
        first = seen[0].containers
        assert len(first) == 2
        ours = [container.id for container in first if container.id in made]
        assert ours == made[::-1][: len(ours)]  # the newest first; those of other tests may have come since
        assert first[0].created >= first[1].created
        plain = {container.id: container for container in await bench.engine.containers.list_all()}
        kept = {container.id: container for container in early.containers or ()}
        assert {id: kept[id].name for id in made} == {id: plain[id].name for id in made}
        assert all(kept[id] == plain[id] for id in made)
        images = {image.id: image for image in await bench.engine.images.list_all()}
        early_images = {image.id: image for image in early.images or ()}
        used = plain[made[0]].image_id
        assert used in early_images
        assert used in images
        assert early_images[used].tags == images[used].tags


async def test_an_engine_takes_them_once_and_only_if_they_are_its_own(engine_socket: str) -> None:
    async with bench_on(engine_socket) as bench:
        engine = bench.engine
        early = EarlyLists([engine.endpoint], 2, lambda _glimpse: None)
        early.start()
        async with asyncio.timeout(20):
            await early.ended()
        engine.take_early(early)
        assert (await engine.connect()).time_ns == early.asked_ns
        before = engine.transport.requests
        assert await engine.containers.list_all(filters={"label": ["none.such"]}) == []
        assert engine.transport.requests == before + 1
        assert await engine.containers.list_all() is early.containers
        assert await engine.images.list_all() is early.images
        assert engine.transport.requests == before + 1
        assert await engine.containers.list_all() is not early.containers
        early.endpoint = Endpoint("unix:///elsewhere.sock", "test")
        engine.take_early(early)
        assert await engine.containers.list_all() is not early.containers
