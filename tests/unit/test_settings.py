"""Settings: which source wins, and what is said of a file that is wrong."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.settings import HostSettings, Settings, addresses_of, load_settings, prefers_ascii, terminal_color
from tui.settings_schema import HOST_KEYS, KEYS

FULL = """\
theme = "hythe-light"
read_only = true
guarded = false
ascii = true
slow = true
color = "ansi"
mouse = false
keymap = "lazydocker"
log_tail = 2_000
check_newer = true
by_project = true
scanner = "grype"
stop_timeout = 30
audit = "~/hythe-audit.ndjson"
context = "staging"

[keys]
container.stop = "S"
"container.remove" = ["D", "delete"]
[keys.image]
remove = []

[hosts.prod]
url = "ssh://deploy@prod"
color = "error"
guarded = true

[hosts."unix:///var/run/docker.sock"]
read_only = true

[groups]
web = ["web-1", "prod", "web-1"]
"""


def load(path: Path, text: str | bytes, arguments: dict[str, object] | None = None, **environment: str) -> Settings:
    """The settings with *text* as the file that HYTHE_CONFIG names."""
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return load_settings(arguments or {}, {"HYTHE_CONFIG": str(path)} | environment)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "settings.toml"


def test_no_file_and_no_home_mean_the_defaults(isolated_home: Path) -> None:
    settings = load_settings({}, {"TERM": "xterm-256color"})
    assert settings == Settings(config_path=isolated_home / ".config/hythe/settings.toml")


def test_every_key(file: Path) -> None:
    settings = load(file, FULL)
    assert settings.problems == ()
    assert settings == Settings(
        context="staging",
        named_by="the settings",
        read_only=True,
        theme="hythe-light",
        config_path=file,
        ascii=True,
        slow=True,
        color="ansi",
        mouse=False,
        keymap_preset="lazydocker",
        keys={"container.stop": ("S",), "container.remove": ("D", "delete"), "image.remove": ()},
        hosts={
            "prod": HostSettings("prod", url="ssh://deploy@prod", color="error", guarded=True),
            "unix:///var/run/docker.sock": HostSettings("unix:///var/run/docker.sock", read_only=True),
        },
        groups={"web": ("web-1", "prod")},
        log_tail=2000,
        check_newer=True,
        by_project=True,
        scanner="grype",
        stop_timeout=30,
        audit="~/hythe-audit.ndjson",
    )
    assert all(key in FULL for key in (*KEYS.keys() - {"host"}, *HOST_KEYS))


def test_command_line_wins_over_environment_over_file(file: Path) -> None:
    text = 'theme = "of-file"\nhost = "tcp://of-file"\n'
    assert load(file, text).theme == "of-file"
    assert load(file, text, HYTHE_THEME="of-env").theme == "of-env"
    assert load(file, text, {"theme": "of-line"}, HYTHE_THEME="of-env").theme == "of-line"
    assert load(file, text, {"theme": None, "read_only": False, "ascii": False}, HYTHE_READ_ONLY="1").read_only
    other = file.with_name("other.toml")
    other.write_text('theme = "of-other"')
    assert load(file, text, {"config": str(other)}).theme == "of-other"


def test_endpoint_of_the_file_counts_only_when_nothing_else_names_one(file: Path) -> None:
    text = 'host = "tcp://of-file"\n'
    assert load(file, text).host == "tcp://of-file"
    assert load(file, text, DOCKER_HOST="unix:///x").host is None
    assert load(file, text, DOCKER_CONTEXT="x").host is None
    assert load(file, text, {"demo": True}).host is None
    by_context = load(file, text, {"contexts": ["x"]})
    assert (by_context.host, by_context.context, by_context.contexts) == (None, "x", ("x",))
    assert load(file, text, {"host": "tcp://of-line"}, DOCKER_HOST="unix:///x").host == "tcp://of-line"
    both = load(file, text + 'context = "x"\n')
    assert (both.host, both.context) == ("tcp://of-file", None)
    assert [(problem.line, problem.key) for problem in both.problems] == [(2, "context")]


@pytest.mark.parametrize(
    ("line", "key", "words"),
    [
        ('them = "x"', "them", "did you mean theme?"),
        ("theme = 3", "theme", "must be text in quotes, not a whole number"),
        ('theme = " "', "theme", "is empty"),
        ('ascii = "yes"', "ascii", "must be true or false, not text"),
        ('slow = "yes"', "slow", "must be true, false or \"auto\", not 'yes'"),
        ("slow = 1", "slow", 'must be true, false or "auto", not a whole number'),
        ("log_tail = -1", "log_tail", "from 0 to 1,000,000"),
        ("log_tail = true", "log_tail", "whole number, not true or false"),
        ("log_tail = 1.5", "log_tail", "whole number, not a number"),
        ("theme = 1979-05-27", "theme", "not a date or time"),
        ('color = "fulll"', "color", "did you mean full?"),
        ("keys = 3", "keys", "must be a table"),
        ("hosts.prod = 3", "hosts.prod", "write [hosts.prod]"),
        ("[hosts.prod]\ncolour = 'error'", "hosts.prod.colour", "did you mean color?"),
        ("[hosts.prod]\ncolor = 'red'", "hosts.prod.color", "not one of primary"),
        ("groups = 3", "groups", "must be a table"),
        ("[groups]\nprod = 'a'", "groups.prod", "must be a list of contexts or hosts"),
        ("[groups]\nprod = []", "groups.prod", "must be a list of contexts or hosts"),
        ("[groups]\nprod = ['a', ' ']", "groups.prod", "must be a list of contexts or hosts"),
        ("[keys]\ncontainer.stop = 3", "keys.container.stop", "must be a key in quotes"),
        ("[keys.container]\nstop = ['a', '']", "keys.container.stop", "must be a key in quotes"),
    ],
)
def test_what_is_wrong_is_named_and_the_rest_counts(file: Path, line: str, key: str, words: str) -> None:
    settings = load(file, f"# a comment\nstop_timeout = 7\n{line}\n")
    (problem,) = settings.problems
    assert (problem.file, problem.line, problem.key) == (str(file), 3 + line.count("\n"), key)
    assert words in problem.message
    assert str(problem) == f"{file}:{problem.line}: {key}: {problem.message}"
    assert settings.stop_timeout == 7
    assert (settings.theme, settings.log_tail, settings.color) == (None, 500, "ansi")


def test_guards_that_cannot_be_read_count_as_true(file: Path) -> None:
    settings = load(file, 'read_only = "no"\n[hosts.prod]\nguarded = "ye"\nread_only = 1\n')
    assert settings.read_only
    assert (settings.hosts["prod"].guarded, settings.hosts["prod"].read_only) == (True, True)
    assert [problem.line for problem in settings.problems] == [1, 3, 4]
    assert load(file, "", HYTHE_READ_ONLY="maybe").read_only
    (problem,) = load(file, "", HYTHE_READ_ONLY="maybe").problems
    assert str(problem) == "environment: HYTHE_READ_ONLY: 'maybe' is neither 1 nor 0; counts as 1"


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b'theme = "x"\nread_only = tru\n', 2),
        (b"a = 1\na = 2\n", 2),
        (b"[t\n", 1),
        (b"theme = '\xff'\n", 1),
        (b"#" * 1_000_001, None),
    ],
)
def test_file_that_cannot_be_read_guards_every_host(file: Path, content: bytes, line: int | None) -> None:
    settings = load(file, content)
    (problem,) = settings.problems
    assert (problem.file, problem.line, problem.key) == (str(file), line, "")
    assert "every host is guarded" in problem.message
    assert settings.guarded
    assert settings.host_settings("unix:///x").guarded


def test_named_file_must_exist_and_the_usual_one_need_not(tmp_path: Path) -> None:
    assert load_settings({}, {}).problems == ()
    (problem,) = load_settings({"config": str(tmp_path / "absent.toml")}, {}).problems
    assert "No such file" in problem.message
    (problem,) = load_settings({"config": str(tmp_path)}, {}).problems
    assert "directory" in problem.message


def test_host_settings_take_the_strictest_of_what_fits() -> None:
    hosts = {
        "prod": HostSettings("prod", url="tcp://prod:2376", color="error", guarded=True),
        "also": HostSettings("also", context="blue", read_only=True),
    }
    settings = Settings(hosts=hosts)
    by_url = settings.host_settings("tcp://prod:2376")
    assert (by_url.name, by_url.color, by_url.guarded, by_url.read_only) == ("prod", "error", True, False)
    both = settings.host_settings("tcp://prod:2376/", "blue")
    assert (both.name, both.guarded, both.read_only) == ("prod", True, True)
    assert settings.host_settings("unix:///x", "prod").guarded
    assert settings.host_settings("unix:///x") == HostSettings("unix:///x", "unix:///x")
    assert Settings(read_only=True).host_settings("unix:///x").read_only


def test_host_settings_of_patterns_and_of_other_ways_to_the_host() -> None:
    hosts = {
        "prod-*": HostSettings("prod-*", guarded=True),
        "eu": HostSettings("eu", context="*-eu-?", color="warning"),
        "lan": HostSettings("lan", url="tcp://10.*", read_only=True),
        "six": HostSettings("six", url="tcp://[fe80::*]:2375", color="error"),
        "box": HostSettings("box", url="ssh://me@box/", color="success"),
    }
    settings = Settings(hosts=hosts)

    def treated(url: str, context: str | None = None, *aliases: str) -> tuple[str, str | None, bool, bool]:
        found = settings.host_settings(url, context, aliases)
        return found.name, found.color, found.guarded, found.read_only

    assert treated("tcp://h:1", "prod-eu-1") == ("prod-eu-1", "warning", True, False)
    assert treated("tcp://h:1", "prod-eu-10") == ("prod-eu-10", None, True, False)
    assert treated("tcp://h:1", "PROD-1") == ("PROD-1", None, False, False)
    assert treated("tcp://10.0.0.1:2376", "a") == ("a", None, False, True)
    assert treated("tcp://[fe80::1]:2375")[1] == "error"
    assert treated("tcp://f:2375")[1] is None, "brackets are no set of characters"
    assert treated("ssh://me@box:22") == ("box", "success", False, False)
    assert treated("ssh://me@box:2222")[0] == "ssh://me@box:2222"
    # by its address, past the context that is guarded
    assert treated("tcp://h:1", None, "prod-1") == ("tcp://h:1", None, True, False)
    hosts["db"] = HostSettings("db", context="db-1", guarded=True, color="error")
    assert treated("tcp://h:1", "other", "db-1") == ("other", "error", True, False), "a name is not handed on"


@pytest.mark.parametrize(
    ("url", "forms"),
    [
        ("tcp://h:2375", ("tcp://h:2375", "tcp://h")),
        ("tcp://[::1]:2376/", ("tcp://[::1]:2376", "tcp://[::1]")),
        ("tcp://h:23750", ("tcp://h:23750",)),
        ("ssh://h:22", ("ssh://h:22", "ssh://h")),
        ("ssh://h:2375", ("ssh://h:2375",)),
        ("unix:///a:22", ("unix:///a:22",)),
    ],
)
def test_ways_to_write_an_address(url: str, forms: tuple[str, ...]) -> None:
    assert addresses_of(url) == forms


GROUPS = """\
context = "of-file"
[hosts.db]
url = "tcp://db:2376"
[hosts.web]
context = "web-eu"
[hosts."x*"]
context = "y*"
[groups]
all = ["web", "db", "x*", "plain"]
dbs = ["db"]
"""


def test_groups_become_contexts_and_addresses(file: Path) -> None:
    settings = load(file, GROUPS, {"groups": ["all"]})
    assert settings.contexts == ("web-eu", "tcp://db:2376", "x*", "plain")
    assert (settings.context, settings.host, settings.refusal) == ("web-eu", None, None)
    dbs = load(file, GROUPS, {"groups": ["dbs", "all"]}, DOCKER_HOST="unix:///x")
    assert dbs.contexts == ("tcp://db:2376", "web-eu", "x*", "plain")
    assert (dbs.context, dbs.host) == (None, "tcp://db:2376")
    named = load(file, GROUPS, {"contexts": ["b", "a", "b"]})
    assert (named.contexts, named.context) == (("b", "a"), "b")
    assert load(file, GROUPS).contexts == ()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (GROUPS, "there are: all, dbs"),
        ("", "write [groups]"),
        ("[groups]\nprod = 3", "settings.toml:2: groups.prod: must be a list"),
        ("[groups", "not valid TOML"),
    ],
)
def test_a_group_that_is_not_there_is_refused_for_no_other_host_will_do(file: Path, text: str, words: str) -> None:
    settings = load(file, text, {"groups": ["prod"]})
    assert str(settings.refusal).startswith(f"no group 'prod' in {file}: ")
    assert words in str(settings.refusal)
    assert settings.contexts == ()


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, False),
        ({"LANG": "en_GB.UTF-8"}, False),
        ({"LANG": "de_DE.utf8"}, False),
        ({"LANG": "C"}, True),
        ({"LANG": "en_GB.ISO-8859-1"}, True),
        ({"LANG": "C", "LC_ALL": "C.UTF-8"}, False),
        ({"LANG": "C.UTF-8", "LC_CTYPE": "POSIX"}, True),
    ],
)
def test_ascii_follows_the_locale(environment: dict[str, str], expected: bool) -> None:
    assert prefers_ascii(environment) is expected


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"TERM": "xterm-256color"}, "full"),
        ({"TERM": "xterm-256color", "NO_COLOR": "1"}, "none"),
        ({"TERM": "xterm-256color", "NO_COLOR": ""}, "full"),
        ({"TERM": "linux"}, "ansi"),
        ({}, "ansi"),
        ({"TERM": "screen", "COLORTERM": "truecolor"}, "full"),
    ],
)
def test_colors_follow_the_terminal(environment: dict[str, str], expected: str) -> None:
    assert terminal_color(environment) == expected


@given(st.text(max_size=300) | st.binary(max_size=300))
def test_no_file_keeps_the_program_from_starting(
    tmp_path_factory: pytest.TempPathFactory, content: str | bytes
) -> None:
    path = tmp_path_factory.getbasetemp() / "fuzz-settings.toml"
    raw = content if isinstance(content, bytes) else content.encode("utf-8", "surrogatepass")
    assert isinstance(load(path, raw), Settings)


TOML_VALUES = st.recursive(
    st.sampled_from(["1", "true", "false", '"x"', "1.5", "1979-05-27", '""']),
    lambda inner: (
        st.lists(inner, max_size=3).map(lambda items: f"[{', '.join(items)}]")
        | inner.map(lambda item: f"{{ guarded = {item}, url = {item} }}")
    ),
    max_leaves=4,
)


@given(st.dictionaries(st.sampled_from([*KEYS, "hosts.a", "keys.a.b", "keys.c"]), TOML_VALUES, max_size=6))
def test_each_wrong_value_is_told_with_its_line(
    tmp_path_factory: pytest.TempPathFactory, table: dict[str, str]
) -> None:
    path = tmp_path_factory.getbasetemp() / "typed-settings.toml"
    settings = load(path, "".join(f"{key} = {value}\n" for key, value in table.items()))
    assert all(problem.line for problem in settings.problems)
    for key in ("log_tail", "stop_timeout"):
        assert (
            (table.get(key) in (None, "1")) or key in {problem.key for problem in settings.problems} or settings.guarded
        )
