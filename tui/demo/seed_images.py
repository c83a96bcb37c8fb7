"""The images that a demo engine starts with: real layers of small files, the same on every run."""

import hashlib
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import msgspec

from tui.demo.clock import rfc3339
from tui.demo.jsonish import JsonMap
from tui.demo.layers import Layer, Node, folder, whiteout, with_parents

_PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_APPLETS = [
    "sh",
    "ls",
    "cat",
    "echo",
    "sleep",
    "true",
    "false",
    "ps",
    "id",
    "env",
    "test",
    "mkdir",
    "rm",
    "cp",
    "mv",
    "touch",
    "grep",
    "head",
    "tail",
    "wc",
    "date",
    "wget",
    "hostname",
]


@dataclass(frozen=True, slots=True)
class Seed:
    """What an image is made of: a base, and what its own build added (instruction, files)."""

    tag: str
    base: str
    steps: tuple[tuple[str, tuple[tuple[str, int], ...]], ...]
    cmd: tuple[str, ...] = ()
    entrypoint: tuple[str, ...] = ()
    env: tuple[str, ...] = ()
    ports: tuple[str, ...] = ()
    labels: tuple[tuple[str, str], ...] = ()
    workdir: str = ""
    user: str = ""
    volumes: tuple[str, ...] = ()
    health: str = ""
    age_days: float = 20.0
    dangling: bool = False


def _app(version: str, command: str, age: float, name: str, **more: object) -> Seed:
    steps = (
        ("WORKDIR /srv/app", ()),
        ("COPY requirements.txt ./ # buildkit", (("srv/app/requirements.txt", 412),)),
        (
            "RUN /bin/sh -c pip install --no-cache-dir -r requirements.txt # buildkit",
            (
                ("usr/local/lib/python3.12/site-packages/aiohttp/web.py", 19_000),
                ("usr/local/lib/python3.12/site-packages/aiohttp/client.py", 51_000),
                ("usr/local/lib/python3.12/site-packages/aiohttp/_http_parser.so", 690_000),
                ("usr/local/lib/python3.12/site-packages/asyncpg/protocol/protocol.so", 780_000),
                ("root/.cache/pip/http/5/7/response", 240_000),
            ),
        ),
        (
            f"COPY dist/{version}/ ./ # buildkit",
            (
                (f"srv/app/{name}/__init__.py", 120),
                (f"srv/app/{name}/main.py", 7_400),
                (f"srv/app/{name}/models.py", 12_900),
                (f"srv/app/{name}/static/app.js", 88_000),
            ),
        ),
        ("RUN /bin/sh -c rm -rf /root/.cache # buildkit", (("-root/.cache", 0),)),
    )
    return Seed(
        f"registry.example.com/team/{name}:{version}",
        "python:3.12-slim",
        steps,
        cmd=tuple(command.split()),
        env=(f"APP_VERSION={version}", "PYTHONUNBUFFERED=1"),
        labels=(("org.opencontainers.image.version", version), ("org.opencontainers.image.vendor", "Example")),
        workdir="/srv/app",
        user="app",
        ports=("9000/tcp",),
        age_days=age,
        **more,  # pyright: ignore[reportArgumentType] -- the rare fields of single images
    )


def _server(
    tag: str, base: str, binary: str, size: int, port: str, *, cmd: str = "", age: float = 30, **more: object
) -> Seed:
    name = binary.rsplit("/", 1)[-1]
    steps = (
        (
            "RUN /bin/sh -c set -x && addgroup -S app && install /tmp/pkg # buildkit",
            ((binary, size), (f"etc/{name}/{name}.conf", 4_100)),
        ),
        ("COPY docker-entrypoint.sh /usr/local/bin/ # buildkit", (("usr/local/bin/docker-entrypoint.sh", 2_048),)),
    )
    return Seed(
        tag,
        base,
        steps,
        cmd=tuple((cmd or name).split()),
        entrypoint=("docker-entrypoint.sh",),
        ports=(port,) if port else (),
        age_days=age,
        **more,  # pyright: ignore[reportArgumentType] -- the rare fields of single images
    )


