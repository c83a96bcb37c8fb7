"""Building images from a Dockerfile and a context: what each instruction makes, the same for both builders."""

import fnmatch
import hashlib
import posixpath
from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Protocol

import msgspec

from tui.demo import seed_images
from tui.demo.clock import rfc3339
from tui.demo.config_edit import edit, variables_of
from tui.demo.dockerfile import Dockerfile, Instruction, Stage, arguments, expand
from tui.demo.errors import ApiError
from tui.demo.images_commit import layer_of
from tui.demo.jsonish import JsonMap, as_words
from tui.demo.layers import Layer, Node, Tree, apply, clean, folder, with_parents
from tui.demo.programs import Step
from tui.demo.records import Image
from tui.demo.shell import Shell
from tui.demo.world import World

_PREDEFINED = ("HTTP_PROXY", "HTTPS_PROXY", "FTP_PROXY", "NO_PROXY", "ALL_PROXY")


class MissingSource(Exception):
    """A source of COPY or ADD that is not there."""

    def __init__(self, source: str) -> None:
        super().__init__(source)
        self.source = source


class RunFailed(Exception):
    """A RUN that ended with another code than 0."""

    def __init__(self, code: int, command: str) -> None:
        super().__init__(command)
        self.code = code
        self.command = command


@dataclass(slots=True)
class State:
    """An image in the making."""

    layers: list[Layer]
    config: JsonMap
    history: list[JsonMap]
    tree: dict[str, Node]
    key: str
    args: dict[str, str] = field(default_factory=dict[str, str])
    ids: list[str] = field(default_factory=list[str])
    parent: str = ""
    author: str = ""


class Mounts(Protocol):
    """Who gives a build its secrets and its ssh agent."""

    async def secret(self, id: str) -> bytes | None:
        """A secret, None where there is none of that ID."""
        ...

    async def agent(self, id: str) -> bool:
        """Whether there is an ssh agent."""
        ...


@dataclass(frozen=True, slots=True)
class Request:
    """What a client wants built."""

    context: Tree
    dockerfile: Dockerfile
    build_args: Mapping[str, str]
    target: str = ""
    labels: Mapping[str, str] = field(default_factory=dict[str, str])
    no_cache: bool = False
    mounts: Mounts | None = None
    contexts: Mapping[str, Tree] = field(default_factory=dict[str, Tree])


@dataclass(slots=True)
class Done:
    """What a step came to: whether the cache had it, and what it printed."""

    cached: bool = False
    layer: Layer | None = None


def base_state(world: World, image: Image | None) -> State:
    """Return the state after FROM: the image's, or an empty one for scratch."""
    if image is None:
        return State([], world.empty_config(), [], {}, "scratch", {})
    config = deepcopy(image.run_config)
    layers = list(image.layers)
    ids = list(image.history_ids) or [""] * len(image.config["history"])
    if ids:
        ids[-1] = image.id
    return State(
        layers, config, list(image.config["history"]), dict(world.root_of(image.layers)), image.id, {}, ids, image.id
    )


def fork(state: State) -> State:
    """Return a copy that another stage may change."""
    copied = deepcopy(state.config)
    return State(
        list(state.layers), copied, list(state.history), dict(state.tree), state.key, {}, list(state.ids), state.parent
    )


def variables(state: State) -> dict[str, str]:
    """Return what `$name` means at this point: arguments, then the environment, which wins."""
    env = variables_of(as_words(state.config.get("Env")))
    return {**state.args, **env}


def declare(state: State, request: Request, instruction: Instruction) -> None:
    """Apply an ARG."""
    for name, default in arguments(instruction.value).items():
        value = request.build_args.get(name)
        if value is None:
            value = expand(default, variables(state)) if default is not None else request.dockerfile.globals.get(name)
        if value is not None:
            state.args[name] = value


def used_args(state: State) -> list[str]:
    """Return the arguments that a RUN sees, as `name=value`."""
    return [f"{name}={value}" for name, value in state.args.items() if name not in _PREDEFINED]


def sources(request: Request, states: Mapping[str, State], world: World, instruction: Instruction) -> Tree:
    """Return the tree that COPY or ADD takes from: the context, a stage, or an image; raises ApiError 404."""
    origin = instruction.flags.get("from")
    if not origin:
        return request.context
    stage = request.dockerfile.find(origin)
    if stage is not None and str(stage.index) in states:
        return states[str(stage.index)].tree
    if origin.lower() in request.contexts:
        return request.contexts[origin.lower()]
    return world.root_of(world.find_image(origin).layers)


