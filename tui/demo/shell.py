"""A pretend shell: it runs a few built-in commands on a tree of files in memory, and no program at all."""

import re
from collections.abc import Callable, Iterator, Mapping

from tui.demo import layers
from tui.demo.clock import NS
from tui.demo.layers import Node, Tree
from tui.demo.programs import STDERR, STDOUT, Step
from tui.demo.shell_words import (
    Branch,
    Command,
    ForEach,
    Group,
    Loop,
    Pipe,
    Sequence,
    ShellSyntaxError,
    Simple,
    parse,
)

# What one turn of a loop costs, so that a loop without a sleep doesn't run for ever in no time.
_TURN_NS = 1_000_000
_VARIABLE = re.compile(r"\$(?:\{(\w+)(?::?-([^}]*))?\}|(\w+)|([?$#@*]))")

Out = Iterator[Step]


class Exit(Exception):
    """The script ends here."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class Shell:
    """One shell: its time, variables, folder, and the files it changed (None for a removed one)."""

    def __init__(self, root: Tree, env: Mapping[str, str], cwd: str = "/", *, unknown_is_fine: bool = False) -> None:
        self.root = root
        self.env = dict(env)
        self.cwd = cwd or "/"
        self.changed: dict[str, Node | None] = {}
        self.now_ns = 0
        self.wall_ns = 0
        self.status = 0
        self.unknown_is_fine = unknown_is_fine
        self.hostname = "localhost"
        self.stdin = b""
        self.arguments: list[str] = []
        self.pid = 1
        self.kill: Callable[[int, str], bool] = lambda _pid, _signal: True
        """Sends the process of that number a signal, by its name; returns whether there is one."""
        self.processes: Callable[[], str] = lambda: ""
        """Lists the processes around it, as ps prints them; nothing where it is alone."""

    # Files

    def resolve(self, path: str) -> str:
        """Return the key of a path in the tree."""
        return layers.clean(path if path.startswith("/") else f"{self.cwd}/{path}")

    def look(self, path: str) -> Node | None:
        """Return a file or folder, links followed; None when there is none."""
        key = self.resolve(path)
        for _ in range(8):
            if not key:
                return layers.folder()
            node = self.changed[key] if key in self.changed else self.root.get(key)
            if node is None or node.kind != "link":
                break
            folder = "/" + key.rpartition("/")[0]
            key = layers.clean(node.target if node.target.startswith("/") else f"{folder}/{node.target}")
        else:
            return None
        if node is None and any(k.startswith(key + "/") for k in self.all_paths()):
            return layers.folder()
        return node

    def all_paths(self) -> list[str]:
        """Return every path there is, sorted."""
        return sorted({*self.root, *self.changed} - {k for k, v in self.changed.items() if v is None})

    def write(self, path: str, data: bytes, *, append: bool = False) -> bool:
        """Write a file; return False when its folder is missing or it is a folder."""
        key = self.resolve(path)
        if key.startswith("dev/"):
            return True
        parent = key.rpartition("/")[0]
        old = self.look("/" + key)
        if (parent and self.look("/" + parent) is None) or (old is not None and old.kind == "dir"):
            return False
        before = old.data if append and old is not None else b""
        self.changed[key] = Node(data=before + data, mode=old.mode if old else 0o644, mtime=self.seconds())
        return True

    def seconds(self) -> int:
        """Return the time of day in seconds since the epoch."""
        return (self.wall_ns + self.now_ns) // NS

    # Words

    def expand(self, word: str) -> list[str]:
        """Return the fields of a word: quotes, variables, arithmetic and command substitution."""
        out, quoted, at = "", False, 0
        while at < len(word):
            char = word[at]
            if char == "'":
                end = word.index("'", at + 1)
                out, quoted, at = out + word[at + 1 : end], True, end + 1
            elif char == '"':
                end = at + 1
                while word[end] != '"':
                    end += 2 if word[end] == "\\" else 1
                inner = re.sub(r'\\(["\\$`])', r"\1", self.substitute(word[at + 1 : end]))
                out, quoted, at = out + inner, True, end + 1
            elif char == "\\":
                out, at = out + word[at + 1 : at + 2], at + 2
            else:
                end = min([i for i in (word.find(q, at) for q in "'\"\\") if i >= 0] or [len(word)])
                out, at = out + self.substitute(word[at:end]), end
        return [out] if quoted else out.split()

    def one(self, word: str) -> str:
        """Return a word expanded to a single field."""
        return " ".join(self.expand(word))

    def substitute(self, text: str) -> str:
        """Return the text with `$(…)`, `$((…))` and variables replaced."""
        while (start := text.find("$(")) >= 0:
            depth = 0
            for end in range(start + 1, len(text)):
                depth += {"(": 1, ")": -1}.get(text[end], 0)
                if depth == 0:
                    break
            else:
                break
            inner = text[start + 2 : end]
            value = self._arithmetic(inner[1:-1]) if inner.startswith("(") else self._captured(inner)
            text = text[:start] + value + text[end + 1 :]

        def variable(found: re.Match[str]) -> str:
            if found[4]:
                return {"?": str(self.status), "$": str(self.pid), "#": str(len(self.arguments))}.get(
                    found[4], " ".join(self.arguments)
                )
            return self.env.get(found[1] or found[3]) or found[2] or ""

        return _VARIABLE.sub(variable, text)

    def _arithmetic(self, text: str) -> str:
        names = re.sub(r"[A-Za-z_]\w*", lambda m: self.env.get(m[0]) or "0", self.substitute(text))
        numbers = re.match(r"\s*(-?\d+)\s*(?:([-+*/%])\s*(-?\d+)\s*)?\Z", names)
        if not numbers:
            return "0"
        left, right = int(numbers[1]), int(numbers[3] or 0)
        match numbers[2]:
            case "+":
                return str(left + right)
            case "-":
                return str(left - right)
            case "*":
                return str(left * right)
            case "/" | "%":
                if right == 0:
                    return "0"
                return str(int(left / right) if numbers[2] == "/" else left % right)
            case _:
                return str(left)

    def _captured(self, text: str) -> str:
        collected = b"".join(s.data for s in self.run(parse(text)) if s.stream == STDOUT)
        return collected.decode(errors="replace").rstrip("\n")

    # Commands

    def run(self, command: Command) -> Out:
        """Run a command, yielding what it prints when; sets `status`."""
        match command:
            case Sequence():
                for joint, item in command.items:
                    if (joint == "&&" and self.status != 0) or (joint == "||" and self.status == 0):
                        continue
                    yield from self.run(item)
            case Pipe():
                yield from self._pipe(command)
            case Simple():
                yield from self._simple(command)
            case Group():
                yield from self._redirected(self.run(command.body), command.redirects)
            case Loop():
                yield from self._loop(command)
            case ForEach():
                for word in [field for w in command.words for field in self.expand(w)]:
                    self.env[command.name] = word
                    yield from self.run(command.body)
            case Branch():
                for condition, body in command.arms:
                    yield from self.run(condition)
                    if self.status == 0:
                        yield from self.run(body)
                        return
                self.status = 0
                if command.otherwise is not None:
                    yield from self.run(command.otherwise)

    def _loop(self, command: Loop) -> Out:
        while True:
            yield from self.run(command.condition)
            if (self.status == 0) == command.until:
                break
            self.now_ns += _TURN_NS
            yield from self.run(command.body)
            # A step without data lets whoever computes the script stop at its time.
            yield Step(self.now_ns)
        self.status = 0

    def _pipe(self, command: Pipe) -> Out:
        data = self.stdin
        for part in command.parts[:-1]:
            self.stdin, data = data, b""
            for step in self.run(part):
                if step.stream == STDOUT:
                    data += step.data
                else:
                    yield step
        self.stdin = data
        yield from self.run(command.parts[-1])
        self.stdin = b""

    def _redirected(self, steps: Out, redirects: list[tuple[str, str]]) -> Out:
        kept: dict[int, list[tuple[str, bool]]] = {}
        merge = 0
        for operator, target in redirects:
            match operator:
                case ">" | "1>" | ">>" | "2>" | "&>":
                    streams = {"2>": (STDERR,), "&>": (STDOUT, STDERR)}.get(operator, (STDOUT,))
                    path = self.one(target)
                    if not self.write(path, b"", append=operator == ">>"):
                        self.status = 1
                        yield self.say(f"sh: can't create {path}: nonexistent directory\n", STDERR)
                        return
                    for stream in streams:
                        kept[stream] = [(path, operator == ">>")]
                case "2>&1":
                    merge = STDOUT
                case ">&2" | "1>&2":
                    merge = STDERR
                case _:
                    node = self.look(self.one(target))
                    if node is None:
                        self.status = 1
                        yield self.say(f"sh: can't open {self.one(target)}: no such file\n", STDERR)
                        return
                    self.stdin = node.data
        for step in steps:
            stream = merge if merge and step.stream else step.stream
            target = kept.get(stream)
            if not step.data or target is None:
                yield step._replace(stream=stream)
            elif not target[0][0].startswith("/dev/"):
                self.write(target[0][0], step.data, append=True)

    def _simple(self, command: Simple) -> Out:
        words = list(command.words)
        assigned: list[tuple[str, str]] = []
        while words and (found := re.match(r"([A-Za-z_]\w*)=(.*)\Z", words[0], re.S)):
            assigned.append((found[1], self.one(found[2])))
            words.pop(0)
        fields = [field for word in words for field in self.expand(word)]
        self.env.update(assigned)
        if not fields:
            self.status = 0
            yield from self._redirected(iter(()), command.redirects)
            return
        if fields[0] == "!":
            yield from self._redirected(self.call(fields[1:]), command.redirects)
            self.status = 1 if self.status == 0 else 0
            return
        yield from self._redirected(self.call(fields), command.redirects)

    def call(self, fields: list[str]) -> Out:
        """Run one built-in command."""
        from tui.demo.shell_commands import COMMANDS

        name = fields[0].rpartition("/")[2]
        built_in: Callable[[Shell, list[str]], Out] | None = COMMANDS.get(name)
        if built_in is not None:
            self.status = 0
            yield from built_in(self, fields[1:])
        elif self.unknown_is_fine or self.is_program(fields[0]):
            self.status = 0
        else:
            self.status = 127
            yield self.say(f"sh: {fields[0]}: not found\n", STDERR)

    def is_program(self, name: str) -> bool:
        """Return whether the files have an executable of this name."""
        places = (
            [name] if "/" in name else [f"/{d}/{name}" for d in ("bin", "usr/bin", "usr/local/bin", "sbin", "usr/sbin")]
        )
        return any(node is not None and node.kind == "file" and node.mode & 0o111 for node in map(self.look, places))

    def say(self, text: str | bytes, stream: int = STDOUT) -> Step:
        """Return the step that prints something now."""
        return Step(self.now_ns, stream, text.encode() if isinstance(text, str) else text)

    def script(self, words: list[str]) -> Out:
        """Run an argument vector to its end, whose step carries the exit code."""
        try:
            if (
                len(words) >= 3
                and words[0].rpartition("/")[2] in ("sh", "bash", "ash")
                and words[1] in ("-c", "-ec", "-xc")
            ):
                self.arguments = words[4:]
                yield from self.run(parse(words[2]))
            elif words:
                yield from self.call(words)
        except Exit as ended:
            self.status = ended.code
        except ShellSyntaxError as error:
            self.status = 2
            yield self.say(f"sh: {error}\n", STDERR)
        yield Step(self.now_ns, exit_code=self.status)


def run_to_end(
    words: list[str], root: Tree, env: Mapping[str, str], *, unknown_is_fine: bool = False, cwd: str = "/"
) -> tuple[int, bytes, dict[str, Node | None]]:
    """Run a command at once; return its exit code, all its output and the files it changed.

    A command that has not ended after an hour of its own time is given up with 124.
    """
    shell = Shell(root, env, cwd, unknown_is_fine=unknown_is_fine)
    output: list[bytes] = []
    for step in shell.script(words):
        output.append(step.data)
        if step.exit_code is not None:
            return step.exit_code, b"".join(output), shell.changed
        if step.offset_ns > 3_600 * NS:
            break
    return 124, b"".join(output), shell.changed
