"""What a task of a service is called among the lines of others, and why there are none of it."""

import pytest

from tui.jobs.task_logs import label_of, record_of, why_away
from tui.model.swarm import SwarmNode, SwarmService, SwarmTask
from tui.present.log_title import Reading, log_title
from tui.present.logs import ended_mark, why_empty

WEB = SwarmService("s" * 25, "web")
DOWN = SwarmNode("n" * 25, "worker", state="down", message="heartbeat failure")


def test_labels_have_the_slot_and_the_node_but_not_the_stack() -> None:
    stack = SwarmService("s", "shop_web", labels={"com.docker.stack.namespace": "shop"})
    assert label_of(SwarmTask("t", "s", "n", 2), stack, "worker") == "web.2@worker"
    assert label_of(SwarmTask("t", "s", "n"), WEB, "worker") == "web@worker"
    assert label_of(SwarmTask("t", "s", "", 2), WEB, "") == "web.2"


@pytest.mark.parametrize(
    ("task", "state"),
    [("running", "running"), ("pending", "created"), ("preparing", "created"), ("failed", "exited"),
     ("rejected", "exited"), ("orphaned", "exited"), ("something new", "exited")],
)  # fmt: skip
def test_states_of_tasks_are_those_of_containers(task: str, state: str) -> None:
    assert record_of(SwarmTask("t" * 25, "s", state=task), WEB, "", None).state == state


def test_a_task_that_could_not_be_run_says_why() -> None:
    task = SwarmTask("t" * 25, "s", "n", 1, state="rejected", error="No such image: web:9", time=5.0)
    assert ended_mark(record_of(task, WEB, "worker", None)) == "— web.1.ttttt@worker ended: No such image: web:9 —"
    waiting = SwarmTask("t" * 25, "s", "", 1, state="pending", error="no suitable node")
    said = why_empty(record_of(waiting, WEB, "", None), "ended", "")
    assert said == "web.1.ttttt was not started yet: no suitable node"


@pytest.mark.parametrize(
    ("tasks", "said"),
    [
        ([], "no tasks"),
        (["failed", "complete"], "ended"),
        (["failed", "ready"], "following"),
        (["running"], "following"),
    ],
    ids=["none", "all ended", "the next one is to come", "one runs"],
)
def test_how_the_log_of_a_service_stands(tasks: list[str], said: str) -> None:
    records = [record_of(SwarmTask("t" * 25, "s", state=state), WEB, "", None) for state in tasks]
    phases = ["following" if state == "running" else "ended" for state in tasks]
    facts = Reading(records, phases, [""] * len(tasks), "web", none="no tasks")
    assert log_title(facts, ascii_only=False)[1][0][0].strip() == said


def test_why_no_line_can_come_is_said() -> None:
    task = SwarmTask("t" * 25, "s", "n", 1, state="running", log_driver="none")
    said = why_empty(record_of(task, WEB, "worker", DOWN), "following", "")
    assert "its node worker is down: heartbeat failure" in said
    assert "its log driver is none" in said
    assert why_away(None, "") == why_away(SwarmNode("n", "worker", state="ready"), "worker") == ""