def copied(state: State, tree: Tree, instruction: Instruction) -> dict[str, Node]:
    """Return the files that COPY or ADD puts into the image; raises MissingSource."""
    values = variables(state)
    words = instruction.words or instruction.value.split()
    *wanted, target = [expand(word, values) for word in words]
    working = str(state.config.get("WorkingDir") or "/")
    into_folder = target.endswith(("/", "/.")) or target == "." or len(wanted) > 1
    base = clean(target if target.startswith("/") else f"{working}/{target}")
    known = state.tree.get(base)
    into_folder = into_folder or not base or (known is not None and known.kind == "dir")
    heredocs = {f"<<{word}": body for word, body in instruction.heredocs}
    found: dict[str, Node] = {}
    for source in wanted:
        body = heredocs.get(source.replace("<<-", "<<").replace('"', "").replace("'", ""))
        if body is not None:
            name = source.lstrip("<-")
            found[posixpath.join(base, name) if into_folder else base] = Node(data=body.encode())
            continue
        found.update(_one_source(tree, source, base, into_folder=into_folder))
    mode = instruction.flags.get("chmod")
    if mode and mode.isdigit():
        found = {p: Node(n.kind, n.data, int(mode, 8), n.target, n.mtime, n.uid) for p, n in found.items()}
    return with_parents(found, state.tree)


def _one_source(tree: Tree, source: str, base: str, *, into_folder: bool) -> dict[str, Node]:
    if source.startswith(("http://", "https://")):
        return {
            posixpath.join(base, posixpath.basename(source)): Node(data=f"fetched from {source}\n".encode(), mode=0o600)
        }
    pattern = clean(source)
    if any(c in source for c in "*?["):
        matched = [p for p in tree if fnmatch.fnmatchcase(p, pattern) and p.count("/") == pattern.count("/")]
    else:
        matched = [pattern] if pattern in tree or any(p.startswith(pattern + "/") for p in tree) or not pattern else []
    if not matched:
        raise MissingSource(source)
    found: dict[str, Node] = {}
    for name in matched:
        path = _followed(tree, name)
        node = tree.get(path) or folder()
        if node.kind != "dir":
            found[posixpath.join(base, posixpath.basename(name)) if into_folder else base] = node
            continue
        prefix = f"{path}/" if path else ""
        inside = {p: n for p, n in tree.items() if p.startswith(prefix) and p != path}
        found.update({posixpath.join(base, p[len(prefix) :]): n for p, n in inside.items()})
        if base:
            found.setdefault(base, folder(mtime=node.mtime))
    return found


def _followed(tree: Tree, path: str) -> str:
    """Where a source leads that is a link itself; links inside of a folder are copied as they are."""
    for _ in range(8):
        node = tree.get(path)
        if node is None or node.kind != "link":
            break
        path = clean(node.target if node.target.startswith("/") else f"{posixpath.dirname(path)}/{node.target}")
    return path


def step_key(state: State, instruction: Instruction, files: Tree | None, builder: str = "") -> str:
    """Return the key of a step in the build cache: what came before, the instruction, the contents it copies."""
    text = [builder, state.key, instruction.name, instruction.original, *sorted(used_args(state))]
    text += [body for _, body in instruction.heredocs]
    digest = hashlib.sha256("\0".join(text).encode())
    for path, node in sorted((files or {}).items()):
        digest.update(f"\0{path}\0{node.kind}\0{node.mode}\0{node.target}\0".encode() + node.data)
    return digest.hexdigest()


def run_steps(state: State, instruction: Instruction, shell: Shell) -> Iterator[Step]:
    """Yield the simulated output of a RUN; the last step has the exit code."""
    words = instruction.words
    if words is None:
        bodies = [body for _, body in instruction.heredocs]
        script = "\n".join(bodies) if bodies else instruction.value
        words = ["/bin/sh", "-c", script]
    yield from shell.script(words)


