"""Images out of containers: the layer of what changed, and the Dockerfile instructions of a commit."""

from tui.demo import life, references, seed_images
from tui.demo.clock import rfc3339
from tui.demo.config_edit import COMMIT_INSTRUCTIONS, edit
from tui.demo.dockerfile import DockerfileError, parse_line
from tui.demo.errors import ApiError
from tui.demo.jsonish import JsonMap
from tui.demo.layers import Layer, Node, whiteout, with_parents
from tui.demo.records import Container, Image
from tui.demo.world import World


def layer_of(changed: dict[str, Node | None], root: dict[str, Node]) -> Layer:
    """Return the layer that holds the changes: new files, and whiteouts for removed ones."""
    nodes: dict[str, Node] = {}
    for path, node in changed.items():
        if node is not None:
            nodes[path] = node
        elif path in root:
            nodes[whiteout(path)] = Node()
    return Layer(with_parents(nodes))


def commit(
    world: World,
    container: Container,
    *,
    repo: str,
    tag: str,
    author: str,
    comment: str,
    pause: bool,
    lines: list[str],
    overrides: JsonMap,
) -> Image:
    """Return the new image; raises ApiError 400 for a bad name or instruction."""
    tagged = references.parse_target(repo, tag).tagged if repo else ""
    config = _config(container, lines, overrides)
    paused = pause and container.state == "running"
    if paused:
        life.pause(world, container)
    if container.run is not None:
        container.run.program.lines(container.run.elapsed(world.now()))
    image = _build(world, container, config, author=author, comment=comment)
    if tagged:
        world.tag_image(image, tagged)
        world.emit_image(image, "tag", tagged)
    world.emit_container(container, "commit", comment=comment, imageID=image.id, imageRef=tagged)
    if paused:
        life.unpause(world, container)
    return image


def _config(container: Container, lines: list[str], overrides: JsonMap) -> JsonMap:
    keys = [
        "Cmd",
        "Entrypoint",
        "Env",
        "Labels",
        "User",
        "Volumes",
        "WorkingDir",
        "OnBuild",
        "ExposedPorts",
        "Healthcheck",
        "StopSignal",
    ]
    config = {
        key: container.config.get(key) for key in keys if container.config.get(key) is not None or key in keys[:8]
    }
    config.update({key: value for key, value in overrides.items() if key in keys and value})
    for line in lines:
        if not line.strip():
            continue
        try:
            instruction = parse_line(line)
        except DockerfileError as error:
            word = line.split()[0].upper()
            text = f"{word} is not a valid change command" if "unknown instruction" in str(error) else str(error)
            raise ApiError(400, text) from None
        if instruction.name not in COMMIT_INSTRUCTIONS:
            raise ApiError(400, f"{instruction.name} is not a valid change command")
        edit(config, instruction.name, instruction.value, instruction.words)
    return config


def _build(world: World, container: Container, config: JsonMap, *, author: str, comment: str) -> Image:
    base = world.images.get(container.image_id)
    layers = base.layers if base else ()
    layer = layer_of(container.changed, world.root_of(layers))
    now = world.now()
    command = " ".join([container.path, *container.args])
    entry: JsonMap = {"created": rfc3339(now), "author": author, "created_by": command, "comment": comment}
    history: list[JsonMap] = [*(base.config["history"] if base else []), {k: v for k, v in entry.items() if v}]
    more = {"author": author} if author else {}
    document = seed_images.document(config, [*layers, layer], history, now, **more)
    image = Image(seed_images.digest(document), document, (*layers, layer), now, comment=comment)
    image.parent = base.id if base else ""
    image = world.add_image(image)
    world.emit_image(image, "create", image.id)
    return image
