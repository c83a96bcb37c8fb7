"""What came of a build: the image's layers with their weights and times, and what was rebuilt since the last one."""

from __future__ import annotations

import asyncio
import threading
import time
from contextlib import suppress

import msgspec

from tui.engine.engine import Engine
from tui.engine.errors import EngineError
from tui.jobs.build_book import BuildBook, marks_of
from tui.jobs.build_ways import Plan
from tui.model.build import BuildState
from tui.model.build_record import BuildRecord, FileMark, record_of
from tui.model.build_sources import without_login
from tui.model.built_layers import BuiltLayer, built_layers
from tui.model.cache_break import Rebuilt, rebuilt
from tui.model.dockerfile_images import bases_of
from tui.present.secrets import secret_names


class BuildReport(msgspec.Struct, frozen=True):
    """What is told after a good build; `problem` says what could not be found out or kept, in words."""

    layers: tuple[BuiltLayer, ...] = ()
    rebuilt: Rebuilt | None = None
    before: BuildRecord | None = None
    problem: str = ""


async def report_of(engine: Engine, plan: Plan, build: BuildState, book: BuildBook | None = None) -> BuildReport:
    """Return the report of a build that made an image, and keep the record of it for the next one."""
    book = book or BuildBook()
    spec = plan.spec
    if build.result is None:
        return BuildReport()
    problem = ""
    layers: list[BuiltLayer] = []
    try:
        history = await engine.images.history(build.result.image_id)
        layers = built_layers(history, build, plan.dockerfile, spec.target)
    except EngineError as error:
        problem = str(error)
    if not plan.dockerfile:  # the daemon fetched it: there is nothing here to compare
        return BuildReport(tuple(layers), problem=problem)
    page = await asyncio.to_thread(book.page, spec.folder)
    daemon = without_login(engine.endpoint.url)
    before = page.last((spec.tag, spec.target, daemon))
    record = record_of(
        spec,
        plan.dockerfile,
        build.result.image_id,
        time.time(),
        files=await _marks(plan, before),
        bases=await _bases(engine, plan),
        hide=secret_names(spec.args),
        classic=plan.way.kind == "classic",
        daemon=daemon,
    )
    what = rebuilt(before, record, build, plan.dockerfile, no_cache=spec.no_cache)
    problem = await asyncio.to_thread(book.keep_record, spec.folder, record) or problem
    return BuildReport(tuple(layers), what, before, problem)


async def _marks(plan: Plan, before: BuildRecord | None) -> dict[str, FileMark]:
    if plan.context is None:
        return {}
    stopped = threading.Event()
    try:
        return await asyncio.to_thread(marks_of, plan.context, before.files if before else {}, stopped.is_set)
    finally:
        stopped.set()  # who is cancelled does not wait for the thread


async def _bases(engine: Engine, plan: Plan) -> dict[str, str]:
    """The IDs of the base images that the daemon has, by the names that the Dockerfile has for them."""
    found: dict[str, str] = {}
    for written, expanded in bases_of(plan.dockerfile, plan.spec.arguments).items():
        with suppress(EngineError):  # BuildKit keeps bases where the images are not listed
            found[written] = (await engine.images.details(expanded)).id
    return found
