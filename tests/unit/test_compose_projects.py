"""Compose projects: from the labels of containers, compared with what the files say."""

from collections.abc import Iterable

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.engine.compose_cli import compose_words, docker_flags, last_words, missing, signature
from tui.engine.endpoint import Endpoint, Tls
from tui.model.compose import (
    NOT_READ,
    PREFIX,
    ComposeService,
    FileService,
    Project,
    ProjectFiles,
    ProjectPlace,
    WireConfig,
    drift_of,
    files_from,
    is_project_name,
    is_service_name,
    project_from,
    wanted_of,
    with_files,
)
from tui.model.containers import Container, Port
from tui.present.projects import ProjectRows, drift_text, services_count, state_mark
from tui.store import projects
from tui.store.projects import ProjectBook


def container(
    project: str, service: str, number: int = 1, *, state: str = "running", hash: str = "h1", **more: object
) -> Container:
    name = f"{project}-{service}-{number}"
    labels = {
        f"{PREFIX}project": project,
        f"{PREFIX}service": service,
        f"{PREFIX}container-number": str(number),
        f"{PREFIX}config-hash": hash,
        f"{PREFIX}project.working_dir": f"/srv/{project}",
        f"{PREFIX}project.config_files": f"/srv/{project}/compose.yaml,/srv/{project}/more.yaml",
    }
    made = Container(name, name, "busybox", state, labels=labels)
    return msgspec.structs.replace(made, **more)


def project(*containers: Container) -> Project:
    return project_from("shop", containers)


def test_one_that_is_kept_aside_is_none_of_its_service() -> None:
    name = "shop-web-1-before-20261129-222558"
    made = project(container("shop", "web"), container("shop", "web", state="exited", id=name, name=name))
    assert [c.name for c in made.containers] == ["shop-web-1"]
    assert made.kept == (name,)
    assert services_count(made, NOT_READ) == (1, 1)


def test_services_by_name_and_containers_by_number() -> None:
    made = project(container("shop", "web", 10), container("shop", "web", 2), container("shop", "db"))
    assert [service.name for service in made.services] == ["db", "web"]
    assert [c.number for c in made.services[1].containers] == [2, 10]
    assert made.place.config_files == ("/srv/shop/compose.yaml", "/srv/shop/more.yaml")
    assert (made.id, made.services[0].id) == ("project:shop", "project:shop/db")


def test_what_docker_compose_run_made_is_no_container_of_the_service() -> None:
    once = container("shop", "web", 1)
    once = msgspec.structs.replace(once, labels={**once.labels, f"{PREFIX}oneoff": "True"})
    made = project(once, container("shop", "db"))
    assert [service.name for service in made.services] == ["db"]
    assert made.one_offs == (once.id,)


def test_the_newest_container_tells_where_the_files_are() -> None:
    old, new = container("shop", "web", created=1.0), container("shop", "db", created=2.0)
    new = msgspec.structs.replace(new, labels={**new.labels, f"{PREFIX}project.working_dir": "/opt/shop"})
    assert project(new, old).place.working_dir == "/opt/shop"


def test_labels_that_say_nonsense() -> None:
    odd = Container("x", "x", "i", "running", labels={f"{PREFIX}project": "shop", f"{PREFIX}container-number": "²"})
    made = project(odd)
    assert made.services[0].name == ""
    assert made.services[0].containers[0].number == 0
    assert made.place == ProjectPlace("shop")


def test_a_file_without_its_secrets() -> None:
    text = (
        b'{"name": "shop", "services": {"web": {"image": "nginx", "environment": {"TOKEN": "hunter2"}, "scale": 2},'
        b' "db": {"image": "pg", "deploy": {"replicas": 3}}, "debug": {"image": "x", "profiles": ["dev"]},'
        b' "nil": null}}'
    )
    files = files_from(msgspec.json.decode(text, type=WireConfig), "web aaa\ndb bbb\ndebug ccc\nrubbish\n")
    assert files.services["web"] == FileService("web", "nginx", 2, "aaa")
    assert files.services["db"].wanted == 3
    assert not files.services["debug"].is_active
    assert files.services["nil"].hash == ""
    assert "hunter2" not in repr(files)


FILES = ProjectFiles(
    {
        "web": FileService("web", "nginx", 2, "h1"),
        "db": FileService("db", "pg", 1, "h1"),
        "debug": FileService("debug", "x", 1, "h1", is_active=False),
    }
)


@pytest.mark.parametrize(
    ("service", "drift"),
    [
        ("web", "same"),
        ("db", "differs"),
        ("debug", "same"),
        ("old", "not in the file"),
    ],
)
def test_drift(service: str, drift: str) -> None:
    web = [container("shop", "web", number) for number in (1, 2)]
    made = project(*web, container("shop", "db", hash="h0"), container("shop", "old"))
    known = {each.name: each for each in with_files(made, FILES)}
    assert drift_of(known[service], FILES) == drift
    assert drift_of(known[service], NOT_READ) == "not known"


