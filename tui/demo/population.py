"""The believable server that a demo engine starts as: compose projects, lone containers, volumes, networks."""

import gc
import hashlib
from dataclasses import dataclass, field

from tui.demo import behaviour, health, netports, seed_images
from tui.demo.clock import NS, rfc3339
from tui.demo.jsonish import JsonMap, as_words
from tui.demo.records import CacheRecord, Container, Health, Image, Mount, Network, Probe, Run, Volume
from tui.demo.seed_images import SEEDS
from tui.demo.views_host import default_host
from tui.demo.world import DATA_ROOT, World

_DAY = 86_400 * NS
_WATCHED = 64
_BUILT = "registry.example.com/team/api:1.4.2"


@dataclass(frozen=True, slots=True)
class Role:
    """One container of the cast."""

    name: str
    image: str
    project: str = ""
    state: str = "running"
    exit_code: int = 0
    up: float = 3 * 86_400
    ports: tuple[tuple[str, str], ...] = ()
    volume: tuple[str, str] = ("", "")
    env: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    check: str = ""
    sick: bool = False
    oom: bool = False
    restarts: int = 0
    policy: str = "unless-stopped"
    memory: int = 0
    load: float = 1.0
    labels: tuple[tuple[str, str], ...] = field(default=())


CAST: tuple[Role, ...] = (
    Role("web", "nginx:1.27-alpine", "shop", ports=(("80/tcp", "8080"), ("443/tcp", "8443")), load=0.6),
    Role(
        "api",
        "registry.example.com/team/api:1.4.2",
        "shop",
        ports=(("9000/tcp", "9000"),),
        env=("DATABASE_URL=postgres://shop:s3cret@db:5432/shop", "LOG_LEVEL=info"),
        check="wget -qO- http://localhost:9000/healthz",
        load=2.4,
        memory=512 << 20,
        up=26 * 3600,
    ),
    Role(
        "db",
        "postgres:16-alpine",
        "shop",
        volume=("shop_pgdata", "/var/lib/postgresql/data"),
        env=("POSTGRES_PASSWORD=s3cret",),
        check="pg_isready -U shop",
        load=1.4,
        up=12 * 86_400,
    ),
    Role("worker", "registry.example.com/team/worker:1.4.2", "shop", restarts=2, load=5.0, up=26 * 3600),
    Role(
        "payments",
        "ghcr.io/acme/payments:0.9.0",
        "shop",
        state="restarting",
        exit_code=2,
        restarts=17,
        policy="always",
        labels=(("demo.behaviour", "crash"),),
    ),
    Role(
        "search",
        "opensearchproject/opensearch:2.15.0",
        "shop",
        check="curl -sf http://localhost:9200/_cluster/health",
        sick=True,
        ports=(("9200/tcp", "9200"),),
        memory=2 << 30,
        load=3.1,
        up=5 * 3600,
    ),
    Role(
        "queue",
        "rabbitmq:3.13-alpine",
        "shop",
        state="paused",
        volume=("shop_rabbit", "/var/lib/rabbitmq"),
        up=40 * 3600,
        load=0.8,
    ),
    Role("cache", "redis:7-alpine", "shop", volume=("shop_redis", "/data"), load=0.3, up=12 * 86_400),
    Role(
        "reports",
        "registry.example.com/team/reports:2.0.1",
        state="exited",
        exit_code=137,
        oom=True,
        up=190,
        policy="no",
        memory=256 << 20,
    ),
    Role(
        "migrate",
        "registry.example.com/team/api:1.4.2",
        "shop",
        state="exited",
        up=26 * 3600,
        policy="no",
        command=("sh", "-c", "echo running migrations; sleep 2; echo 14 applied"),
    ),
    Role("toolbox", "busybox:latest", command=("sleep", "86400"), policy="no", load=0.0, up=7 * 3600),
    Role(
        "grafana",
        "grafana/grafana:11.1.0",
        "monitoring",
        ports=(("3000/tcp", "3000"),),
        volume=("monitoring_grafana", "/var/lib/grafana"),
        load=0.9,
        up=21 * 86_400,
    ),
    Role(
        "prometheus",
        "prom/prometheus:v2.53.1",
        "monitoring",
        ports=(("9090/tcp", "127.0.0.1:9090"),),
        volume=("monitoring_prom", "/prometheus"),
        load=1.8,
        up=21 * 86_400,
    ),
    Role("node-exporter", "quay.io/prometheus/node-exporter:v1.8.1", "monitoring", load=0.2, up=21 * 86_400),
    Role("api-old", "registry.example.com/team/api:1.4.1", state="exited", exit_code=143, up=11 * 86_400, policy="no"),
    Role("scratch", "busybox:latest", state="created", command=("sh",), policy="no", up=600),
)


