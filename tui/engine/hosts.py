"""The hosts there are: docker's contexts, hosts of the settings, and the sockets that are found on this machine."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import msgspec

from tui.engine.context_store import ContextStore, StoredContext
from tui.engine.endpoint import (
    Endpoint,
    context_endpoint,
    parse_endpoint,
    well_known,
)
from tui.engine.errors import EndpointError, EngineError
from tui.model.context_spec import DEFAULT, needs_no_tls
from tui.model.hosts import Host, Link


class Found(msgspec.Struct, frozen=True):
    """A host, where it listens (None while it can't be used), and its entry in docker's store if it has one."""

    host: Host
    endpoint: Endpoint | None = None
    stored: StoredContext | None = None


class Named(msgspec.Struct, frozen=True):
    """A host that something besides docker's contexts names: `source` says in words what.

    `endpoint` is there where it is more than its URL says, as of a host that is connected already.
    """

    name: str
    url: str
    source: str
    endpoint: Endpoint | None = None


class Listing(msgspec.Struct, frozen=True):
    """The hosts there are, and what of docker's own files could not be read for it."""

    found: tuple[Found, ...] = ()
    problem: str = ""


def find_hosts(env: Mapping[str, str], named: Sequence[Named] = ()) -> Listing:
    """Return docker's contexts (the default one first), then the `named` ones, then the sockets of this machine.

    A socket that one of them leads to already is not told twice. Reads files: call it in a thread.
    """
    problems: list[str] = []
    try:
        current = current_name(env)
    except EngineError as error:
        current = ""
        problems.append(f"{error} ({error.hint})" if error.hint else str(error))
    found = [_default(env, current)]
    try:
        found += _contexts(env, current)
    except EngineError as error:
        problems.append(str(error))
    if current and current not in {each.host.name for each in found}:
        found.append(_missing(current, env))
    told = {each.endpoint.url for each in found if each.endpoint}
    for each in map(_named, named):
        if each.endpoint is None or each.endpoint.url not in told:
            found.append(each)
            told.add(each.host.url)
    for endpoint in well_known(env):
        if endpoint.url not in told and Path(endpoint.socket_path or "").is_socket():
            host = Host(endpoint.url, "socket", endpoint.source, endpoint.url, "found on this machine", link="local")
            found.append(Found(host, endpoint))
    return Listing(tuple(found), "; ".join(problems))


def current_name(env: Mapping[str, str]) -> str:
    """Return the context that docker uses without any option: with DOCKER_HOST the default one.

    Raises:
        ContextError: config.json can't be read.
    """
    if env.get("DOCKER_HOST"):
        return DEFAULT
    return env.get("DOCKER_CONTEXT") or ContextStore.of(env).current()


def _default(env: Mapping[str, str], current: str) -> Found:
    source = "DOCKER_HOST" if env.get("DOCKER_HOST") else "docker's default socket"
    tls = bool(env.get("DOCKER_TLS_VERIFY") or env.get("DOCKER_TLS"))
    try:
        endpoint = context_endpoint(DEFAULT, source, env)
    except EngineError as error:
        url = env.get("DOCKER_HOST", "")
        return Found(_unusable(Host(DEFAULT, "default", DEFAULT, url, source, current=current == DEFAULT), error))
    link = _link(endpoint.url, tls=tls, skip=tls and not env.get("DOCKER_TLS_VERIFY"))
    return Found(
        Host(DEFAULT, "default", DEFAULT, endpoint.url, source, link=link, current=current == DEFAULT), endpoint
    )


def _contexts(env: Mapping[str, str], current: str) -> Iterator[Found]:
    for stored in ContextStore.of(env).contexts():
        spec, endpoint = stored.spec, _endpoint(stored, env)
        host = Host(
            f"context:{stored.folder}",
            "context",
            stored.name,
            endpoint.url if isinstance(endpoint, Endpoint) else spec.host,
            "docker context",
            spec.description,
            _link(spec.host, tls=stored.has_tls, skip=spec.skip_tls_verify),
            warning=_warning(stored),
            current=stored.name == current and not stored.problem,
        )
        if isinstance(endpoint, Endpoint):
            yield Found(host, endpoint, stored)
        else:
            yield Found(_unusable(host, endpoint), None, stored)


def _endpoint(stored: StoredContext, env: Mapping[str, str]) -> Endpoint | EngineError:
    """Where a context leads, or why it can't be used."""
    if stored.problem:
        return EndpointError(stored.problem)
    try:
        return context_endpoint(stored.name, "context", env)
    except EngineError as error:
        return error


def _warning(stored: StoredContext) -> str:
    spec = stored.spec
    if bool(spec.cert) != bool(spec.key):
        missing, there = ("key.pem", "cert.pem") if spec.cert else ("cert.pem", "key.pem")
        return f"it has {there} and no {missing}: docker sends no client certificate"
    if spec.host.startswith("tcp://") and spec.skip_tls_verify:
        return "the daemon's certificate is not verified: whoever is in between can read and change everything"
    if stored.has_tls and needs_no_tls(spec.host):
        return "it has TLS files that are not used"
    if spec.key and _is_open(spec.key):
        return f"other users can read its key: chmod 600 {spec.key}"
    return ""


def _is_open(path: str) -> bool:
    try:
        return bool(os.stat(path).st_mode & 0o077)
    except OSError:
        return False


def _missing(name: str, env: Mapping[str, str]) -> Found:
    """The current context that is not there, as `docker context ls` shows it too."""
    source = "DOCKER_CONTEXT" if env.get("DOCKER_CONTEXT") else "config.json"
    error = EndpointError(f"{source} names it as the current context, and there is none of that name")
    return Found(_unusable(Host(f"missing:{name}", "missing", name, "", source, current=True), error))


def _named(named: Named) -> Found:
    name, url = named.name, named.url
    host = Host(f"named:{name}", "named", name, url, named.source, link=_link(url, tls=False, skip=False))
    try:
        endpoint = named.endpoint or parse_endpoint(url, named.source, name)
    except EngineError as error:
        return Found(_unusable(host, error))
    return Found(msgspec.structs.replace(host, url=endpoint.url), endpoint)


def _unusable(host: Host, error: EngineError) -> Host:
    """The host with the reason why it is not."""
    return msgspec.structs.replace(host, problem=str(error), hint=error.hint)


def _link(url: str, *, tls: bool, skip: bool) -> Link:
    if needs_no_tls(url):
        return "ssh" if url.startswith("ssh://") else "local"
    if not url:
        return ""
    if tls or skip or url.startswith("https://"):
        return "TLS unverified" if skip else "TLS"
    return "plain"


def aliases(url: str, env: Mapping[str, str]) -> list[str]:
    """Return the names of the contexts that lead to a URL; none where docker's contexts can't be read."""
    try:
        contexts = ContextStore.of(env).contexts()
    except EngineError:
        return []
    found = [(stored.name, _endpoint(stored, env)) for stored in contexts]
    return [name for name, endpoint in found if isinstance(endpoint, Endpoint) and endpoint.url == url]