def test_a_service_of_the_file_that_was_never_made() -> None:
    made = project(container("shop", "web"))
    assert [each.name for each in with_files(made, FILES)] == ["db", "debug", "web"]
    db = with_files(made, FILES)[0]
    assert drift_of(db, FILES) == "not created"
    assert (db.running, wanted_of(db, FILES)) == (0, 1)
    assert services_count(made, FILES) == (0, 2)  # web has one of two, db none; debug is of a profile
    assert drift_text(made, FILES) == ("db", "warn")


def test_what_was_scaled_by_hand_is_wanted() -> None:
    web = project(*(container("shop", "web", n) for n in (1, 2, 3))).services[0]
    assert wanted_of(web, FILES) == 3


@pytest.mark.parametrize(
    ("states", "word"),
    [
        (["running", "running"], "running"),
        (["running", "exited"], "partly"),
        (["running", "restarting"], "unwell"),
        (["exited", "created"], "stopped"),
        (["paused"], "paused"),
        ([], "none"),
    ],
)
def test_the_state_of_a_project(states: list[str], word: str) -> None:
    made = project(*(container("shop", f"s{n}", state=state) for n, state in enumerate(states)))
    assert state_mark(made.containers).word == word


def test_one_that_failed_beside_others_that_run_is_unwell() -> None:
    made = project(container("shop", "a"), container("shop", "b", state="exited", exit_code=3))
    assert state_mark(made.containers).word == "unwell"
    well = project(container("shop", "a"), container("shop", "b", state="exited", exit_code=0))
    assert state_mark(well.containers).word == "partly"
    stopped = project(container("shop", "a"), container("shop", "b", state="exited", exit_code=143))
    assert state_mark(stopped.containers).word == "partly"


def test_the_cells_of_a_row() -> None:
    made = project(container("shop", "web", ports=(Port(80, public=8080, ip="0.0.0.0"),)), container("shop", "db"))
    cells = {column.key: column.cell(made)[0] for column in ProjectRows(lambda _place: FILES).columns()}
    assert cells["name"] == "shop"
    assert cells["services"] == "1/2"
    assert cells["ports"] == "8080→80"
    assert cells["files"].startswith("/srv/shop/compose.yaml, ")


# the book


def test_the_same_records_while_nothing_of_them_changed() -> None:
    book = ProjectBook()
    shop, blog = container("shop", "web"), container("blog", "web")
    first = book.of({"a": shop, "b": blog})
    assert book.of({"a": shop, "b": blog}) is first
    # what an inspect tells more of a container is no news of its project
    assert book.of({"a": msgspec.structs.replace(shop, inspected=True, restarts=1), "b": blog}) is first
    second = book.of({"a": msgspec.structs.replace(shop, state="exited"), "b": blog})
    assert second is not first
    assert second["project:blog"] is first["project:blog"]
    assert list(book.of({"b": blog})) == ["project:blog"]
    assert book.of({}) == {}


@given(st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from("xy"), st.booleans()), max_size=12))
def test_the_book_agrees_with_a_fresh_one(steps: list[tuple[str, str, bool]]) -> None:
    book, containers = ProjectBook(), dict[str, Container]()
    for name, service, present in steps:
        containers = dict(containers)
        if present:
            containers[f"{name}{service}"] = container(name, service, state="exited" if service == "x" else "running")
        else:
            containers.pop(f"{name}{service}", None)
        assert book.of(containers) == ProjectBook().of(containers)


# the CLI


def test_the_words_for_a_project() -> None:
    place = ProjectPlace("shop", "/srv/shop", ("/srv/shop/a.yaml", "/srv/shop/b.yaml"), ("/srv/shop/prod.env",))
    assert compose_words(place, "up", "--detach") == [
        "compose", "--project-name=shop", "--project-directory=/srv/shop", "--file=/srv/shop/a.yaml",
        "--file=/srv/shop/b.yaml", "--env-file=/srv/shop/prod.env", "up", "--detach",
    ]  # fmt: skip


@given(st.text())
def test_no_label_becomes_an_option_of_its_own(text: str) -> None:
    words = compose_words(ProjectPlace(text, text, (text,), (text,)), "up")
    assert all(word.startswith(("--project-", "--file=", "--env-file=")) for word in words[1:-1])


@given(st.text(alphabet=st.characters(), max_size=5))
def test_a_label_may_say_what_is_no_path(text: str) -> None:
    place = ProjectPlace("shop", f"/nowhere/{text}\0", (f"/{text}\0x", text), (f"\ud800{text}",))
    assert all(size == -1 for _, _, size in signature(place) if _ == 0)
    assert missing(place)


