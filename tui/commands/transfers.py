"""Pull and push, and the docker CLI's logins that both go with."""

from __future__ import annotations

import asyncio
import os
from shlex import quote

from tui.commands.command import Context
from tui.commands.job_history import start_job
from tui.commands.running import allowed
from tui.engine.credentials import Credentials, DockerLogins, UnreadableConfig, server_key
from tui.engine.endpoint import config_folder
from tui.engine.errors import EngineError
from tui.engine.login_store import LoginStore
from tui.jobs.push import PushJob
from tui.model.reference import DEFAULT_DOMAIN, check_registry, parse_reference, registry_host
from tui.present.units import size


async def pull(context: Context) -> None:
    """Open the pull form; on an image with its own reference, which pulls what is newer."""
    images = context.images
    reference = images[0].tags[0] if len(images) == 1 and images[0].tags else ""
    context.ui.open("pull", session=context.session, reference=reference)


async def login_words(registry: str) -> str:
    """Return in words which login a registry is spoken to with. Raises CredentialsError."""
    try:
        login = await DockerLogins().find(registry)
    except UnreadableConfig as error:
        return f"without a login: {error}"
    if login is None:
        return f"without a login ({login_line(registry)})"
    return f"as {login.username}" if login.username else "with an identity token"


def login_line(registry: str, username: str = "") -> str:
    """Return the docker line of a login; a password is never part of one."""
    user = f" --username {quote(username)} --password-stdin" if username else ""
    return f"docker login{user}" + ("" if registry == DEFAULT_DOMAIN else f" {quote(registry)}")


async def push(context: Context) -> None:
    """Push a tag of the image after asking: whatever has this tag in the registry loses it."""
    image, ui = context.images[0], context.ui
    tag: str | None = image.tags[0]
    if len(image.tags) > 1:
        options = [(each, each, parse_reference(each).domain) for each in image.tags]
        tag = await ui.choose(f"Push {image.short_id} as", options)
    if tag is None:
        return
    registry = parse_reference(tag).domain
    lines = [
        f"{tag}  ({size(image.size)})",
        f"to {registry}, {await login_words(registry)}",
        "whatever has this tag there now loses it",
    ]
    if await allowed(context, "always", f"Push {tag}?", lines, names=[tag], label="Push"):
        job = PushJob(context.session.engine, tag)
        start_job(context.session, job)
        ui.open("transfer", session=context.session, job=job)


async def log_in(context: Context, registry: str = "") -> None:
    """Ask for a registry, a name and a password, let the daemon try them, and keep them as the docker CLI does."""
    ui = context.ui
    first = registry or _registry_of(context)
    text = await ui.prompt("Log in to a registry", "Registry: HOST or HOST:PORT", first, check_registry)
    if text is None:
        return
    registry = registry_host(text)
    store = LoginStore(config_folder(os.environ))
    known = await DockerLogins().find(registry)
    user = await ui.prompt(f"Log in to {registry}", "Username", known.username if known else "", _check_user)
    if user is None:
        return
    label = f"Password or access token; kept in {await store.place(registry)}"
    password = await ui.prompt(f"Log in to {registry} as {user}", label, "", _check_password, secret=True)
    if password is None:
        return
    await ui.wait_for(
        f"Log in to {registry} as {user}",
        "waiting for the daemon, which asks the registry",
        _try_and_keep(context, store, registry, Credentials(user, password)),
    )


async def _try_and_keep(context: Context, store: LoginStore, registry: str, login: Credentials) -> None:
    session = context.session
    line = login_line(registry, login.username)
    entry = session.history.begin(line, session.name)
    try:
        answer = await session.engine.registries.log_in(server_key(registry), login.username, login.secret)
        token = answer.identity_token
        await store.keep(registry, login.username, Credentials("", token) if token else login)
    except EngineError as error:
        entry.close("failed", str(error))
        # of a registry that needs no TLS the daemon tells the last of its attempts alone, the one without
        hint = "\nis the password right? the daemon tells of its last attempt only" if "http://" in str(error) else ""
        context.ui.note(f"log in to {registry}: {error}{hint}", "error")
        return
    except asyncio.CancelledError:
        entry.close("cancelled")
        context.ui.note(f"log in to {registry}: given up, and no login was kept", "warning")
        raise
    entry.close("ok")
    context.ui.note(f"{answer.status or 'logged in'}: {registry}\n$ {line}")


def _registry_of(context: Context) -> str:
    tags = context.images[0].tags if context.images else ()
    return parse_reference(tags[0]).domain if tags else DEFAULT_DOMAIN


def _check_user(text: str) -> str | None:
    if not text:
        return "a name is needed"
    return "no name has a colon" if ":" in text else None


def _check_password(text: str) -> str | None:
    return None if text else "a password or a token is needed"


async def log_out(context: Context, registry: str = "") -> None:
    """Take a login away; the docker CLI does not find it any more either."""
    ui, store = context.ui, LoginStore(config_folder(os.environ))
    if not registry:
        options = [(name, name, where) for name, where in await store.known()]
        if not options:
            ui.note("no registry is logged in to")
            return
        chosen = await ui.choose("Log out of", options)
        if chosen is None:
            return
        registry = chosen
    line = "docker logout" + ("" if registry == DEFAULT_DOMAIN else f" {quote(registry)}")
    entry = context.session.history.begin(line, context.session.name)
    try:
        with entry.closed_by_failure():
            known = await store.forget(registry)
    except EngineError as error:
        ui.note(f"log out of {registry}: {error}", "error")
        return
    entry.close("ok")
    ui.note(f"$ {line}" if known else f"{registry}: there was no login")
