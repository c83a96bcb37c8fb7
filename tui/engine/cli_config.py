"""The docker CLI's config.json: its current context and its logins, changed with not another byte of it changed."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, NoReturn, cast

from tui.engine.errors import ContextError
from tui.engine.safe_files import one_writer, read_regular, replace_file

KEY = "currentContext"
AUTHS = "auths"
MOST_BYTES = 10_000_000

_SPACE = re.compile(r"[ \t\r\n]*")


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON value")


_DECODER = json.JSONDecoder(parse_constant=_no_constant)


class _Member(NamedTuple):
    """A member of the outermost object: its key, and where the key begins, the value begins and the value ends."""

    key: str
    start: int
    value: int
    end: int


def current_context(folder: Path) -> str:
    """Return the context that config.json in the docker CLI's folder names; "default" when it names none.

    Raises:
        ContextError: the file is there and can't be read.
    """
    _, content = _read(folder / "config.json")
    name = content.get(KEY) or "default"
    if not isinstance(name, str):
        raise _broken(folder / "config.json", f"{KEY} is not a text")
    return name


def check_config(folder: Path) -> None:
    """Raise ContextError where the file is there and can't be read."""
    _read(folder / "config.json")


def set_current_context(folder: Path, name: str) -> None:
    """Make `name` the current context; "default" takes the entry away, as `docker context use default` does.

    Raises:
        ContextError: the file is not JSON (then it is left as it is), or cannot be written.
    """
    path = folder / "config.json"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with one_writer(folder):
            before, content = _read(path)
            value = None if name == "default" else name
            if value == content.get(KEY):
                return
            after = with_member(before, KEY, value)
            wanted = {key: each for key, each in content.items() if key != KEY} | ({KEY: value} if value else {})
            if _parse(after) != wanted:  # never seen, and never to be: a credential might go
                raise _broken(path, "it can't be changed safely")
            replace_file(path, after.encode(), mode=0o600)
    except ValueError as error:
        raise _broken(path, str(error)) from None
    except OSError as error:
        raise ContextError(f"{path}: {error.strerror or error}", "the current context is still the old one") from None


def _read(path: Path) -> tuple[str, dict[str, Any]]:
    """The text of the file and what it means; an absent or empty file is as good as an empty object, to docker too."""
    try:
        text = read_regular(path, MOST_BYTES).decode()
        return (text, _parse(text)) if text.strip() else ("{}", {})
    except FileNotFoundError:
        return "{}", {}
    except OSError as error:
        raise ContextError(f"{path}: {error.strerror or error}", "docker can't read it either") from None
    except (ValueError, RecursionError) as error:
        raise _broken(path, "nested too deeply" if isinstance(error, RecursionError) else str(error)) from None


def _parse(text: str) -> dict[str, Any]:
    content: object = json.loads(text, parse_constant=_no_constant)
    if not isinstance(content, dict):
        raise ValueError("it is not a JSON object")
    return cast("dict[str, Any]", content)


def _broken(path: Path, reason: str) -> ContextError:
    return ContextError(f"{path}: {reason}", "repair or remove it; it was left as it is")


def change_login(folder: Path, server: str, entry: Mapping[str, str] | None, *, also: Sequence[str] = ()) -> bool:
    """Set the entry of `auths` under `server`, or with None take it away, and those under `also` in any case.

    Returns whether the file is another one now.

    Raises:
        ContextError: the file is not JSON (then it is left as it is), or cannot be written.
    """
    path = folder / "config.json"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with one_writer(folder):
            before, content = _read(path)
            known: object = {} if content.get(AUTHS) is None else content[AUTHS]
            if not isinstance(known, dict):
                raise _broken(path, f"{AUTHS} is not an object")
            auths = cast("dict[str, object]", known)
            gone = [key for key in (server, *also) if key in auths and (key != server or entry is None)]
            if entry is None and not gone:
                return False
            after = _with_logins(before, gone, server, entry)
            wanted = {key: each for key, each in auths.items() if key not in gone}
            if entry is not None:
                wanted[server] = dict(entry)
            if _parse(after) != {**content, AUTHS: wanted}:  # never seen, and never to be: a credential might go
                raise _broken(path, "it can't be changed safely")
            replace_file(path, after.encode(), mode=0o600)
            return True
    except ValueError as error:
        raise _broken(path, str(error)) from None
    except OSError as error:
        raise ContextError(f"{path}: {error.strerror or error}", "the logins are still the old ones") from None