@pytest.mark.parametrize(
    ("endpoint", "flags"),
    [
        (Endpoint("unix:///run/d.sock", "DOCKER_HOST"), ["--host=unix:///run/d.sock"]),
        (Endpoint("ssh://a@b", "context prod", "prod"), ["--context=prod"]),
        (
            Endpoint("tcp://h:2376", "--host", tls=Tls("/c/ca.pem", "/c/cert.pem", "/c/key.pem")),
            ["--host=tcp://h:2376", "--tlsverify",
             "--tlscacert=/c/ca.pem", "--tlscert=/c/cert.pem", "--tlskey=/c/key.pem"],
        ),
        (Endpoint("tcp://h:2376", "--host", tls=Tls(verify=False)), ["--host=tcp://h:2376", "--tls"]),
    ],
)  # fmt: skip
def test_the_flags_for_a_daemon(endpoint: Endpoint, flags: list[str]) -> None:
    assert docker_flags(endpoint) == flags


def test_why_the_files_can_not_be_used(tmp_path: object) -> None:
    file = f"{tmp_path}/compose.yaml"
    assert "do not tell" in missing(ProjectPlace("shop"))
    assert missing(ProjectPlace("-x", "/", ("/x",))) == "its label is no name of a Compose project"
    assert missing(ProjectPlace("shop", "/nowhere/at/all", ("/x",))) == "/nowhere/at/all is not on this machine"
    assert missing(ProjectPlace("shop", str(tmp_path), (file,))) == f"{file} is not on this machine"
    assert missing(ProjectPlace("shop", str(tmp_path), ("oci://x",))) == "oci://x is not a file of this machine"
    with open(file, "w") as opened:
        opened.write("services: {}\n")
    assert missing(ProjectPlace("shop", str(tmp_path), (file,))) == ""


def test_names_that_compose_takes() -> None:
    assert is_project_name("my-shop_2")
    assert not any(map(is_project_name, ("", "-x", "A", "a b", "a\n")))
    assert is_service_name("web.1")
    assert not any(map(is_service_name, ("", "a b", "x\n", "a=b")))


def test_the_last_words_of_a_program() -> None:
    assert last_words(" Container x  Started\nError response from daemon: no\n\n") == "Error response from daemon: no"
    assert last_words("\n \n") == ""


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        (
            'failed to read /x/.env: line 2: unexpected character "%" in variable name "PASS%WORD=hunter2"',
            'failed to read /x/.env: line 2: unexpected character "%" in variable name …',
        ),
        (
            'Failed to load /x/.env: unexpected character "%" in variable name near "PASS%WORD=hunter2\\nB=hunter3"',
            'Failed to load /x/.env: unexpected character "%" in variable name …',
        ),
        (
            'failed to read /x/.env: line 2: unterminated quoted value "hunter2',
            "failed to read /x/.env: line 2: unterminated quoted value …",
        ),
        ('failed to read /x/.env: line 1: unexpected character "\\n" in variable name "hunter2"', None),
        ("yaml: line 4: did not find expected key", "yaml: line 4: did not find expected key"),
    ],
)
def test_what_is_quoted_of_a_file_of_variables_is_left_out(said: str, shown: str | None) -> None:
    assert "hunter" not in last_words(said)
    if shown is not None:
        assert last_words(said) == shown


def test_a_service_without_containers_has_no_hash() -> None:
    assert ComposeService("shop", "web").hashes == frozenset()


def test_the_book_says_the_same_as_all_containers_made_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []

    def counted(name: str, containers: Iterable[Container]) -> Project:
        made.append(name)
        return project_from(name, containers)

    monkeypatch.setattr(projects, "project_from", counted)
    book = ProjectBook()
    all_of = {f"{p}{n}": container(p, "web", n, id=f"{p}{n}") for p in ("shop", "blog", "wiki") for n in (1, 2)}
    other = container("", "", id="alone", labels={})
    moved = msgspec.structs.replace(all_of["shop2"], labels=container("blog", "web", 3).labels)
    steps: list[dict[str, Container]] = [
        all_of,
        all_of | {"alone": other},
        all_of | {"shop1": msgspec.structs.replace(all_of["shop1"], state="exited")},
        all_of | {"shop2": moved},
        {key: found for key, found in all_of.items() if not key.startswith("wiki")},
        {},
    ]
    for containers in steps:
        names = {name for c in containers.values() if (name := c.labels.get(f"{PREFIX}project"))}
        expected = {
            name: project_from(name, [c for c in containers.values() if c.labels.get(f"{PREFIX}project") == name])
            for name in names
        }
        assert {found.name: found for found in book.of(containers).values()} == expected
    # of 10,000 containers, only the projects of those that changed are looked at
    made.clear()
    book.of(all_of)
    made.clear()
    book.of(all_of | {"shop1": msgspec.structs.replace(all_of["shop1"], state="exited")})
    assert made == ["shop"]
