"""Every operation on images means the same on every engine."""

import io
import json
import tarfile
from collections.abc import AsyncIterator

import pytest

from engine_bench import IMAGE, Bench, bench_on
from tui.engine.errors import ApiError, Conflict, NotFound


@pytest.fixture
async def bench(engine_socket: str) -> AsyncIterator[Bench]:
    async with bench_on(engine_socket) as bench:
        yield bench


async def test_an_image_from_a_container(bench: Bench) -> None:
    made = await bench.run("sh", "-c", "echo data > /file")
    await bench.ended(made)
    reference = bench.reference("one")
    images = bench.engine.images
    image_id = await bench.engine.containers.commit(
        made,
        repo=bench.prefix,
        tag="one",
        author="me; & you",
        message="as é",
        changes=["ENV A=b", 'CMD ["sleep", "1"]'],
    )
    whole = await images.details(reference)
    assert whole.id == image_id
    assert (whole.author, whole.comment) == ("me; & you", "as é")
    assert whole.config is not None
    assert "A=b" in (whole.config.env or [])
    assert whole.config.cmd == ["sleep", "1"]
    assert whole.architecture

    listed = {image.id: image for image in await images.list_all()}[image_id]
    read = await images.read(image_id)
    assert (read.id, read.tags, read.size, read.created) == (listed.id, listed.tags, listed.size, listed.created)
    assert listed.tags == (reference,)
    assert not listed.dangling

    base = await images.read(IMAGE)
    history, before = await images.history(reference), await images.history(IMAGE)
    assert len(history) == len(before) + 1
    assert history[0].comment == "as é"
    assert history[0].size > 0
    assert read.size > base.size


async def test_tags_come_move_and_go(bench: Bench) -> None:
    images = bench.engine.images
    made = await bench.create("true")
    first, second = bench.reference("a"), bench.reference("b")
    one = await bench.engine.containers.commit(made, repo=bench.prefix, tag="a", message="one")
    other = await bench.engine.containers.commit(made, repo=bench.prefix, tag="b", message="other")
    await images.tag(one, bench.prefix, "b")
    assert set((await images.read(one)).tags) == {first, second}
    assert (await images.read(other)).dangling
    bench.tags.append(other)

    removed = await images.remove(first)
    assert [line.untagged for line in removed] == [first]
    removed = await images.remove(second)
    assert {line.untagged for line in removed} - {""} == {second}
    assert one in {line.deleted for line in removed}
    with pytest.raises(NotFound, match=r"(?i)no such image"):
        await images.read(one)
    with pytest.raises(NotFound, match=r"(?i)no such image"):
        await images.history(one)


async def test_an_image_in_use_is_kept(bench: Bench) -> None:
    images = bench.engine.images
    made = await bench.create("true", name="base")
    reference = bench.reference("used")
    image = await bench.engine.containers.commit(made, repo=bench.prefix, tag="used")
    await bench.create("true", name="user", Image=reference)
    with pytest.raises(Conflict, match=r"(?i)container"):
        await images.remove(image)
    assert (await images.read(reference)).id == image


async def test_an_archive_of_an_image(bench: Bench) -> None:
    data = b"".join([chunk async for chunk in bench.engine.images.archive(IMAGE)])
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        manifest = archive.extractfile("manifest.json")
        assert manifest is not None
        (described,) = json.loads(manifest.read())
        names = set(archive.getnames())
    assert described["RepoTags"] == [IMAGE]
    assert {described["Config"], *described["Layers"]} <= names


async def test_a_pull_that_cannot_be(bench: Bench) -> None:
    with pytest.raises(ApiError) as caught:
        async for _ in bench.engine.transfers.pull("localhost:1/nothing/here", "latest"):
            pass
    assert str(caught.value)


async def test_whole_inspects(bench: Bench) -> None:
    made = await bench.create("true")
    assert (await bench.engine.containers.inspect(made))["Id"] == made
    image = await bench.engine.images.inspect(IMAGE)
    assert IMAGE in image["RepoTags"]
    assert (await bench.engine.images.read(IMAGE)).id == image["Id"]