def _with_logins(text: str, gone: Sequence[str], server: str, entry: Mapping[str, str] | None) -> str:
    """Return the file with other members in its object `auths`, which is made where there is none."""
    found = [member for member in _members(text)[1] if member.key == AUTHS]
    auths = text[found[-1].value : found[-1].end] if found else "{}"
    if not auths.startswith("{"):
        auths = "{}"  # null
    for key in gone:
        auths = with_member(auths, key, None)
    if entry is not None:
        # laid out as the CLI lays it out, which writes the whole file anew
        new = json.dumps(dict(entry), indent="\t").replace("\n", "\n\t\t")
        is_empty = not _members(auths)[1]
        auths = f"{{\n\t\t{json.dumps(server)}: {new}\n\t}}" if is_empty else _with_value(auths, server, new)
    return _with_value(text, AUTHS, auths)


def login_helper(folder: Path, server: str) -> object:
    """Return the credential helper that the configuration names for a server, as it stands there; None for none.

    Raises:
        ContextError: the file is there and can't be read.
    """
    _, content = _read(folder / "config.json")
    helpers: object = content.get("credHelpers")
    own = cast("dict[str, object]", helpers).get(server) if isinstance(helpers, dict) else None
    return own or content.get("credsStore")


def login_servers(folder: Path) -> list[str]:
    """Return the servers that the configuration has a login or a helper of their own for.

    Raises:
        ContextError: the file is there and can't be read.
    """
    _, content = _read(folder / "config.json")
    found: list[str] = []
    for key in (AUTHS, "credHelpers"):
        part: object = content.get(key)
        found += list(cast("dict[str, object]", part)) if isinstance(part, dict) else []
    return found


def with_member(text: str, key: str, value: str | None) -> str:
    """Return the JSON object `text` with one member set, or with None taken away; all else stays, to the blank."""
    if value is not None:
        return _with_value(text, key, json.dumps(value))
    _, members = _members(text)
    found = [member for member in members if member.key == key]
    return with_member(_without(text, members, found[-1]), key, None) if found else text


def _with_value(text: str, key: str, new: str) -> str:
    """Return the JSON object `text` with one member set to the JSON text `new`."""
    opening, members = _members(text)
    found = [member for member in members if member.key == key]
    if found:
        for member in reversed(found):
            text = text[: member.value] + new + text[member.end :]
        return text
    pair = f"{json.dumps(key)}: {new}"
    if not members:
        return f"{text[:opening]}\n\t{pair}\n{text[_space(text, opening) :]}"
    last = members[-1].end
    return f"{text[:last]},{text[opening : members[0].start]}{pair}{text[last:]}"


def _without(text: str, members: list[_Member], member: _Member) -> str:
    at = members.index(member)
    if at:
        return text[: members[at - 1].end] + text[member.end :]
    following = members[1].start if len(members) > 1 else member.end
    return text[: member.start] + text[following:]


def _members(text: str) -> tuple[int, list[_Member]]:
    """Where the outermost object of a valid JSON text begins (after its brace), and its members."""
    opening = _space(text, 0) + 1
    members: list[_Member] = []
    at = _space(text, opening)
    while text[at] != "}":
        key, end = _DECODER.raw_decode(text, at)
        value = _space(text, _space(text, end) + 1)  # after the colon
        _, after = _DECODER.raw_decode(text, value)
        members.append(_Member(key, at, value, after))
        at = _space(text, after)
        if text[at] == ",":
            at = _space(text, at + 1)
    return opening, members


def _space(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found else at
