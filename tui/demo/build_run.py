"""The course of a build: stage after stage, step after step, told to a presenter of one of the two builders."""

import json
from dataclasses import dataclass
from typing import Protocol

from tui.demo import build
from tui.demo.build import Request, RunFailed, State
from tui.demo.clock import NS
from tui.demo.dockerfile import Instruction, Stage, expand
from tui.demo.layers import Layer, Node
from tui.demo.records import CacheRecord, Image
from tui.demo.shell_words import ShellSyntaxError
from tui.demo.world import World

_COPY_SECONDS = 0.05


class Presenter(Protocol):
    """Tells a client how the build goes."""

    buildkit: bool
    image: Image | None

    async def resolve(self, stage: Stage) -> None:
        """The base of a stage is looked up."""
        ...

    async def stage(self, stage: Stage, image: Image | None) -> None:
        """A stage starts from an image, None for scratch."""
        ...

    async def begin(self, stage: Stage, instruction: Instruction) -> None:
        """A step starts."""
        ...

    async def working(self) -> None:
        """The step is not in the cache and starts its work."""
        ...

    async def output(self, stage: Stage, instruction: Instruction, stream: int, data: bytes) -> None:
        """A step printed something."""
        ...

    async def end(self, stage: Stage, instruction: Instruction, state: State, *, cached: bool) -> None:
        """A step is done."""
        ...

    async def last_of(self, stage: Stage, state: State) -> None:
        """A stage is done."""
        ...


@dataclass(frozen=True, slots=True)
class _Kept:
    layer: Layer | None
    created_by: str
    key: str
    history_created: str


class Builder:
    """One build."""

    def __init__(self, world: World, request: Request, presenter: Presenter) -> None:
        self.world = world
        self.request = request
        self.presenter = presenter
        self.states: dict[str, State] = {}

    async def run(self) -> Image:
        """Build; return the image. Raises ApiError, MissingSource, RunFailed."""
        state: State | None = None
        stages = build.needed(self.request) if self.presenter.buildkit else build.up_to_target(self.request)
        for stage in stages:
            state = await self._stage(stage)
            await self.presenter.last_of(stage, state)
        if state is None:
            raise RunFailed(1, "no stage")
        if self.request.labels:
            state.config["Labels"] = {**(state.config.get("Labels") or {}), **self.request.labels}
        if self.presenter.image is not None and not self.request.labels:
            return self.presenter.image
        return self._finished(state)

    def _parent(self, state: State) -> str:
        return "" if self.presenter.buildkit else state.parent

    def _finished(self, state: State) -> Image:
        """Return the image, the one of an earlier build where all is the same."""
        text = json.dumps(
            [state.config, [layer.diff_id for layer in state.layers], state.key, self.presenter.buildkit],
            sort_keys=True,
            default=str,
        )
        key = f"image/{text}"
        known = self.world.images.get(str(self.world.build_steps.get(key, "")))
        if known is not None and not self.request.no_cache:
            return known
        image = build.finish(self.world, state, parent=self._parent(state), comment=self._comment())
        self.world.build_steps[key] = image.id
        return image

    async def _stage(self, stage: Stage) -> State:
        earlier = self.request.dockerfile.find(stage.base)
        if earlier is not None and earlier.index < stage.index:
            state = build.fork(self.states[str(earlier.index)])
            await self.presenter.stage(stage, None)
        else:
            await self.presenter.resolve(stage)
            named = self.request.contexts.get(stage.base.lower())
            image = None if stage.base == "scratch" or named is not None else self.world.find_image(stage.base)
            await self.presenter.stage(stage, image)
            state = build.base_state(self.world, image)
            if named is not None:
                build.record(self.world, state, f"FROM {stage.base}", Layer(dict(named)), self._comment())
        self.states[str(stage.index)] = state
        for instruction in stage.instructions:
            await self._step(stage, instruction, state)
        return state

    async def _step(self, stage: Stage, instruction: Instruction, state: State) -> None:
        await self.presenter.begin(stage, instruction)
        files: dict[str, Node] | None = None
        if instruction.name in ("COPY", "ADD"):
            files = build.copied(state, build.sources(self.request, self.states, self.world, instruction), instruction)
        key = build.step_key(state, instruction, files, "buildkit" if self.presenter.buildkit else "classic")
        kept = self.world.build_steps.get(key)
        if instruction.name == "ARG":
            build.declare(state, self.request, instruction)
        elif build.metadata_only(instruction.name) or instruction.name == "WORKDIR":
            build.apply_metadata(state, instruction)
        cached = isinstance(kept, _Kept) and not self.request.no_cache
        if isinstance(kept, _Kept) and cached:
            build.record(self.world, state, kept.created_by, kept.layer, self._comment())
            state.history[-1]["created"] = kept.history_created
        else:
            await self.presenter.working()
            layer = await self._make(stage, instruction, state, files)
            build.record(self.world, state, self._created_by(state, instruction), layer, self._comment())
            entry = state.history[-1]
            self.world.build_steps[key] = _Kept(layer, entry["created_by"], key, entry["created"])
            self._remember(stage, instruction, layer)
        state.key = key
        await self.presenter.end(stage, instruction, state, cached=cached)

    def _comment(self) -> str:
        return "buildkit.dockerfile.v0" if self.presenter.buildkit else ""

    def _remember(self, stage: Stage, instruction: Instruction, layer: Layer | None) -> None:
        if layer is not None and self.presenter.buildkit:
            id_ = self.world.new_id("cache")[:25]
            now = self.world.now()
            self.world.cache[id_] = CacheRecord(
                id_, f"[{stage.name or stage.index}] {instruction.original}", now, layer.size, now
            )

    async def _make(
        self, stage: Stage, instruction: Instruction, state: State, files: dict[str, Node] | None
    ) -> Layer | None:
        if files is not None:
            await self.world.clock.sleep(_COPY_SECONDS)
            return Layer(files)
        if instruction.name == "WORKDIR":
            return build.working_folder(state)
        if instruction.name == "RUN":
            return await self._run(stage, instruction, state)
        return None

    async def _run(self, stage: Stage, instruction: Instruction, state: State) -> Layer:
        shell = build.shell_for(self.world, state, *await build.mounted(self.request, instruction))
        started, code = self.world.now(), 0
        try:
            for step in build.run_steps(state, instruction, shell):
                wait = (started + step.offset_ns - self.world.now()) / NS
                if wait > 0:
                    await self.world.clock.sleep(wait)
                if step.data:
                    await self.presenter.output(stage, instruction, step.stream, step.data)
                code = step.exit_code if step.exit_code is not None else code
        except ShellSyntaxError:
            code = 2
        if code:
            raise RunFailed(code, build.command_text(instruction))
        return build.changed_layer(state, shell.changed)

    def _created_by(self, state: State, instruction: Instruction) -> str:
        name, value = instruction.name, expand(instruction.value, build.variables(state))
        args = build.used_args(state)
        prefix = f"|{len(args)} {' '.join(args)} " if args else ""
        if self.presenter.buildkit:
            if name == "RUN":
                return f"RUN {prefix}{build.command_text(instruction)} # buildkit"
            return f"{name} {value} # buildkit" if name in ("COPY", "ADD") else f"{name} {value}"
        if name == "RUN":
            return f"{prefix}{build.command_text(instruction)}"
        if name in ("COPY", "ADD"):
            *_, target = value.split()
            return f"/bin/sh -c #(nop) {name} file:{build.step_key(state, instruction, None)} in {target} "
        return f"/bin/sh -c #(nop) {' ' if name != 'WORKDIR' else ''}{name} {value}"
