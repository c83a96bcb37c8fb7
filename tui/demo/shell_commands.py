"""The built-in commands of the pretend shell."""

import posixpath
import re
import time
from collections.abc import Callable, Iterator

from tui.demo import layers
from tui.demo.clock import NS
from tui.demo.layers import Node
from tui.demo.programs import STDERR, Step
from tui.demo.shell import Exit, Shell

Out = Iterator[Step]


def _echo(shell: Shell, words: list[str]) -> Out:
    newline, escapes = True, False
    while words and re.fullmatch(r"-[neE]+", words[0]):
        newline, escapes = newline and "n" not in words[0], escapes or "e" in words[0]
        words = words[1:]
    text = " ".join(words)
    yield shell.say((_escapes(text) if escapes else text) + ("\n" if newline else ""))


def _escapes(text: str) -> str:
    table = {"n": "\n", "t": "\t", "r": "\r", "\\": "\\", "0": "\0", "e": "\x1b", "a": "\a"}
    text = re.sub(r"\\0?33|\\x1[bB]", "\x1b", text)
    text = re.sub(r"\\(0[0-7]{2}|[1-3][0-7]{2})", lambda m: chr(int(m[1], 8)), text)
    return re.sub(r"\\([ntr\\0ea])", lambda m: table[m[1]], text)


def _printf(shell: Shell, words: list[str]) -> Out:
    if words:
        values = iter(words[1:])
        text = re.sub(r"%[-0-9.]*[sd]", lambda _: next(values, ""), _escapes(words[0]))
        yield shell.say(text.replace("%%", "%"))


def _sleep(shell: Shell, words: list[str]) -> Out:
    for word in words:
        found = re.fullmatch(r"(\d+(?:\.\d+)?)([smhd]?)", word)
        if word in ("infinity", "inf"):
            shell.now_ns = 1 << 61
        elif not found:
            shell.status = 1
            yield shell.say(f"sleep: invalid number '{word}'\n", STDERR)
            return
        else:
            unit = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}[found[2]]
            shell.now_ns += round(float(found[1]) * unit * NS)
    yield Step(shell.now_ns)


def _exit(shell: Shell, words: list[str]) -> Out:
    raise Exit(int(words[0]) & 255 if words and words[0].isdigit() else shell.status)
    yield


def _status(code: int) -> Callable[[Shell, list[str]], Out]:
    def command(shell: Shell, words: list[str]) -> Out:
        shell.status = code
        yield from ()

    return command


def _cat(shell: Shell, words: list[str]) -> Out:
    if not words and shell.stdin:
        yield shell.say(shell.stdin)
    for path in words:
        node = shell.look(path)
        if node is None:
            shell.status = 1
            yield shell.say(f"cat: can't open '{path}': No such file or directory\n", STDERR)
        elif node.kind == "dir":
            shell.status = 1
            yield shell.say("cat: read error: Is a directory\n", STDERR)
        elif node.data:
            yield shell.say(node.data)


def _children(shell: Shell, path: str) -> list[str]:
    prefix = shell.resolve(path)
    start = f"{prefix}/" if prefix else ""
    return sorted({p[len(start) :].split("/")[0] for p in shell.all_paths() if p.startswith(start) and p != prefix})


def _ls(shell: Shell, words: list[str]) -> Out:
    flags = "".join(w for w in words if w.startswith("-"))
    for path in [w for w in words if not w.startswith("-")] or ["."]:
        node = shell.look(path)
        if node is None:
            shell.status = 1
            yield shell.say(f"ls: {path}: No such file or directory\n", STDERR)
            continue
        names = _children(shell, path) if node.kind == "dir" else [path]
        for name in names:
            if name.startswith(".") and "a" not in flags:
                continue
            yield shell.say((_long(shell, path, name, node) if "l" in flags else name) + "\n")


def _long(shell: Shell, path: str, name: str, parent: Node) -> str:
    node = shell.look(f"{path}/{name}" if parent.kind == "dir" else name) or layers.folder()
    kind = {"dir": "d", "link": "l"}.get(node.kind, "-")
    bits = "".join(c if node.mode >> (8 - i) & 1 else "-" for i, c in enumerate("rwxrwxrwx"))
    when = time.strftime("%b %d %H:%M", time.gmtime(node.mtime))
    return f"{kind}{bits}    1 root     root     {len(node.data):>9} {when} {name}"


def _cd(shell: Shell, words: list[str]) -> Out:
    path = words[0] if words else "/root"
    node = shell.look(path)
    if node is None or node.kind != "dir":
        shell.status = 2
        yield shell.say(f"sh: cd: can't cd to {path}: No such file or directory\n", STDERR)
        return
    shell.cwd = "/" + shell.resolve(path)


