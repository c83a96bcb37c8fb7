"""Completion scripts for bash, zsh and fish, made from the parser of the command line, so that they cannot differ."""

import argparse
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

THEMES = Path(__file__).resolve().parent.parent / "themes"
LISTS = {
    "context": "docker context ls --format '{{.Name}}' 2>/dev/null",
    "group": "hythe completion groups 2>/dev/null",
}
"""What prints the words that complete a value, one a line, by what the value is."""


@dataclass(frozen=True)
class Option:
    """One option: its flags, its help, whether a value follows, and what completes that value.

    `values` are words; `complete` is "file", a key of LISTS or empty; one that is `repeated` may be given again.
    """

    flags: tuple[str, ...]
    help: str
    takes_value: bool
    values: tuple[str, ...] = ()
    complete: str = ""
    repeated: bool = False


@dataclass(frozen=True)
class Verb:
    """The command line without a verb (name is empty) or one verb, with its options and the words that may follow."""

    name: str
    help: str
    options: tuple[Option, ...]
    words: tuple[tuple[str, str], ...] = ()


def completion_script(shell: str, parser: argparse.ArgumentParser) -> str:
    """The script for *shell*: bash, zsh or fish."""
    verbs = list(describe(parser))
    return {"bash": _bash, "zsh": _zsh, "fish": _fish}[shell](verbs)


def describe(parser: argparse.ArgumentParser) -> Iterator[Verb]:
    """The parser's own options first, then each of its verbs."""
    actions = parser._actions  # pyright: ignore[reportPrivateUsage] argparse has no other way to list them
    choices: dict[str, argparse.ArgumentParser] = {}
    helps: dict[str, str] = {}
    words: list[tuple[str, str]] = []
    for action in actions:
        if isinstance(action, argparse._SubParsersAction):  # pyright: ignore[reportPrivateUsage]
            verbs = cast("argparse._SubParsersAction[argparse.ArgumentParser]", action)  # pyright: ignore[reportPrivateUsage]
            choices = dict(verbs.choices)
            helps = {each.dest: each.help or "" for each in verbs._choices_actions}  # pyright: ignore[reportPrivateUsage]
            words += helps.items()
        elif not action.option_strings and action.choices:
            words += [(str(choice), "") for choice in action.choices]
    options = tuple(_option(action) for action in actions if action.option_strings)
    yield Verb("", parser.description or "", options, tuple(words))
    for name, sub in choices.items():
        inner = next(describe(sub))
        yield Verb(name, helps[name], inner.options, inner.words)


def _option(action: argparse.Action) -> Option:
    values: tuple[str, ...] = ()
    complete = ""
    if action.dest == "theme":
        values = tuple(sorted(path.stem for path in THEMES.glob("*.toml")))
    elif action.dest == "contexts":
        complete = "context"
    elif action.dest == "groups":
        complete = "group"
    elif action.metavar in ("FILE", "PATH"):
        complete = "file"
    help = str(cast("Any", action).help or "").replace("%%", "%")  # argparse would make one of two
    repeated = isinstance(action, argparse._AppendAction)  # pyright: ignore[reportPrivateUsage]
    return Option(tuple(action.option_strings), help, action.nargs != 0, values, complete, repeated)


def _valued(verbs: list[Verb]) -> str:
    """The flags of the command line without a verb that a value follows: that is no verb, whatever it is."""
    options = (option for verb in verbs if not verb.name for option in verb.options)
    return "|".join(flag for option in options if option.takes_value for flag in option.flags)


def _bash(verbs: list[Verb]) -> str:
    cases: list[str] = []
    for verb in verbs:
        name = verb.name or "''"
        for option in verb.options:
            if option.takes_value:
                pattern = "|".join(f"{name}:{flag}" for flag in option.flags)
                cases.append(f"        {pattern}) {_bash_value(option)} return ;;")
    words = [
        f"        {verb.name or chr(39) * 2}) words={shlex.quote(' '.join(_all_words(verb)))} ;;" for verb in verbs
    ]
    names = "|".join(verb.name for verb in verbs if verb.name)
    return "\n".join(
        (
            "# bash completion for hythe",
            "_hythe() {",
            "    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]}",
            "    local verb= words= word= before=",
            '    for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do',
            f"        case $before in {_valued(verbs)}) before=; continue ;; esac",
            f"        case $word in {names}) verb=$word; break ;; esac",
            "        before=$word",
            "    done",
            "    COMPREPLY=()",
            "    case $verb:$previous in",
            *cases,
            "    esac",
            "    case $verb in",
            *words,
            "    esac",
            '    COMPREPLY=($(compgen -W "$words" -- "$current"))',
            "}",
            "complete -F _hythe hythe",
            "",
        )
    )


