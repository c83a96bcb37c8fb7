"""All routes of the demo engine."""

from tui.demo import (
    build_control,
    build_session,
    handle_build,
    handle_containers,
    handle_exec,
    handle_files,
    handle_images,
    handle_storage,
    handle_streams,
    handle_swarm,
    handle_system,
    handle_transfer,
    task_logs,
)
from tui.demo.api import Router

# In the order in which routes are tried: those with a fixed path before those that take any name.
_MODULES = (
    handle_system,
    handle_containers,
    handle_streams,
    handle_exec,
    handle_files,
    handle_transfer,
    handle_images,
    handle_storage,
    task_logs,
    handle_swarm,
    handle_build,
    build_session,
    build_control,
)


def register_all(router: Router) -> None:
    """Add every route."""
    for module in _MODULES:
        module.register(router)
