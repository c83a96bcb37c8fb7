"""TLS to a daemon: what Docker's files and variables mean, and what each thing that is wrong with them is called."""

import asyncio
import os
import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from certificates import Certificates
from doors import tcp_door
from engine_bench import bench_on
from tui.engine.endpoint import Endpoint, Tls, candidates
from tui.engine.errors import ConnectionFailed, ConnectionLost, EndpointError
from tui.engine.transport import Transport


def tls_of(certificates: Certificates, **changed: str | bool) -> Tls:
    """The client's TLS as it should be, but for what is `changed` (files are of the certificates' own folder)."""
    folder = certificates.folder
    paths = {"ca": str(folder / "ca.pem"), "cert": str(folder / "cert.pem"), "key": str(folder / "key.pem")}
    named = {
        name: str(certificates.root / value) if isinstance(value, str) and value else value
        for name, value in changed.items()
    }
    return Tls(**(paths | named))  # pyright: ignore[reportArgumentType]


async def failure(url: str, tls: Tls | None) -> ConnectionFailed:
    """How connecting fails."""
    transport = Transport(Endpoint(url, "test", tls=tls))
    try:
        with pytest.raises(ConnectionFailed) as caught:
            await transport.negotiate()
    finally:
        await transport.close()
    assert caught.value.endpoint == url
    assert caught.value.hint
    return caught.value


@pytest.mark.parametrize("verify", ["1", "0", ""], ids=["verified", "any-value", "unverified"])
async def test_the_environments_files(demo_socket: str, certificates: Certificates, verify: str) -> None:
    env = {"DOCKER_CERT_PATH": str(certificates.folder), "DOCKER_TLS_VERIFY": verify, "DOCKER_TLS": "1"}
    async with tcp_door(demo_socket, certificates.server_context()) as door:
        for host, more in ((door.url, {}), (None, {"DOCKER_HOST": door.url})):
            (endpoint,) = candidates(host, None, env | more)
            assert endpoint.tls is not None
            assert endpoint.tls.verify == bool(verify)
            assert endpoint.warning == ("" if verify else "TLS not verified")
            transport = Transport(endpoint)
            assert (await transport.negotiate()).api_version
            await transport.close()


async def test_the_docker_cli_and_hythe_mean_the_same(
    docker_cli: str, demo_socket: str, certificates: Certificates, tmp_path: Path
) -> None:
    """Which of the variables lead to TLS, and to which daemon: the CLI is asked, then hythe."""
    empty = tmp_path / "empty"
    empty.mkdir()
    only_ca = tmp_path / "ca"
    only_ca.mkdir()
    (only_ca / "ca.pem").write_bytes((certificates.folder / "ca.pem").read_bytes())
    folders = (certificates.folder, only_ca, empty)
    server = certificates.server_context()
    async with tcp_door(demo_socket, server) as door, tcp_door(demo_socket) as plain:
        for url in (door.url, door.url.replace("127.0.0.1", "localhost"), plain.url):
            for folder in folders:
                for flags in ({"DOCKER_TLS_VERIFY": "1"}, {"DOCKER_TLS": "1"}, {"DOCKER_TLS_VERIFY": ""}):
                    env = {"DOCKER_HOST": url, "DOCKER_CERT_PATH": str(folder), "DOCKER_CONFIG": str(empty)} | flags
                    assert await hythe_connects(env) == await docker_connects(docker_cli, env), (url, folder, flags)


async def hythe_connects(env: Mapping[str, str]) -> bool:
    (endpoint,) = candidates(None, None, env)
    transport = Transport(endpoint)
    try:
        await transport.negotiate()
    except (ConnectionFailed, EndpointError):
        return False
    finally:
        await transport.close()
    return True


async def docker_connects(docker_cli: str, env: Mapping[str, str]) -> bool:
    base = {key: value for key, value in os.environ.items() if not key.startswith("DOCKER_")}
    process = await asyncio.create_subprocess_exec(
        docker_cli, "version", env=base | env, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL
    )
    return await process.wait() == 0


@dataclass(frozen=True)
class Wrong:
    """What is wrong with the client's files or the server's certificate, and the words for it."""

    words: str
    client: Mapping[str, str | bool]
    server: str = "server"
    host: str = "127.0.0.1"


WRONGS = {
    "ca": Wrong("no authority in .*other-ca.pem has signed", {"ca": "other-ca.pem"}),
    "system": Wrong("no authority that this system trusts has signed", {"ca": ""}),
    "name": Wrong("for another name: .*docker|for another name: .*mismatch", {}, "elsewhere", "localhost"),
    "address": Wrong("for another name: IP address mismatch", {}, "elsewhere"),
    "expired": Wrong("the daemon's certificate has expired", {}, "expired"),
    "no client": Wrong("the daemon wants a client certificate", {"cert": "", "key": ""}),
    "stranger": Wrong("does not accept the client certificate .*stranger.pem",
                      {"cert": "stranger.pem", "key": "stranger-key.pem"}),
    "expired client": Wrong("client certificate has expired: .*expired-client.pem",
                            {"cert": "expired-client.pem", "key": "expired-client-key.pem"}),
}  # fmt: skip