def _bash_value(option: Option) -> str:
    if option.complete == "file":
        # a line each: names may have blanks in them
        read = 'while IFS= read -r word; do COMPREPLY+=("$word"); done < <(compgen -f -- "$current");'
        return f"compopt -o filenames 2>/dev/null; {read}"
    if listed := LISTS.get(option.complete):
        add = 'COMPREPLY+=("$(printf %q "$word")")'
        return f'while IFS= read -r word; do [[ $word == "$current"* ]] && {add}; done < <({listed});'
    return f'COMPREPLY=($(compgen -W {shlex.quote(" ".join(option.values))} -- "$current"));'


def _all_words(verb: Verb) -> list[str]:
    return [flag for option in verb.options for flag in option.flags] + [word for word, _ in verb.words]


def _zsh(verbs: list[Verb]) -> str:
    blocks: list[str] = []
    for verb in verbs:
        lines = [f"            {shlex.quote(spec)} \\" for option in verb.options for spec in _zsh_specs(option)]
        words = " ".join(shlex.quote(f"{word}\\:{_zsh_text(text)}" if text else word) for word, text in verb.words)
        last = f"            {shlex.quote('1:word:((' + words + '))')}" if words else "            && return"
        name = verb.name or "''"
        blocks.append("\n".join((f"        {name})", "            _arguments -s \\", *lines, last, "            ;;")))
    names = "|".join(verb.name for verb in verbs if verb.name)
    return "\n".join(
        (
            "#compdef hythe",
            "_hythe() {",
            "    local verb= word before= at=1",
            '    for word in "${(@)words[2,CURRENT-1]}"; do',
            "        (( at++ ))",
            f"        case $before in ({_valued(verbs)}) before=; continue ;; esac",
            f"        case $word in ({names}) verb=$word; break ;; esac",
            "        before=$word",
            "    done",
            '    [[ -n $verb ]] && { words=("${(@)words[at,-1]}"); (( CURRENT -= at - 1 )); }',
            "    case $verb in",
            *blocks,
            "    esac",
            "}",
            "if [[ ${funcstack[1]-} = _hythe ]]; then _hythe; else compdef _hythe hythe; fi",
            "",
        )
    )


def _zsh_text(text: str) -> str:
    return text.replace("\\", "").replace("'", "").replace(":", "\\:").replace("[", "(").replace("]", ")")


def _zsh_specs(option: Option) -> Iterator[str]:
    value = ""
    if option.takes_value:
        name = option.flags[-1].lstrip("-")
        lists = {name: f"($({command}))" for name, command in LISTS.items()}
        action = {"file": "_files", **lists}.get(option.complete, f"({' '.join(option.values)})")
        value = f":{name}:{action if action != '()' else ' '}"
    for flag in option.flags:
        yield f"{'*' if option.repeated else ''}{flag}[{_zsh_text(option.help)}]{value}"


def _fish(verbs: list[Verb]) -> str:
    names = " ".join(verb.name for verb in verbs if verb.name)
    lines = ["# fish completion for hythe", "complete -c hythe -f"]
    for verb in verbs:
        seen = f"__fish_seen_subcommand_from {verb.name or names}"
        condition = f"-n {shlex.quote(seen if verb.name else 'not ' + seen)}"
        for option in verb.options:
            flags = " ".join(f"-l {flag[2:]}" if flag.startswith("--") else f"-s {flag[1:]}" for flag in option.flags)
            lines.append(f"complete -c hythe {condition} {flags}{_fish_value(option)} -d {_fish_text(option.help)}")
        for word, text in verb.words:
            about = f" -d {_fish_text(text)}" if text else ""
            lines.append(f"complete -c hythe {condition} -a {word}{about}")
    return "\n".join((*lines, ""))


def _fish_text(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def _fish_value(option: Option) -> str:
    if not option.takes_value:
        return ""
    if option.complete == "file":
        return " -r -F"
    listed = LISTS.get(option.complete)
    words = f"({listed})" if listed else " ".join(option.values)
    return f" -x -a {_fish_text(words)}" if words else " -x"
