"""The refusals of the demo engine, in the daemon's own words."""


class ApiError(Exception):
    """A request that the engine refuses: an HTTP status and the message of the daemon."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


class NotModified(Exception):
    """The object is already in the state asked for: HTTP 304, no body."""


def no_such_container(ref: str) -> ApiError:
    """Return the 404 for an unknown container."""
    return ApiError(404, f"No such container: {ref}")


def no_such_image(ref: str) -> ApiError:
    """Return the 404 for an unknown image; a reference without tag gets `:latest`, as the daemon says it."""
    last = ref.rsplit("/", 1)[-1]
    plain = ":" in last or "@" in ref or ref.startswith("sha256:")
    return ApiError(404, f"No such image: {ref if plain else ref + ':latest'}")


def not_running(container_id: str) -> ApiError:
    """Return the 409 for an operation that needs a running container."""
    return ApiError(409, f"container {container_id} is not running")


NOT_A_MANAGER = (
    'This node is not a swarm manager. Use "docker swarm init" or "docker swarm join" to connect this node to swarm '
    "and try again."
)
