"""The `docker run` line: read into a spec with each fault at its place, and written from a spec."""

import re
import shlex
from collections.abc import Callable, Iterable, Sequence
from typing import Final

import msgspec

from tui.model.run_flags import FLAGS, LETTERS, REFUSED, SPELLINGS, Flag, nearest
from tui.model.run_spec import RunSpec, run_spec
from tui.model.shell_line import Problem, Word, split_line

_PROGRAMS: Final = ("docker", "podman", "nerdctl")
_GLOBAL_VALUES: Final = ("-H", "--host", "-c", "--context", "-l", "--log-level", "--config", "--tlscacert", "--tlscert",
                         "--tlskey", "--url", "--connection", "-n", "--namespace")  # fmt: skip
_SUDO_VALUES: Final = ("-u", "--user", "-g", "--group", "-h", "--host", "-p", "--prompt", "-C", "-D", "-r", "-t")
_TRUE: Final = ("1", "t", "T", "true", "TRUE", "True")
_FALSE: Final = ("0", "f", "F", "false", "FALSE", "False")
_ASSIGNMENT: Final = re.compile(r"[A-Za-z_]\w*=.*", re.DOTALL)
_PROMPT: Final = re.compile(r"(?m)^([ \t]*[$#>%][ \t]+)(?=(?:sudo[ \t]+)?(?:docker|podman|nerdctl)[ \t])")
_LOOKS: Final = re.compile(r"(?:^|[\s;&|])(?:\S*/)?(?:docker|podman|nerdctl)\s(?:[^\n]*\s)?(?:run|create)(?:\s|$)")


class ParsedLine(msgspec.Struct, frozen=True):
    """What a line asks for, as far as it was understood (None: it runs nothing), and what was noticed, in order."""

    spec: RunSpec | None
    problems: tuple[Problem, ...]


def looks_like_run(text: str) -> bool:
    """Returns whether a text is probably a `docker run` line."""
    return _LOOKS.search(text[:20_000].replace("\\\n", " ")) is not None


def parse_run_line(text: str) -> ParsedLine:
    """Returns what a `docker run` line asks for. Nothing in it is run or expanded.

    It may go over several lines, with `sudo`, `podman`, `docker container run` or `docker create`, a prompt before it,
    and other commands around it, which are left out.
    """
    bare = _PROMPT.sub(lambda found: " " * len(found[1]), text)
    split = split_line(bare)
    found: list[Problem] = list(split.problems)
    spec: RunSpec | None = None
    for words in split.commands:
        arguments = None if spec is not None else _arguments(words, found)
        if arguments is None:
            found.append(_left_out(text, words, spec))
            continue
        spec = _Reader(arguments, words[-1].end, found).read()
    if spec is None:
        found.append(Problem(0, len(text), "there is no docker run in it: docker run [OPTIONS] IMAGE [COMMAND]"))
    return ParsedLine(spec, tuple(sorted(found, key=lambda problem: (problem.start, problem.end))))


def _left_out(text: str, words: Sequence[Word], spec: RunSpec | None) -> Problem:
    start, end = words[0].start, words[-1].end
    what = "a second command" if spec is not None else "it is no docker run"
    shown = text[start:end].partition("\n")[0]
    return Problem(start, end, f"{shown[:60]}{' …' if len(shown) > 60 else ''} is left out: {what}", fatal=False)


def _arguments(words: Sequence[Word], found: list[Problem]) -> Sequence[Word] | None:
    """Returns the words behind `docker run`, or None for another command. What stands before it is told."""
    at = 0
    told: list[Problem] = []
    while at < len(words) and _ASSIGNMENT.fullmatch(words[at].text):
        told.append(_told(words[at], "is a shell's: left out"))
        at += 1
    if at < len(words) and words[at].text in ("sudo", "doas"):
        at += 1
        while at < len(words) and (words[at].text.startswith("-") or _ASSIGNMENT.fullmatch(words[at].text)):
            at += 2 if words[at].text in _SUDO_VALUES else 1
    if at >= len(words) or words[at].text.rpartition("/")[2] not in _PROGRAMS:
        return None
    at += 1
    while at < len(words) and words[at].text.startswith("-"):
        told.append(_told(words[at], "is left out: it runs on the host that is shown here"))
        at += 2 if words[at].text in _GLOBAL_VALUES else 1
    if at < len(words) and words[at].text == "container":
        at += 1
    if at >= len(words) or words[at].text not in ("run", "create"):
        return None
    found += told
    return words[at + 1 :]