@pytest.mark.parametrize("newest", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3], ids=["1.2", "1.3"])
@pytest.mark.parametrize("name", WRONGS)
async def test_what_is_wrong_is_said(
    demo_socket: str, certificates: Certificates, name: str, newest: ssl.TLSVersion
) -> None:
    wrong = WRONGS[name]
    server = certificates.server_context(wrong.server)
    server.maximum_version = newest
    async with tcp_door(demo_socket, server) as door:
        url = door.url.replace("127.0.0.1", wrong.host)
        error = await failure(url, tls_of(certificates, **wrong.client))
    assert error.kind == "TLS", error
    assert re.search(wrong.words, str(error)), error


async def test_an_unverified_daemon_may_be_anybody(demo_socket: str, certificates: Certificates) -> None:
    for server in ("expired", "elsewhere"):
        async with tcp_door(demo_socket, certificates.server_context(server)) as door:
            transport = Transport(Endpoint(door.url, "test", tls=tls_of(certificates, verify=False, ca="other-ca.pem")))
            assert (await transport.negotiate()).api_version
            await transport.close()


async def test_tls_to_a_plain_port(demo_socket: str, certificates: Certificates) -> None:
    async with tcp_door(demo_socket) as door:
        error = await failure(door.url, tls_of(certificates))
    assert (error.kind, error.detail) == ("TLS", "that port does not speak TLS")
    assert "DOCKER_TLS_VERIFY" in error.hint


async def test_plain_http_to_a_tls_port(demo_socket: str, certificates: Certificates) -> None:
    async with tcp_door(demo_socket, certificates.server_context()) as door:
        error = await failure(door.url, None)
    assert "DOCKER_TLS_VERIFY" in error.hint


async def test_files_that_cannot_be_used_are_named(
    demo_socket: str, certificates: Certificates, tmp_path: Path
) -> None:
    garbage = tmp_path / "garbage.pem"
    garbage.write_text("no PEM")
    root = certificates.root
    cases: list[tuple[dict[str, str | bool], list[str]]] = [
        ({"ca": "none.pem"}, [f"{root}/none.pem is missing"]),
        ({"ca": str(garbage)}, [f"{garbage} holds no certificate"]),
        ({"ca": str(tmp_path)}, [str(tmp_path)]),
        ({"cert": str(garbage)}, [str(garbage), "no certificate and key"]),
        ({"key": ""}, ["the client key is missing", "client/key.pem"]),
        ({"cert": ""}, ["the client certificate is missing", "client/cert.pem"]),
        ({"key": "none.pem"}, [f"{root}/none.pem is missing"]),
        ({"key": "stranger-key.pem"}, ["stranger-key.pem is not that of the certificate"]),
        ({"key": "encrypted.pem"}, [f"the key {root}/encrypted.pem is encrypted"]),
    ]
    async with tcp_door(demo_socket, certificates.server_context()) as door:
        for changed, words in cases:
            transport = Transport(Endpoint(door.url, "test", tls=tls_of(certificates, **changed)))
            with pytest.raises(EndpointError) as caught:
                await transport.negotiate()
            await transport.close()
            for word in words:
                assert word in str(caught.value)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read any file")
async def test_a_key_that_may_not_be_read_is_named(certificates: Certificates, tmp_path: Path) -> None:
    key = tmp_path / "key.pem"
    key.write_bytes((certificates.folder / "key.pem").read_bytes())
    key.chmod(0)
    transport = Transport(Endpoint("tcp://127.0.0.1:1", "test", tls=tls_of(certificates, key=str(key))))
    with pytest.raises(EndpointError, match="may not be read"):
        await transport.negotiate()
    await transport.close()


async def test_renewed_files_are_read_at_the_next_attempt(demo_socket: str, certificates: Certificates) -> None:
    ca = certificates.root / "renewed.pem"
    ca.write_bytes((certificates.root / "other-ca.pem").read_bytes())
    async with tcp_door(demo_socket, certificates.server_context()) as door:
        transport = Transport(Endpoint(door.url, "test", tls=tls_of(certificates, ca="renewed.pem")))
        with pytest.raises(ConnectionFailed, match="no authority"):
            await transport.negotiate()
        ca.write_bytes((certificates.root / "ca.pem").read_bytes())
        assert (await transport.negotiate()).api_version
        async with transport.stream("GET", "/events") as answer:
            door.cut()
            with pytest.raises(ConnectionLost):
                assert not [chunk async for chunk in answer.chunks()]
        assert (await transport.negotiate()).api_version, "the line is made anew"
        await transport.close()


async def test_the_life_of_a_container_over_tls(engine_socket: str, certificates: Certificates) -> None:
    async with tcp_door(engine_socket, certificates.server_context()) as door, bench_on(engine_socket) as plain:
        over_tls = Transport(Endpoint(door.url, "test", tls=tls_of(certificates)))
        made = await plain.run("sleep", "1000")
        assert made.encode() in await over_tls.read("GET", f"/containers/{made}/json")
        await over_tls.read("POST", f"/containers/{made}/kill")
        await over_tls.close()