SEEDS: tuple[Seed, ...] = (
    Seed(
        "busybox:latest",
        "",
        (("ADD busybox.tar.gz / # buildkit", tuple((f"bin/{a}", 1_200) for a in _APPLETS)),),
        cmd=("sh",),
        age_days=60,
    ),
    Seed(
        "alpine:3.20",
        "",
        (
            (
                "ADD alpine-minirootfs-3.20.3-x86_64.tar.gz / # buildkit",
                (
                    ("bin/busybox", 820_000),
                    ("lib/ld-musl-x86_64.so.1", 650_000),
                    ("etc/alpine-release", 7),
                    ("etc/passwd", 700),
                    ("bin/sh", 900),
                ),
            ),
        ),
        cmd=("/bin/sh",),
        age_days=75,
    ),
    Seed(
        "debian:bookworm-slim",
        "",
        (
            (
                "# debian.sh --arch 'amd64' out/ 'bookworm'",
                (
                    ("bin/bash", 1_265_000),
                    ("bin/sh", 125_000),
                    ("lib/x86_64-linux-gnu/libc.so.6", 1_920_000),
                    ("usr/bin/perl", 910_000),
                    ("etc/debian_version", 5),
                    ("etc/passwd", 890),
                    ("var/lib/dpkg/status", 96_000),
                ),
            ),
        ),
        cmd=("bash",),
        age_days=44,
    ),
    Seed(
        "python:3.12-slim",
        "debian:bookworm-slim",
        (
            (
                "RUN /bin/sh -c apt-get update && apt-get install -y ca-certificates # buildkit",
                (("etc/ssl/certs/ca-certificates.crt", 210_000),),
            ),
            (
                "RUN /bin/sh -c wget -O python.tar.xz … && make install # buildkit",
                (
                    ("usr/local/bin/python3.12", 14_000),
                    ("usr/local/lib/libpython3.12.so.1.0", 1_450_000),
                    ("usr/local/lib/python3.12/os.py", 39_000),
                ),
            ),
        ),
        cmd=("python3",),
        age_days=40,
        env=("LANG=C.UTF-8", "PYTHON_VERSION=3.12.7"),
    ),
    _server(
        "nginx:1.27-alpine", "alpine:3.20", "usr/sbin/nginx", 1_400_000, "80/tcp", cmd="nginx -g daemon_off;", age=33
    ),
    _server(
        "postgres:16-alpine",
        "alpine:3.20",
        "usr/local/bin/postgres",
        2_900_000,
        "5432/tcp",
        age=28,
        volumes=("/var/lib/postgresql/data",),
        env=("PG_MAJOR=16", "PGDATA=/var/lib/postgresql/data"),
    ),
    _server(
        "redis:7-alpine", "alpine:3.20", "usr/local/bin/redis-server", 1_700_000, "6379/tcp", age=31, volumes=("/data",)
    ),
    _server("rabbitmq:3.13-alpine", "alpine:3.20", "opt/rabbitmq/sbin/rabbitmq-server", 900_000, "5672/tcp", age=52),
    _app("1.4.2", "python -m api", 3, "api", health="wget -qO- http://localhost:9000/healthz"),
    _app("1.4.1", "python -m api", 11, "api"),
    _app("1.4.2", "python -m worker", 3.1, "worker"),
    _app("2.0.1", "python -m reports", 9, "reports"),
    _server("ghcr.io/acme/payments:0.9.0", "alpine:3.20", "usr/local/bin/payments", 1_800_000, "8443/tcp", age=6),
    _server(
        "opensearchproject/opensearch:2.15.0",
        "debian:bookworm-slim",
        "usr/share/opensearch/bin/opensearch",
        2_600_000,
        "9200/tcp",
        age=70,
    ),
    _server("grafana/grafana:11.1.0", "alpine:3.20", "usr/share/grafana/bin/grafana", 2_200_000, "3000/tcp", age=48),
    _server("prom/prometheus:v2.53.1", "busybox:latest", "bin/prometheus", 2_000_000, "9090/tcp", age=48),
    _server(
        "quay.io/prometheus/node-exporter:v1.8.1", "busybox:latest", "bin/node_exporter", 700_000, "9100/tcp", age=55
    ),
    _app("1.4.0", "python -m api", 19, "api", dangling=True),
)


