"""The verb `layers`: an image's layers and waste as a report, and an exit code by limits, without a terminal."""

import asyncio
import os
import sys
from argparse import Namespace
from collections.abc import Iterator, Sequence

from tui import exit_codes
from tui.engine.connect import first_answering
from tui.engine.endpoint import Endpoint, candidates
from tui.engine.engine import Engine
from tui.engine.errors import EngineError
from tui.jobs.layer_cache import LayerCache
from tui.jobs.layer_store import LayerStore
from tui.jobs.layers import LayersJob
from tui.present.layers import analysis_of, score_words
from tui.present.layers_report import ImageReport, image_report, report_json, report_text
from tui.present.units import size
from widgets.literal import literal


class _Unusable(Exception):
    """The daemon or the image can't be used; the message is for the user."""


def run_layers(options: Namespace) -> int:
    """Print the report on an image and return the exit code: OVER_LIMIT where it is worse than the limits allow."""
    if len(options.contexts or ()) > 1 or options.groups:
        print("hythe layers: an image is read from one daemon: name it by --host or one --context", file=sys.stderr)
        return exit_codes.USAGE
    try:
        report = asyncio.run(_report(options))
    except (EngineError, _Unusable) as error:
        hint = getattr(error, "hint", "")
        print(f"hythe layers: {literal(str(error))}{f' ({literal(hint)})' if hint else ''}", file=sys.stderr)
        return exit_codes.UNUSABLE
    if options.json:
        sys.stdout.buffer.write(report_json(report))
    else:
        encoding = sys.stdout.encoding or "ascii"
        for line in report_text(report):
            print(literal(line).encode(encoding, "replace").decode(encoding))
    sys.stdout.flush()
    problems = list(over_limits(report, options.max_waste, options.min_efficiency))
    for problem in problems:
        print(f"hythe layers: {problem}", file=sys.stderr)
    return exit_codes.OVER_LIMIT if problems else exit_codes.OK


def over_limits(report: ImageReport, max_waste: int | None, min_efficiency: float | None) -> Iterator[str]:
    """Yield what is worse than allowed, in words; `max_waste` is bytes, `min_efficiency` 0 to 1."""
    if max_waste is not None and report.wasted > max_waste:
        yield f"{size(report.wasted)} ({report.wasted:,} bytes) are wasted, and {size(max_waste)} are allowed"
    if min_efficiency is not None and report.efficiency < min_efficiency:
        yield f"the efficiency is {score_words(report.efficiency)}, and at least {min_efficiency:.1%} is wanted"


async def _report(options: Namespace) -> ImageReport:
    if options.demo:
        from tui.demo.server import serve_demo

        async with serve_demo() as path:
            return await _read(options.image, await _connected([Endpoint(f"unix://{path}", "demo engine")]))
    context = options.contexts[0] if options.contexts else None
    return await _read(options.image, await _connected(candidates(options.host, context, os.environ)))


async def _connected(endpoints: Sequence[Endpoint]) -> Engine:
    found = await first_answering(endpoints)
    if found.engine is None:
        tried = "; ".join(f"{one.endpoint.url}: {one.reason}" for one in found.attempts)
        raise _Unusable(f"no daemon answers: {tried}")
    return found.engine


async def _read(image: str, engine: Engine) -> ImageReport:
    cache = LayerCache(LayerStore.of_user())
    job = LayersJob(engine, cache, image, image)
    stop = job.listen(lambda: _tell(job))
    try:
        job.start()
        await job.wait_or_cancel()
    finally:
        stop()
        _tell(None)
        await engine.close()
        await asyncio.to_thread(cache.close)
    if problem := cache.take_problem():
        print(f"hythe layers: {literal(problem)}", file=sys.stderr)
    if job.layers is None:
        raise _Unusable(f"{image}: {job.error or 'the reading was cancelled'}")
    return image_report(image, job.image_id, analysis_of(job.layers))


def _tell(job: LayersJob | None) -> None:
    """Say on one line of the terminal how far it is; without a terminal, nothing."""
    if sys.stderr.isatty():
        print(f"\r\x1b[K{job.progress if job and job.state == 'running' else ''}", end="", file=sys.stderr, flush=True)
