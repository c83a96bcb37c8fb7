"""What takes the disk, and the removal of exactly what was shown, on every engine."""

import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest

from engine_bench import IMAGE, Bench, bench_on
from tui.engine.errors import NotFound
from tui.jobs.clean_up import CleanUpJob, Record
from tui.model.clean_up import PRUNES, Doomed, doomed
from tui.model.disk import KINDS, DiskUse
from tui.store.disk import DiskBook

PRUNE = {prune.id: prune for prune in PRUNES}


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


async def counted(bench: Bench) -> DiskUse:
    """What the daemon counts now."""
    use = DiskUse()
    async for part in bench.engine.disk.use():
        use = part
    return use


class Written:
    """The docker lines of a job, with how each ended."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, str]] = []

    def begin(self, line: str) -> Record:
        return lambda outcome, detail="": self.lines.append((line, outcome))


async def removed(bench: Bench, objects: Sequence[Doomed], written: Written) -> CleanUpJob:
    """A clean-up that has ended."""
    before = (await counted(bench)).total

    async def measure() -> int | None:
        return (await counted(bench)).total

    job = CleanUpJob(bench.engine, "clean up", "docker system prune", objects, written.begin, before, measure, list)
    job.start()
    async with asyncio.timeout(60):
        await job.wait()
    return job


async def test_everything_is_counted(bench: Bench) -> None:
    volume = await bench.engine.volumes.create(f"{bench.prefix}-v", labels={"hythe.test": bench.prefix})
    made = await bench.run(
        "sh", "-c", "dd if=/dev/zero of=/data/file bs=1024 count=100; sleep 1000",
        HostConfig={"Binds": [f"{volume.name}:/data"]},
    )  # fmt: skip
    use = await counted(bench)
    assert all(use.part(kind) is not None for kind in KINDS)
    (image,) = [each for each in use.images or () if IMAGE in each.tags]
    assert image.size > 0
    (container,) = [each for each in use.containers or () if each.id == made]
    assert (container.state, container.image_id) == ("running", image.id)
    (counted_volume,) = [each for each in use.volumes or () if each.name == volume.name]
    assert (counted_volume.users, counted_volume.anonymous) == (1, False)
    again = await bench.engine.volumes.read(volume.name)
    assert counted_volume.created == again.created, "it is told apart by that"
    assert use.total >= (use.layers_size or 0) > 0


async def test_a_book_keeps_what_it_was_told_and_when(bench: Bench) -> None:
    moments = iter(range(1, 100))
    book = DiskBook(bench.engine, lambda: float(next(moments)))
    told: list[bool] = []
    book.listen(lambda: told.append(book.reading))
    assert not book.was_asked
    book.read(("volume",))
    book.read()  # one at a time: the second is the first
    assert book.reading
    await book.wait()
    await asyncio.sleep(0)
    assert not book.reading
    assert told[-1] is False, "that it is done is told too"
    assert book.use.volumes is not None
    assert book.problem == ""
    assert "volume" in book.read_at


async def test_what_a_reading_does_not_tell_is_read_after_it(bench: Bench) -> None:
    book = DiskBook(bench.engine, lambda: 7.0)
    book.read(("volume",))
    book.read()
    async with asyncio.timeout(60):
        await book.wait()
    assert [kind for kind in KINDS if book.use.part(kind) is None] == []
    assert not book.problem


async def test_a_reading_can_be_left_and_begun_again(bench: Bench) -> None:
    book = DiskBook(bench.engine, lambda: 0.0)
    book.read()
    await book.cancel()
    assert not book.reading
    async with asyncio.timeout(20):
        while True:  # a daemon may still count for the one who left, and says so
            book.read()
            await book.wait()
            if not book.problem:
                break
            assert "already running" in book.problem
    assert book.use.images is not None


async def test_what_was_shown_goes_and_nothing_else(bench: Bench) -> None:
    stopped = await bench.create("true", name="stopped")
    kept = await bench.create("true", name="kept")
    volume = await bench.engine.volumes.create(f"{bench.prefix}-v", labels={"hythe.test": bench.prefix})
    network = await bench.engine.networks.create(f"{bench.prefix}-n", labels={"hythe.test": bench.prefix})
    use = await counted(bench)
    networks, containers = await bench.engine.networks.list_all(), await bench.engine.containers.list_all()
    found: list[Doomed] = []
    for prune in ("containers", "networks", "volumes"):
        found += doomed(PRUNE[prune], use, networks, containers)
    assert {stopped, kept, volume.name, network} <= {each.id for each in found}
    wanted = [each for each in found if each.id in (stopped, volume.name, network)]

    written = Written()
    job = await removed(bench, wanted, written)
    assert job.state == "done", job.error
    assert {fate for fate, _ in job.fates.values()} == {"removed"}
    assert job.freed is not None
    assert written.lines == [
        (f"docker rm {bench.prefix}-stopped", "ok"),
        (f"docker network rm {bench.prefix}-n", "ok"),
        (f"docker volume rm {bench.prefix}-v", "ok"),
    ]
    assert (await bench.engine.containers.read(kept)).id == kept
    with pytest.raises(NotFound):
        await bench.engine.containers.read(stopped)


async def test_what_changed_since_it_was_shown_stays(bench: Bench) -> None:
    started = await bench.create("sleep", "1000", name="started")
    renamed = await bench.create("true", name="renamed")
    gone = await bench.create("true", name="gone")
    name = f"{bench.prefix}-v"
    labels = {"hythe.test": bench.prefix}
    await bench.engine.volumes.create(name, labels=labels)
    use = await counted(bench)
    containers = await bench.engine.containers.list_all()
    shown = [*doomed(PRUNE["containers"], use, (), containers), *doomed(PRUNE["volumes"], use, (), containers)]
    shown = [each for each in shown if each.id in (started, renamed, gone, name)]
    assert len(shown) == 4

    await bench.engine.containers.start(started)
    await bench.engine.containers.rename(renamed, f"{bench.prefix}-other")
    await bench.engine.containers.remove(gone)
    user = await bench.create("true", name="user", HostConfig={"Binds": [f"{name}:/data"]})
    job = await removed(bench, shown, written := Written())
    assert job.fates[f"container {started}"] == ("kept", "it is running by now")
    assert job.fates[f"container {renamed}"] == ("kept", f"it is called {bench.prefix}-other by now")
    assert job.fates[f"container {gone}"][0] == "gone"
    fate, why = job.fates[f"volume {name}"]
    assert fate == "kept"
    assert "in use" in why, "in the daemon's words"
    assert [line for line, outcome in written.lines if outcome == "ok"] == []
    await bench.engine.containers.remove(user)


async def test_another_volume_of_the_same_name_stays(bench: Bench) -> None:
    name = f"{bench.prefix}-v"
    made = await bench.engine.volumes.create(name, labels={"hythe.test": bench.prefix})
    shown = Doomed("volume", name, name, 0, (made.created or 0.0) - 3600)
    job = await removed(bench, [shown], Written())
    assert job.fates[shown.key] == ("kept", "it was made or changed after it was counted")
    assert await bench.engine.volumes.read(name) == made


async def test_an_image_that_got_another_tag_stays(bench: Bench) -> None:
    user = await bench.create("true")
    tag = bench.reference("1")
    image = await bench.engine.containers.commit(user, repo=bench.prefix, tag="1")
    use = await counted(bench)
    (shown,) = [each for each in doomed(PRUNE["images"], use, (), ()) if each.id == image]
    assert shown.tags == (tag,)
    other = bench.reference("2")
    await bench.engine.images.tag(image, bench.prefix, "2")
    job = await removed(bench, [shown], Written())
    assert job.fates[shown.key] == ("kept", f"its tags changed: {tag}, {other}")

    (shown,) = [each for each in doomed(PRUNE["images"], await counted(bench), (), ()) if each.id == image]
    job = await removed(bench, [shown], written := Written())
    assert job.fates[shown.key][0] == "removed"
    assert written.lines == [(f"docker rmi {tag} {other}", "ok")]
    with pytest.raises(NotFound):
        await bench.engine.images.read(image)


async def test_what_was_asked_for_when_it_was_cancelled_may_be_gone(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = [await bench.create("true", name=f"c{at}") for at in range(2)]
    use = await counted(bench)
    shown = [each for each in doomed(PRUNE["containers"], use, (), ()) if each.id in made]
    asked = asyncio.Event()

    async def hang(_container: str) -> None:
        asked.set()
        await asyncio.Event().wait()

    monkeypatch.setattr(bench.engine.containers, "remove", hang)
    job = CleanUpJob(bench.engine, "x", "x", shown, Written().begin, 0, lambda: asyncio.sleep(0, None), list)
    job.start()
    await asked.wait()
    await job.cancel()
    monkeypatch.undo()
    assert [job.fates[each.key] for each in shown] == [
        ("kept", "its removal was asked for and nobody answered: it may be gone"),
        ("kept", "not reached"),
    ]


async def test_cancelling_keeps_what_was_not_reached(bench: Bench) -> None:
    made = [await bench.create("true", name=f"c{at}") for at in range(3)]
    use = await counted(bench)
    shown = [each for each in doomed(PRUNE["containers"], use, (), ()) if each.id in made]
    recounts: list[int] = []

    def recount() -> None:
        recounts.append(job.count("removed"))

    job = CleanUpJob(bench.engine, "x", "x", shown, Written().begin, 0, lambda: asyncio.sleep(0, None), recount)
    first = asyncio.Event()
    job.listen(lambda: first.set() if job.count("removed") else None)
    job.start()
    await first.wait()
    await job.cancel()
    assert job.state == "cancelled"
    assert job.count("waiting", "removing") == 0
    assert recounts == [job.count("removed")], "what is left is counted, once"
    left = {each.id for each in await bench.engine.containers.list_all()} & set(made)
    assert len(left) >= 3 - job.count("removed") - 1
    assert job.fates[shown[-1].key][0] == "kept"