def content(path: str, size: int) -> bytes:
    """Return the bytes of a seeded file: text for text files, a repeated pattern for others."""
    if size <= 0:
        return b""
    text = path.rsplit(".", 1)[-1] in ("py", "js", "conf", "txt", "sh", "crt") or path.startswith("etc/")
    if text:
        line = f"# {path}: line of the demo image\n".encode()
        return (line * (size // len(line) + 1))[:size]
    block = hashlib.sha256(path.encode()).digest() * 128
    return (b"\x7fELF" + block * (size // len(block) + 1))[:size]


@cache
def build_layer(files: tuple[tuple[str, int], ...], age_days: float) -> Layer:
    """Return the layer of a step; a name with a leading dash is removed."""
    mtime = 1_700_000_000 - round(age_days * 86_400)
    nodes: dict[str, Node] = {}
    for path, size in files:
        if path.startswith("-"):
            nodes[whiteout(path[1:])] = Node(mtime=mtime)
            continue
        program = "bin/" in path or path.endswith(".so")
        nodes[path] = Node(data=content(path, size), mode=0o755 if program else 0o644, mtime=mtime)
    if not files:
        nodes["srv/app"] = folder(mtime=mtime)
    return Layer(with_parents(nodes))


@dataclass(frozen=True, slots=True)
class Built:
    """A seeded image without its times: config, layers and history depend on the seed alone."""

    seed: Seed
    layers: tuple[Layer, ...]
    history: tuple[JsonMap, ...]
    config: JsonMap


@cache
def built(tag: str, dangling: bool = False) -> Built:
    """Return one seeded image by its tag."""
    seed = next(s for s in SEEDS if s.tag == tag and s.dangling == dangling)
    base = built(seed.base) if seed.base else None
    layers: list[Layer] = list(base.layers) if base else []
    history: list[JsonMap] = list(base.history) if base else []
    for instruction, files in seed.steps:
        layers.append(build_layer(files, seed.age_days))
        history.append({"created_by": instruction, "comment": "buildkit.dockerfile.v0"})
    history.extend(
        {"created_by": text, "comment": "buildkit.dockerfile.v0", "empty_layer": True} for text in _metadata(seed)
    )
    return Built(seed, tuple(layers), tuple(history), _run_config(seed, base))


def _metadata(seed: Seed) -> list[str]:
    lines = [f"ENV {item}" for item in seed.env] + [f"EXPOSE [{port}]" for port in seed.ports]
    if seed.user:
        lines.append(f"USER {seed.user}")
    if seed.entrypoint:
        lines.append(f"ENTRYPOINT {_words(seed.entrypoint)}")
    return [*lines, f"CMD {_words(seed.cmd)}"]


def _words(words: Sequence[str]) -> str:
    return "[" + " ".join(f'"{word}"' for word in words) + "]"


def _run_config(seed: Seed, base: Built | None) -> JsonMap:
    env = list(base.config["Env"]) if base else [_PATH]
    config: JsonMap = {
        "Cmd": list(seed.cmd) or None,
        "Entrypoint": list(seed.entrypoint) or None,
        "Env": env + list(seed.env),
        "Labels": dict(seed.labels) or None,
        "User": seed.user,
        "Volumes": {path: {} for path in seed.volumes} or None,
        "WorkingDir": seed.workdir,
        "OnBuild": None,
    }
    if seed.ports:
        config["ExposedPorts"] = {port: {} for port in seed.ports}
    if seed.health:
        config["Healthcheck"] = {"Test": ["CMD-SHELL", seed.health], "Interval": 30_000_000_000, "Retries": 3}
    return config


def document(
    run_config: JsonMap, layers: Sequence[Layer], history: Sequence[JsonMap], created_ns: int, **more: object
) -> JsonMap:
    """Return the OCI config document of an image."""
    return {
        "architecture": "amd64",
        "config": run_config,
        "created": rfc3339(created_ns),
        "history": list(history),
        "os": "linux",
        "rootfs": {"type": "layers", "diff_ids": [layer.diff_id for layer in layers]},
        **more,
    }


def digest(config: JsonMap) -> str:
    """Return the ID of an image: the digest of its config document."""
    return "sha256:" + hashlib.sha256(msgspec.json.encode(config)).hexdigest()


def spread(text: str, most: int) -> int:
    """Return a number below `most` that depends on the text alone."""
    return zlib.crc32(text.encode()) % most
