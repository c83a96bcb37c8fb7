"""Which simulated program a container runs: chosen by its image and its command."""

import json
import random
import zlib
from collections.abc import Iterator

from tui.demo.clock import NS, rfc3339
from tui.demo.config_edit import variables_of
from tui.demo.errors import ApiError
from tui.demo.jsonish import as_words
from tui.demo.programs import STDERR, STDOUT, Program, Script, Service, Step, Writer, fixed, idle
from tui.demo.records import Container, Image
from tui.demo.shell import Shell
from tui.demo.shell_commands import COMMANDS
from tui.demo.world import World

_PATHS = ("/", "/products", "/products/1042", "/cart", "/api/v1/orders", "/static/app.css", "/favicon.ico", "/healthz")
_AGENTS = ("Mozilla/5.0 (X11; Linux x86_64)", "curl/8.9.1", "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X)")


def _access_log(number: int, rng: random.Random, at_ns: int) -> tuple[int, bytes]:
    client = f"10.0.{rng.randrange(4)}.{rng.randrange(2, 250)}"
    status = rng.choices((200, 304, 404, 502), (90, 5, 4, 1))[0]
    when = rfc3339(at_ns // NS * NS).replace("Z", "+00:00")
    asked = f'"GET {rng.choice(_PATHS)} HTTP/1.1" {status} {rng.randrange(120, 48_000)}'
    line = f'{client} - - [{when}] {asked} "-" "{rng.choice(_AGENTS)}"'
    return (STDERR if status == 502 else STDOUT), line.encode()


def _json_log(number: int, rng: random.Random, at_ns: int) -> tuple[int, bytes]:
    level = rng.choices(("info", "debug", "warn", "error"), (80, 12, 6, 2))[0]
    message = {
        "info": "job done",
        "debug": "cache lookup",
        "warn": "slow query",
        "error": "upstream timed out, will retry",
    }[level]
    body = {"ts": rfc3339(at_ns), "level": level, "msg": message, "job": number, "ms": rng.randrange(2, 900)}
    return (STDERR if level == "error" else STDOUT), json.dumps(body, separators=(",", ":")).encode()


def _database_log(number: int, rng: random.Random, at_ns: int) -> tuple[int, bytes]:
    when = rfc3339(at_ns)[:19].replace("T", " ")
    text = rng.choice(
        (
            f"checkpoint complete: wrote {rng.randrange(10, 900)} buffers (0.{rng.randrange(10)}%)",
            f'automatic vacuum of table "shop.public.orders": index scans: 1, {rng.randrange(900)} pages remain',
            f"duration: {rng.randrange(200, 4000)}.{rng.randrange(1000):03d} ms  statement: SELECT * FROM orders",
        )
    )
    return STDERR, f"{when} UTC [{rng.randrange(30, 90)}] LOG:  {text}".encode()


def _plain_log(number: int, rng: random.Random, at_ns: int) -> tuple[int, bytes]:
    text = rng.choice(("DB saved on disk", "Background saving started", "GC pause 12ms", "scrape ok", "session opened"))
    return STDOUT, f"{rfc3339(at_ns)[:19]} * {text} (#{number})".encode()


_SERVICES: dict[str, tuple[Writer, float, int | None]] = {
    "nginx": (_access_log, 1.7, 0),
    "httpd": (_access_log, 2.3, 0),
    "traefik": (_access_log, 1.1, 0),
    "api": (_json_log, 1.3, 0),
    "worker": (_json_log, 0.9, 0),
    "payments": (_json_log, 2.0, 1),
    "reports": (_json_log, 2.9, 143),
    "postgres": (_database_log, 11.0, 0),
    "mysql": (_database_log, 9.0, 0),
    "mariadb": (_database_log, 9.0, 0),
    "redis": (_plain_log, 13.0, 0),
    "rabbitmq": (_plain_log, 7.0, 0),
    "opensearch": (_plain_log, 3.0, 143),
    "grafana": (_json_log, 5.0, 0),
    "prometheus": (_plain_log, 15.0, 0),
    "node-exporter": (_plain_log, 60.0, 143),
    "memcached": (_plain_log, 45.0, 0),
    "registry": (_json_log, 10.0, 0),
}


def short_name(image_ref: str) -> str:
    """Return the last part of an image's name, without tag and digest."""
    return image_ref.split("@")[0].rsplit("/", 1)[-1].split(":")[0]


def program_for(world: World, container: Container) -> Program:
    """Return the program that the container's main process runs now."""
    image = world.images.get(container.image_id)
    words = [container.path, *container.args]
    if container.labels.get("demo.behaviour") == "crash":
        return _crash()
    if _scripted(words):
        return _script(world, container, image, words)
    kind = _SERVICES.get(short_name(container.image_ref))
    if kind is None and image is not None and image.tags:
        kind = _SERVICES.get(short_name(image.tags[0]))
    if kind is None:
        return _json_service(world, container) if image and len(image.layers) > 1 else idle()
    writer, period, on_term = kind
    name = short_name(container.image_ref)
    opening = (f"{name}: starting", f"{name}: configuration loaded", f"{name}: ready")
    return Service(_seed(container), round(period * NS), writer, opening, world.now(), on_term)


def _json_service(world: World, container: Container) -> Program:
    return Service(_seed(container), 2 * NS, _json_log, (f"{container.path}: ready",), world.now(), 0)


def _seed(container: Container) -> int:
    return zlib.crc32(container.id.encode())


def _crash() -> Program:
    return fixed(
        [
            (0.01, STDOUT, '{"level":"info","msg":"starting payments 0.9.0"}'),
            (0.4, STDOUT, '{"level":"info","msg":"connecting to shop-db:5432"}'),
            (1.6, STDERR, "panic: required setting PAYMENTS_API_KEY is not set"),
            (1.6, STDERR, "goroutine 1 [running]:"),
            (1.61, STDERR, "main.main()\n\t/src/cmd/payments/main.go:41 +0x1a5"),
        ],
        exit_code=2,
        seconds=1.7,
    )


def _scripted(words: list[str]) -> bool:
    return words[0].rpartition("/")[2] in COMMANDS


def interactive(container: Container) -> bool:
    """Return whether the process reads what is attached to it: `cat`, or a shell without a script."""
    words = [container.path.rpartition("/")[2], *container.args]
    return bool(container.config.get("OpenStdin")) and (words == ["cat"] or is_shell(words))


def is_shell(words: list[str]) -> bool:
    """Return whether an argument vector is an interactive shell."""
    return words[0].rpartition("/")[2] in ("sh", "bash", "ash") and not any(
        w.startswith("-c") or w == "-ec" for w in words
    )


def environment(container: Container) -> dict[str, str]:
    """Return the environment of the container's processes."""
    env = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root"}
    env["HOSTNAME"] = str(container.config.get("Hostname") or container.id[:12])
    return {**env, **variables_of(as_words(container.config.get("Env")))}


def shell_in(world: World, container: Container) -> Shell:
    """Return a shell inside the container; the files it changes are the container's."""
    image = world.images.get(container.image_id)
    root = world.root_of(image.layers) if image else {}
    shell = Shell(root, environment(container), str(container.config.get("WorkingDir") or "/"))
    shell.changed = container.changed
    shell.hostname = shell.env["HOSTNAME"]
    shell.wall_ns = world.now()
    return shell


def _script(world: World, container: Container, image: Image | None, words: list[str]) -> Program:
    if is_shell(words) or words[0].rpartition("/")[2] == "cat":
        if interactive(container):
            return idle(0 if words[0] != "cat" else None)
        if is_shell(words):
            return Script(iter([Step(0, exit_code=0)]), None)
    shell = shell_in(world, container)

    def steps() -> Iterator[Step]:
        yield from shell.script(words)

    return Script(steps(), None)


def check_command(world: World, container: Container) -> None:
    """Raise ApiError 400 when the image has no such executable, as runc says it."""
    image = world.images.get(container.image_id)
    if not container.path or _scripted([container.path]) or image is None:
        return
    default = [*as_words(image.run_config.get("Entrypoint")), *as_words(image.run_config.get("Cmd"))]
    if container.path in default or shell_in(world, container).is_program(container.path):
        return
    reason = "no such file or directory" if "/" in container.path else "executable file not found in $PATH"
    verb = "stat " + container.path + ": " if "/" in container.path else ""
    raise ApiError(
        400,
        "failed to create task for container: failed to create shim task: OCI runtime create failed: "
        f'runc create failed: unable to start container process: exec: "{container.path}": {verb}{reason}',
    )
