"""All routes of the demo engine."""

from tui.demo import (
    handle_containers,
    handle_images,
    handle_streams,
    handle_system,
)
from tui.demo.api import Router


def register_all(router: Router) -> None:
    """Add every route."""
    for module in (handle_system, handle_containers, handle_streams, handle_images):
        module.register(router)