async def mounted(request: Request, instruction: Instruction) -> tuple[dict[str, Node], dict[str, str]]:
    """Return the files and variables that the mounts of a RUN give it; raises ApiError for one that is required."""
    nodes: dict[str, Node] = {}
    env: dict[str, str] = {}
    for mount in instruction.flags.get("mount", "").split():
        options: dict[str, str] = {}
        for part in mount.split(","):
            key, equals, value = part.partition("=")
            options[key] = value if equals else "true"
        kind, id = options.get("type", "bind"), options.get("id", "")
        if kind == "secret":
            secret = await request.mounts.secret(id) if request.mounts is not None else None
            target = options.get("target") or options.get("dst") or f"/run/secrets/{id}"
            if secret is not None:
                nodes[clean(target)] = Node("file", secret, 0o400)
            elif options.get("required") == "true":
                raise ApiError(400, f"secret {id}: not found")
        elif kind == "ssh" and request.mounts is not None and await request.mounts.agent(id or "default"):
            env["SSH_AUTH_SOCK"] = "/run/buildkit/ssh_agent.0"
    return nodes, env


def shell_for(world: World, state: State, nodes: Tree, more: Mapping[str, str]) -> Shell:
    """Return the shell that RUN uses, with what is mounted into it: programs unknown to it seem to work."""
    path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    env = {"PATH": path, "HOME": "/root", **variables(state), **more}
    shell = Shell({**state.tree, **nodes}, env, str(state.config.get("WorkingDir") or "/"))
    shell.wall_ns = world.now()
    return shell


def command_text(instruction: Instruction) -> str:
    """Return the command of a RUN as error messages show it."""
    return " ".join(instruction.words) if instruction.words is not None else f"/bin/sh -c {instruction.value}"


def record(world: World, state: State, created_by: str, layer: Layer | None, comment: str) -> None:
    """Add a step to the history, with its layer if it made one."""
    entry: JsonMap = {"created": rfc3339(world.now()), "created_by": created_by}
    if comment:
        entry["comment"] = comment
    if layer is None:
        entry["empty_layer"] = True
    else:
        state.layers.append(layer)
        apply(state.tree, layer.nodes)
    state.history.append(entry)
    state.ids.append("")


def changed_layer(state: State, changed: dict[str, Node | None]) -> Layer:
    """Return the layer of a RUN."""
    return layer_of(changed, state.tree)


def finish(world: World, state: State, *, parent: str = "", comment: str = "") -> Image:
    """Return the image that the state is, registered."""
    created = world.now()
    more: dict[str, object] = {"author": state.author} if state.author else {}
    document = seed_images.document(state.config, state.layers, state.history, created, **more)
    id_ = seed_images.digest(document)
    image = Image(id_, document, tuple(state.layers), created, parent=parent, comment=comment)
    image.history_ids = tuple(state.ids)
    known = id_ in world.images
    image = world.add_image(image)
    if not known:
        world.emit_image(image, "create", image.id)
    return image


def needed(request: Request) -> list[Stage]:
    """Return the stages that the target needs, in order; raises ApiError 400 for an unknown target."""
    stages = request.dockerfile.stages
    wanted = request.dockerfile.find(request.target) if request.target else stages[-1]
    if wanted is None:
        raise ApiError(400, f'target stage "{request.target}" could not be found')
    seen: dict[int, Stage] = {}

    def visit(stage: Stage) -> None:
        origins = [stage.base, *(i.flags["from"] for i in stage.instructions if i.flags.get("from"))]
        for origin in origins:
            other = request.dockerfile.find(origin)
            if other is not None and other.index < stage.index and other.index not in seen:
                visit(other)
        seen[stage.index] = stage

    visit(wanted)
    return [seen[index] for index in sorted(seen)]


def up_to_target(request: Request) -> list[Stage]:
    """Return the stages that the classic builder builds: all up to the target; raises ApiError 400 as `needed` does."""
    return request.dockerfile.stages[: needed(request)[-1].index + 1]


def metadata_only(name: str) -> bool:
    """Return whether an instruction makes no layer."""
    return name not in ("RUN", "COPY", "ADD", "WORKDIR")


def apply_metadata(state: State, instruction: Instruction) -> None:
    """Apply an instruction that changes the configuration; raises ApiError 400."""
    if instruction.name == "MAINTAINER":
        state.author = instruction.value
        return
    value = (
        expand(instruction.value, variables(state))
        if instruction.name not in ("CMD", "ENTRYPOINT")
        else instruction.value
    )
    edit(state.config, instruction.name, value, instruction.words)


def working_folder(state: State) -> Layer | None:
    """Return the layer that WORKDIR makes when its folder is new."""
    path = clean(str(state.config.get("WorkingDir") or "/"))
    return None if not path or path in state.tree else Layer(with_parents({path: folder()}, state.tree))


def encoded(value: object) -> bytes:
    """Return a line of the build's answer."""
    return msgspec.json.encode(value) + b"\r\n"
