"""A probe against every engine: what it says of itself, straight and through a context that is tried."""

from typing import Any, cast

from engines import engine_get
from tui.commands.host_desk import try_context
from tui.engine.endpoint import Endpoint
from tui.engine.probe import probe
from tui.model.context_spec import ContextSpec
from tui.model.hosts import ANSWERS, Probe


def check(found: Probe, socket: str) -> None:
    """Hold a probe against what the daemon answers another client."""
    version = cast("dict[str, Any]", engine_get(socket, "/version"))
    assert (found.state, found.engine, found.api) == (ANSWERS, version["Version"], version["ApiVersion"])
    assert found.seconds is not None
    assert (found.reason, found.hint) == ("", "")


async def test_a_probe_says_what_the_engine_says(engine_socket: str) -> None:
    check(await probe(Endpoint(f"unix://{engine_socket}", "test")), engine_socket)


async def test_a_context_is_tried_before_it_is_kept(engine_socket: str) -> None:
    spec = ContextSpec("", host=f"unix://{engine_socket}")
    check(await try_context(spec, probe, {"HOME": "/nowhere"}), engine_socket)
