"""Addresses that no machine can have are told as such: the system refuses their names in a way of its own."""

import pytest

from tui.engine.endpoint import parse_endpoint
from tui.engine.engine import Engine
from tui.engine.errors import ConnectionFailed


@pytest.mark.parametrize("host", ["a" * 70, "a..b", "caf\udce9"])
async def test_a_name_that_no_machine_can_have(host: str) -> None:
    engine = Engine(parse_endpoint(f"tcp://{host}:2375", "--host"))
    with pytest.raises(ConnectionFailed, match="no machine can have that name") as caught:
        await engine.version()
    assert caught.value.hint == "check the address"
    await engine.close()