def _mkdir(shell: Shell, words: list[str]) -> Out:
    for path in [w for w in words if not w.startswith("-")]:
        key = shell.resolve(path)
        parts = key.split("/")
        if "-p" in words:
            for depth in range(1, len(parts) + 1):
                if shell.look("/" + "/".join(parts[:depth])) is None:
                    shell.changed["/".join(parts[:depth])] = layers.folder(mtime=shell.seconds())
        elif shell.look(path) is not None:
            shell.status = 1
            yield shell.say(f"mkdir: can't create directory '{path}': File exists\n", STDERR)
        else:
            shell.changed[key] = layers.folder(mtime=shell.seconds())


def _touch(shell: Shell, words: list[str]) -> Out:
    for path in words:
        if not shell.write(path, b"", append=True):
            shell.status = 1
            yield shell.say(f"touch: {path}: No such file or directory\n", STDERR)


def _rm(shell: Shell, words: list[str]) -> Out:
    flags = "".join(w for w in words if w.startswith("-"))
    for path in [w for w in words if not w.startswith("-")]:
        key = shell.resolve(path)
        doomed = [p for p in shell.all_paths() if p == key or p.startswith(key + "/")]
        if not doomed and "f" not in flags:
            shell.status = 1
            yield shell.say(f"rm: can't remove '{path}': No such file or directory\n", STDERR)
        for victim in doomed:
            if victim in shell.root:
                shell.changed[victim] = None
            else:
                shell.changed.pop(victim, None)


def _copy(shell: Shell, words: list[str]) -> Out:
    paths = [w for w in words if not w.startswith("-")]
    for source in paths[:-1]:
        node = shell.look(source)
        if node is None:
            shell.status = 1
            yield shell.say(f"cp: can't stat '{source}': No such file or directory\n", STDERR)
            continue
        target = shell.look(paths[-1])
        inside = target is not None and target.kind == "dir"
        shell.changed[shell.resolve(f"{paths[-1]}/{posixpath.basename(source)}" if inside else paths[-1])] = node


def _link(shell: Shell, words: list[str]) -> Out:
    paths = [w for w in words if not w.startswith("-")]
    if "-s" not in words or len(paths) != 2:
        shell.status = 1
        yield shell.say("ln: only ln -s TARGET LINK is simulated\n", STDERR)
    elif shell.look(paths[1]) is not None:
        shell.status = 1
        yield shell.say(f"ln: {paths[1]}: File exists\n", STDERR)
    else:
        shell.changed[shell.resolve(paths[1])] = Node("link", mode=0o777, target=paths[0])


def _move(shell: Shell, words: list[str]) -> Out:
    yield from _copy(shell, words)
    if shell.status == 0:
        yield from _rm(shell, ["-f", *[w for w in words if not w.startswith("-")][:-1]])


def _test(shell: Shell, words: list[str]) -> Out:
    words = [w for w in words if w not in ("]", "]]")]
    negate = bool(words) and words[0] == "!"
    words = words[1:] if negate else words
    match words:
        case [flag, path] if flag in ("-e", "-f", "-d", "-s", "-r", "-x"):
            node = shell.look(path)
            kinds = {"-d": ("dir",), "-f": ("file",)}.get(flag, ("file", "dir", "link"))
            good = node is not None and node.kind in kinds and (flag != "-s" or bool(node.data))
        case ["-n", value] | [value]:
            good = value != ""
        case ["-z", value]:
            good = value == ""
        case [left, operator, right]:
            good = _compare(left, operator, right)
        case _:
            good = False
    shell.status = 0 if good != negate else 1
    yield from ()


def _compare(left: str, operator: str, right: str) -> bool:
    if operator in ("=", "=="):
        return left == right
    if operator == "!=":
        return left != right
    if not (left.lstrip("-").isdigit() and right.lstrip("-").isdigit()):
        return False
    one, two = int(left), int(right)
    table = {
        "-eq": one == two,
        "-ne": one != two,
        "-lt": one < two,
        "-le": one <= two,
        "-gt": one > two,
        "-ge": one >= two,
    }
    return table.get(operator, False)


def _fixed(text: Callable[[Shell], str]) -> Callable[[Shell, list[str]], Out]:
    def command(shell: Shell, words: list[str]) -> Out:
        yield shell.say(text(shell) + "\n")

    return command


def _date(shell: Shell, words: list[str]) -> Out:
    form = next((w[1:] for w in words if w.startswith("+")), "%a %b %d %H:%M:%S UTC %Y")
    yield shell.say(time.strftime(form.replace("%s", str(shell.seconds())), time.gmtime(shell.seconds())) + "\n")


def _seq(shell: Shell, words: list[str]) -> Out:
    numbers = [int(w) for w in words if w.lstrip("-").isdigit()]
    first, last = (1, numbers[0]) if len(numbers) == 1 else (numbers[0], numbers[-1]) if numbers else (1, 0)
    for number in range(first, min(last, first + 1_000_000) + 1):
        yield shell.say(f"{number}\n")


def _export(shell: Shell, words: list[str]) -> Out:
    for word in words:
        name, equals, value = word.partition("=")
        if equals:
            shell.env[name] = value
    yield from ()