def _told(word: Word, what: str) -> Problem:
    return Problem(word.start, word.end, f"{word.text} {what}", fatal=False)


class _Reader:
    """Reads options as the docker CLI does: they end at the first word that is none."""

    def __init__(self, words: Sequence[Word], end: int, found: list[Problem]) -> None:
        self._words = words
        self._end = end
        self._found = found
        self._at = 0
        self._options: dict[str, list[str]] = {}
        self._places: dict[str, Word] = {}

    def read(self) -> RunSpec:
        while self._at < len(self._words):
            word = self._words[self._at]
            if word.text == "--":
                self._at += 1
                break
            if not word.text.startswith("-") or word.text == "-":
                break
            self._at += 1
            if word.text.startswith("--"):
                self._long(word)
            else:
                self._letters(word)
        rest = self._words[self._at :]
        if not rest:
            self._found.append(Problem(self._end, self._end, "the image is missing: docker run [OPTIONS] IMAGE"))
            return run_spec("", (), self._given())
        return run_spec(rest[0].text, tuple(word.text for word in rest[1:]), self._given())

    def _given(self) -> dict[str, tuple[str, ...]]:
        return {name: tuple(values) for name, values in self._options.items()}

    def _problem(self, word: Word, message: str, *, fatal: bool = True) -> None:
        self._found.append(Problem(word.start, word.end, message, fatal))

    def _long(self, word: Word) -> None:
        spelling, equals, value = word.text.partition("=")
        flag = SPELLINGS.get(spelling)
        if flag is not None:
            self._option(flag, word, value if equals else None)
        elif spelling in REFUSED:
            self._refused(spelling, word, given=bool(equals))
        else:
            self._unknown(word, spelling, given=bool(equals))

    def _letters(self, word: Word) -> None:
        """A word such as `-d`, `-it`, `-p80:80` or `-itp 80:80`."""
        letters = word.text[1:]
        while letters:
            letter, letters = letters[0], letters[1:]
            flag = LETTERS.get(letter)
            if flag is None and f"-{letter}" in REFUSED:
                self._refused(f"-{letter}", word, given=False)
            elif flag is None:
                self._unknown(word, f"-{letter}", given=True)
                return
            elif flag.takes_value or letters.startswith("="):
                self._option(flag, word, letters.removeprefix("=") if letters else None)
                return
            else:
                self._option(flag, word, None)

    def _refused(self, spelling: str, word: Word, *, given: bool) -> None:
        takes_value, why = REFUSED[spelling]
        self._problem(word, f"{spelling} is left out: it {why}", fatal=False)
        if takes_value and not given:
            self._at += 1

    def _unknown(self, word: Word, spelling: str, *, given: bool) -> None:
        near = nearest(spelling) if spelling.startswith("--") else None
        guess = f": did you mean --{near.name}?" if near else ": docker run has no such option"
        self._problem(word, f"{spelling} is unknown{guess}")
        if not given and (near.takes_value if near is not None else self._value_follows()):
            self._at += 1

    def _value_follows(self) -> bool:
        """Whether the next word is rather the value of an option that nobody knows than the image."""
        following = [word.text for word in self._words[self._at : self._at + 2]]
        return len(following) == 2 and not following[0].startswith("-") and following[1].startswith("-")

    def _option(self, flag: Flag, word: Word, value: str | None) -> None:
        if not flag.takes_value:
            self._switch(flag, word, value)
            return
        if value is None:
            if self._at >= len(self._words):
                self._problem(word, f"{word.text} needs a value")
                return
            word = self._words[self._at]
            value = word.text
            self._at += 1
        self._give(flag, word, value)

    def _switch(self, flag: Flag, word: Word, value: str | None) -> None:
        if value is None or value in _TRUE:
            self._give(flag, word, "true")
        elif value in _FALSE:
            self._options.pop(flag.name, None)
            if flag.kind == "either":
                self._give(flag, word, "false")
        else:
            self._problem(word, f"--{flag.name} is on or off: {value!r} is neither true nor false")

    def _give(self, flag: Flag, word: Word, value: str) -> None:
        if flag.kind == "list":
            if not value.strip():
                self._problem(word, f"--{flag.name} needs a value")
                return
            self._options.setdefault(flag.name, []).append(value)
        else:
            if flag.name in self._places:
                before = f", first as {self._places[flag.name].text!r}" if flag.takes_value else ""
                self._problem(word, f"--{flag.name} is given twice{before}: the last one counts", fatal=False)
            if value or flag.name == "entrypoint":
                self._options[flag.name] = [value]
            else:
                self._options.pop(flag.name, None)
        self._places[flag.name] = word
        wrong = flag.check(value) if flag.check is not None and value else None
        if wrong:
            self._problem(word, f"--{flag.name}: {wrong}")