def populate(world: World, count: int, images: int = 0) -> None:
    """Fill an empty world with images (at least `images`), networks, volumes and `count` containers."""
    # Nothing made here is garbage, and looking for some among 10,000 containers takes longer than making them.
    collecting = gc.isenabled()
    gc.disable()
    try:
        _populate(world, count)
        _old_builds(world, images - len(world.images))
    finally:
        if collecting:
            gc.enable()


def _populate(world: World, count: int) -> None:
    _networks(world)
    images = {seed.tag: _image(world, seed.tag, seed.dangling) for seed in SEEDS if not seed.dangling}
    for seed in SEEDS:
        if seed.dangling:
            _image(world, seed.tag, True)
    for number in range(count):
        role = CAST[number % len(CAST)]
        _container(world, role, number // len(CAST), images[role.image], watched=number < _WATCHED)
    world.volumes.setdefault("old_backup", Volume("old_backup", world.booted_ns - 90 * _DAY, size=48_000_000))
    for index, text in enumerate(
        ("[2/5] WORKDIR /srv/app", "[3/5] COPY requirements.txt ./", "[4/5] RUN pip install -r requirements.txt")
    ):
        id_ = world.new_id("cache")[:25]
        world.cache[id_] = CacheRecord(
            id_, text, world.booted_ns - _DAY, (0, 412, 1_780_000)[index], world.booted_ns - _DAY // 2
        )


def _networks(world: World) -> None:
    born = world.booted_ns - 120 * _DAY
    bridge = {
        "com.docker.network.bridge.default_bridge": "true",
        "com.docker.network.bridge.enable_icc": "true",
        "com.docker.network.bridge.enable_ip_masquerade": "true",
        "com.docker.network.bridge.host_binding_ipv4": "0.0.0.0",
        "com.docker.network.bridge.name": "docker0",
        "com.docker.network.driver.mtu": "1500",
    }
    plain: list[tuple[str, str, str, dict[str, str]]] = [
        ("bridge", "bridge", "172.17", bridge),
        ("host", "host", "", {}),
        ("none", "null", "", {}),
    ]
    composed: list[tuple[str, str, str, dict[str, str]]] = [
        ("shop_default", "bridge", "172.18", {}),
        ("monitoring_default", "bridge", "172.19", {}),
    ]
    for name, driver, prefix, options in [*plain, *composed]:
        project = name.removesuffix("_default")
        labels = (
            {"com.docker.compose.network": "default", "com.docker.compose.project": project} if project != name else {}
        )
        subnet, gateway = (f"{prefix}.0.0/16", f"{prefix}.0.1") if prefix else ("", "")
        id_ = world.new_id("network")
        world.networks[id_] = Network(id_, name, driver, born, subnet, gateway, labels=labels, options=dict(options))


def _image(world: World, tag: str, dangling: bool) -> Image:
    seeded = seed_images.built(tag, dangling)
    created = world.booted_ns - round(seeded.seed.age_days * _DAY)
    born = rfc3339(created)
    history = [{"created": born, **entry} for entry in seeded.history]
    config = seed_images.document(seeded.config, seeded.layers, history, created)
    image = world.add_image(Image(seed_images.digest(config), config, seeded.layers, created, tagged_ns=created))
    if not dangling:
        world.tag_image(image, tag)
        image.tagged_ns = created
        repository = tag.rsplit(":", 1)[0]
        image.digests = [f"{repository}@sha256:{hashlib.sha256(tag.encode()).hexdigest()}"]
    return image


def _old_builds(world: World, count: int) -> None:
    """Add what a build server leaves behind: builds of one image over the layers of its last one."""
    last = world.images[world.tags[_BUILT]]
    repository = _BUILT.rsplit(":", 1)[0]
    for number in range(count):
        created = last.created_ns - (number + 1) * 3_600 * NS
        config = last.config | {"created": rfc3339(created)}
        image = world.add_image(Image(seed_images.digest(config), config, last.layers, created, tagged_ns=created))
        world.tag_image(image, f"{repository}:build-{count - number}")
        image.tagged_ns = created


def _container(world: World, role: Role, copy: int, image: Image, *, watched: bool) -> None:
    id_ = world.new_id("container")
    up = round(role.up * NS * (1 + copy % 7 / 10)) + copy * NS
    config, host = _config(role, copy, image, id_), _host(role, copy)
    words = [*as_words(config["Entrypoint"]), *as_words(config["Cmd"])]
    name = f"{role.project}-{role.name}-{copy + 1}" if role.project else role.name + (f"-{copy + 1}" if copy else "")
    container = Container(
        id_, name, role.image, image.id, world.booted_ns - up - 5 * NS, config, host, words[0], words[1:]
    )
    container.load = role.load
    if role.volume[0]:
        volume = role.volume[0] + (f"_{copy + 1}" if copy else "")
        world.volumes.setdefault(
            volume, Volume(volume, container.created_ns, {"com.docker.compose.project": role.project}, size=73_400_320)
        )
        container.mounts.append(Mount("volume", volume, f"{DATA_ROOT}/volumes/{volume}/_data", role.volume[1]))
    if role.sick:
        world.sick.add(id_)
    world.add_container(container)
    netports.attach_at_creation(world, container, {})
    _bring_to_state(world, container, role, up, watched=watched)


def _config(role: Role, copy: int, image: Image, id_: str) -> JsonMap:
    base = image.run_config
    labels: dict[str, str] = dict(base.get("Labels") or {}) | dict(role.labels)
    if role.project:
        labels |= {
            "com.docker.compose.config-hash": hashlib.sha256(role.name.encode()).hexdigest(),
            "com.docker.compose.container-number": str(copy + 1),
            "com.docker.compose.oneoff": "False",
            "com.docker.compose.project": role.project,
            "com.docker.compose.project.config_files": f"/srv/{role.project}/compose.yaml",
            "com.docker.compose.project.working_dir": f"/srv/{role.project}",
            "com.docker.compose.service": role.name,
            "com.docker.compose.version": "2.29.7",
        }
    config: JsonMap = {
        "Hostname": id_[:12],
        "Domainname": "",
        "User": base["User"],
        "AttachStdin": False,
        "AttachStdout": False,
        "AttachStderr": False,
        **({"ExposedPorts": base["ExposedPorts"]} if base.get("ExposedPorts") else {}),
        "Tty": False,
        "OpenStdin": False,
        "StdinOnce": False,
        "Env": [*role.env, *(base["Env"] or [])],
        "Cmd": list(role.command) or base["Cmd"],
        "Image": role.image,
        "Volumes": base["Volumes"],
        "WorkingDir": base["WorkingDir"],
        "Entrypoint": None if role.command else base["Entrypoint"],
        "OnBuild": None,
        "Labels": labels,
    }
    if role.check:
        config["Healthcheck"] = {
            "Test": ["CMD-SHELL", role.check],
            "Interval": 30 * NS,
            "Timeout": 5 * NS,
            "Retries": 3,
        }
    return config


def _host(role: Role, copy: int) -> JsonMap:
    host = default_host()
    host["RestartPolicy"] = {"Name": role.policy, "MaximumRetryCount": 0}
    host["NetworkMode"] = f"{role.project}_default" if role.project else "bridge"
    host["Memory"] = role.memory
    if role.volume[0]:
        host["Binds"] = [f"{role.volume[0]}{f'_{copy + 1}' if copy else ''}:{role.volume[1]}"]
    bindings: JsonMap = {}
    for port, published in role.ports:
        address, _, number = published.rpartition(":")
        bindings[port] = [{"HostIp": address, "HostPort": "" if copy else number}]
    host["PortBindings"] = bindings
    return host


def _bring_to_state(world: World, container: Container, role: Role, up: int, *, watched: bool) -> None:
    if role.state == "created":
        return
    container.started_ns = world.booted_ns - up
    container.restart_count = role.restarts
    program = behaviour.program_for(world, container)
    if hasattr(program, "epoch_ns"):
        object.__setattr__(program, "epoch_ns", container.started_ns)
    run = Run(container.started_ns, program)
    container.runs.append(run)
    if role.state in ("running", "paused"):
        _run(world, container, role, run, watched=watched)
        return
    lasted = min(up - NS, 3 * NS if role.state == "restarting" else 40 * NS)
    container.state, container.exit_code, container.oom = role.state, role.exit_code, role.oom
    container.finished_ns = run.end_ns = container.started_ns + lasted
    if role.state == "restarting":
        container.started_ns = world.booted_ns - 21 * NS
        container.finished_ns = run.end_ns = container.started_ns + 2 * NS
        run.start_ns = container.started_ns
        if watched:
            from tui.demo import life

            world.after(38.0, lambda: life.relaunch(world, container))


def _run(world: World, container: Container, role: Role, run: Run, *, watched: bool) -> None:
    netports.bind(world, container)
    for endpoint in container.networks.values():
        netports.connect(world, container, world.networks[endpoint.network_id], endpoint)
    container.state, container.pid = role.state, world.new_pid()
    if role.state == "paused":
        run.paused_ns = world.booted_ns - 600 * NS
    if role.check:
        last = world.booted_ns - 9 * NS
        code, output = health.probe(world, container) if role.sick else (0, "")
        streak = 40 if role.sick else 0
        log = [Probe(last - n * 30 * NS, last - n * 30 * NS + 38_000_000, code, output) for n in (2, 1, 0)]
        container.health = Health("unhealthy" if role.sick else "healthy", streak, log)
        if watched:
            health.resume(world, container)