def _env(shell: Shell, words: list[str]) -> Out:
    yield shell.say("".join(f"{key}={value}\n" for key, value in shell.env.items()))


def _count(shell: Shell, words: list[str]) -> Out:
    for path in [w for w in words if not w.startswith("-")] or [""]:
        node = shell.look(path) if path else Node(data=shell.stdin)
        if node is None:
            shell.status = 1
            yield shell.say(f"wc: {path}: No such file or directory\n", STDERR)
            continue
        value = len(node.data) if "-c" in words else node.data.count(b"\n")
        yield shell.say(f"{value} {path}".rstrip() + "\n")


def _find(shell: Shell, words: list[str]) -> Out:
    """Every path below the folders named, or with `-type f` and `-type d` the files or the folders alone."""
    at = next((i for i, word in enumerate(words) if word.startswith("-")), len(words))
    wanted = {"f": "file", "d": "dir", "l": "link"}.get(words[at + 1], "") if words[at : at + 1] == ["-type"] else ""
    for start in words[:at] or ["."]:
        key = shell.resolve(start)
        if shell.look(start) is None:
            shell.status = 1
            yield shell.say(f"find: {start}: No such file or directory\n", STDERR)
            continue
        prefix = f"{key}/" if key else ""
        for path in sorted({key, *(path for path in shell.all_paths() if path.startswith(prefix))}):
            node = shell.changed.get(path) or shell.root.get(path) or layers.folder()
            if wanted in ("", node.kind):
                shown = path[len(prefix) :] if path != key else ""
                yield shell.say(f"{start.rstrip('/')}/{shown}\n" if shown else f"{start}\n")


def _grep(shell: Shell, words: list[str]) -> Out:
    plain = [w for w in words if not w.startswith("-")]
    node = shell.look(plain[1]) if len(plain) > 1 else None
    data = node.data if node else shell.stdin
    hits = [line for line in data.splitlines(keepends=True) if plain and plain[0].encode() in line]
    shell.status = 0 if hits else 1
    if hits and "-q" not in words:
        yield shell.say(b"".join(hits))


def _slice(first: bool) -> Callable[[Shell, list[str]], Out]:
    def command(shell: Shell, words: list[str]) -> Out:
        digits = [w.lstrip("-") for w in words if w.lstrip("-").isdigit()]
        count = int(digits[0]) if digits else 10
        paths = [w for w in words if not w.startswith("-") and not w.isdigit()]
        node = shell.look(paths[0]) if paths else None
        lines = (node.data if node else shell.stdin).splitlines(keepends=True)
        yield shell.say(b"".join(lines[:count] if first else lines[-count:]))

    return command


def _kill(shell: Shell, words: list[str]) -> Out:
    signal = next((word[1:] for word in words if word.startswith("-")), "TERM")
    for word in words:
        if word.isdigit() and not shell.kill(int(word), signal):
            shell.status = 1
            yield shell.say(f"sh: can't kill pid {word}: No such process\n", STDERR)


def _run_shell(shell: Shell, words: list[str]) -> Out:
    yield from shell.script(["sh", *words]) if words[:1] == ["-c"] else ()


def _exec(shell: Shell, words: list[str]) -> Out:
    if words:
        yield from shell.call(words)
        raise Exit(shell.status)


def _ps(shell: Shell, words: list[str]) -> Out:
    listed = shell.processes() if "ppid" in "".join(words) else ""
    yield shell.say(listed or "PID   USER     TIME  COMMAND\n    1 root      0:00 sh\n    7 root      0:00 ps\n")


COMMANDS: dict[str, Callable[[Shell, list[str]], Out]] = {
    "echo": _echo,
    "printf": _printf,
    "sleep": _sleep,
    "exit": _exit,
    "true": _status(0),
    ":": _status(0),
    "trap": _status(0),
    "set": _status(0),
    "wait": _status(0),
    "chmod": _status(0),
    "chown": _status(0),
    "kill": _kill,
    "sync": _status(0),
    "false": _status(1),
    "cat": _cat,
    "find": _find,
    "ls": _ls,
    "cd": _cd,
    "pwd": _fixed(lambda shell: shell.cwd),
    "mkdir": _mkdir,
    "touch": _touch,
    "rm": _rm,
    "cp": _copy,
    "ln": _link,
    "mv": _move,
    "test": _test,
    "[": _test,
    "[[": _test,
    "date": _date,
    "seq": _seq,
    "export": _export,
    "env": _env,
    "printenv": _env,
    "wc": _count,
    "grep": _grep,
    "head": _slice(first=True),
    "tail": _slice(first=False),
    "sh": _run_shell,
    "exec": _exec,
    "ps": _ps,
    "id": _fixed(lambda _: "uid=0(root) gid=0(root) groups=0(root)"),
    "whoami": _fixed(lambda _: "root"),
    "hostname": _fixed(lambda shell: shell.hostname),
    "uname": _fixed(lambda _: "Linux"),
    "nproc": _fixed(lambda _: "8"),
}