# from a spec to the line


def run_words(spec: RunSpec, *, hide: Callable[[str, str], bool] | None = None) -> list[str]:
    """Returns the options, the image and the command, as words behind `docker run`.

    `hide` tells of a variable's name and value whether `***` stands for the value.
    """
    words: list[str] = []
    for name, flag in FLAGS.items():
        for value in spec.options.get(name, ()):
            words += _flag_words(flag, _hidden(name, value, hide))
    # a word that begins with a dash would be read as an option
    return [*words, *(["--"] if spec.image.startswith("-") else []), spec.image, *spec.command]


def _flag_words(flag: Flag, value: str) -> list[str]:
    if not flag.takes_value:
        return [flag.spelling if value == "true" else f"{flag.spelling}={value}"]
    return [f"--{flag.name}={value}"] if not value or value.startswith("-") else [flag.spelling, value]


def _hidden(name: str, value: str, hide: Callable[[str, str], bool] | None) -> str:
    key, equals, setting = value.partition("=")
    secret = hide is not None and name in ("env", "label", "log-opt") and equals and hide(key, setting)
    return f"{key}=***" if secret else value


def docker_line(
    spec: RunSpec, *, hide: Callable[[str, str], bool] | None = None, command: Sequence[str] = ("docker", "run")
) -> str:
    """Returns the equal `docker run` line, quoted for a shell; see `run_words`. `docker create` takes no --detach."""
    if tuple(command[-1:]) == ("create",):
        options = {name: values for name, values in spec.options.items() if name != "detach"}
        spec = msgspec.structs.replace(spec, options=options)
    return shlex.join([*command, *run_words(spec, hide=hide)])


def option_lines(spec: RunSpec, names: Iterable[str]) -> list[str]:
    """Returns the options with these names, one a line, each as a shell takes it; `parse_option_line` reads it."""
    return [
        shlex.join(_flag_words(FLAGS[name], value))
        for name in FLAGS
        if name in set(names)
        for value in spec.options.get(name, ())
    ]


def parse_option_line(text: str) -> tuple[dict[str, tuple[str, ...]], str | None]:
    """Returns the options of a line that holds nothing but options, and what is wrong with it, or None."""
    split = split_line(text)
    words = [word for command in split.commands for word in command]
    found = [problem for problem in split.problems if problem.fatal]
    reader = _Reader([*words, Word("image", len(text), len(text))], len(text), found)
    spec = reader.read()
    if spec.command:
        found.append(Problem(0, len(text), f"{spec.image!r} is no option: write --OPTION=VALUE"))
    return dict(spec.options), found[0].message if found else None
