"""What is counted is right, with several processes and threads; and only who has the token may read it."""

import json
import os
import re
import shutil
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path

import pytest
from conftest import HandClock
from test_story import TOP, ask, environment, serving

from moderator import metrics
from moderator.adaptation import Adaptation
from moderator.app import create_app
from moderator.comment import Comment, Word
from moderator.metrics import CELLS, COUNTED, FAMILIES, GAUGES, LATENCY, Meter
from moderator.probes import door_of
from moderator.rescoring import Rescorer
from moderator.settings import load
from moderator.shelf import Shelf
from moderator.store import Store

TOKEN = "let-me-count"
LINE = re.compile(r'([a-z_]+)(?:\{((?:[a-z_]+="(?:[^"\\]|\\.)*",?)*)\})? (-?[0-9.e+-]+)')


def read(told: str) -> dict[tuple[str, str], float]:
    """The figures of Prometheus' text; it must be nothing else."""
    found = {}
    for line in told.splitlines():
        if not line.startswith("# "):
            matched = LINE.fullmatch(line)
            assert matched, line
            found[matched[1], matched[2] or ""] = float(matched[3])
    return found


def scrape(port: int, token: str = TOKEN) -> tuple[int, str]:
    asked = subprocess.run(
        [
            "curl",
            "-s",
            "-w",
            "%{http_code}",
            "-H",
            f"Authorization: Bearer {token}",
            f"http://127.0.0.1:{port}/metrics",
        ],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    return int(asked[-3:]), asked[:-3]


def test_processes_and_threads_count_together_and_nothing_is_lost_when_one_ends() -> None:
    source = """
import os, threading
from moderator.metrics import Meter
meter = Meter(slots=4)
for generation in range(3):
    children = []
    for _ in range(3):
        pid = os.fork()
        if pid == 0:
            def work():
                for number in range(5000):
                    meter.add(("moderator_decisions_total", f"site {number % 7}", "hold", "in_doubt"))
            threads = [threading.Thread(target=work) for _ in range(4)]
            [thread.start() for thread in threads]
            [thread.join() for thread in threads]
            os._exit(0)
        children.append(pid)
    for pid in children:
        assert os.waitpid(pid, 0)[1] == 0
meter.add(("moderator_decisions_total", "site 0", "hold", "in_doubt"))
print(sum(meter.total().values()), len(meter.total()))
"""
    done = subprocess.run(
        [sys.executable, "-c", source], capture_output=True, text=True, env=environment(), check=False, timeout=60
    )
    assert done.stdout.split() == [str(3 * 3 * 4 * 5000 + 1), "7"], done.stderr


def test_more_sites_than_there_is_room_for_are_counted_as_other() -> None:
    meter = Meter(slots=1)
    for number in range(CELLS + 500):
        meter.add((metrics.DECISIONS.name, f"site {number}", "hold", "in_doubt"))
        meter.add((metrics.DECISIONS.name, "x" * 200, "hold", f"rule {number % 3}"))
    meter.add((metrics.REQUESTS.name, "native", "200"))
    found = meter.total()
    assert sum(found.values()) == 2 * (CELLS + 500) + 1
    assert len(found) < CELLS
    assert found[metrics.DECISIONS.name, "other", "hold", "in_doubt"] > 500


def test_a_duration_is_in_one_bucket_and_in_all_those_above_it() -> None:
    meter = Meter(slots=1)
    for seconds in (0.0005, 0.001, 0.03, 7.0):
        meter.answered("native", "200", seconds)
    found = read(metrics.text(meter.total(), []))
    buckets = [value for (name, _), value in found.items() if name == "moderator_request_seconds_bucket"]
    assert len(buckets) == len(LATENCY) + 1
    assert buckets[0] == 2 and buckets[-1] == 4 and buckets == sorted(buckets)
    assert found["moderator_request_seconds_count", 'door="native"'] == 4
    assert found["moderator_request_seconds_sum", 'door="native"'] == pytest.approx(7.0315)


def test_a_name_with_quotes_is_quoted() -> None:
    meter = Meter(slots=1)
    meter.add((metrics.DECISIONS.name, 'a "b" \\ c\td', "hold", "in_doubt"))
    told = metrics.text(meter.total(), [])
    assert 'site="a \\"b\\" \\\\ c d"' in told
    read(told)


def test_each_address_belongs_to_a_door() -> None:
    doors = {"/v1/comments": "native", "/1.1/comment-check": "akismet", "/coral/x": "coral", "/": "page", "": "page"}
    assert {path: door_of(path) for path in doors} == doors
    assert door_of("/readyz") == "probe" and door_of("/blogspam/k/") == "blogspam" and door_of("/x/y") == "page"


def test_the_figures_of_two_workers_are_those_of_the_load(tmp_path: Path) -> None:
    sent = 40
    with serving(tmp_path / "data", "--workers", "2", "--threads", "4", METRICS_TOKEN=TOKEN) as (port, said):
        key = re.findall(r"mk_[\w-]+", said)[0]
        asked: Counter[str] = Counter()

        def blog(own: int) -> None:
            for number in range(sent // 4):
                body = {
                    "id": f"{own}-{number}",
                    "body": "http://spam.example/buy" if number % 2 else "Thank you, well said",
                }
                status, answer = ask(port, "POST", "/v1/comments", key, body)
                assert status == 201
                asked[f'site="blog",action="{answer["decision"]}",rule="{answer["rule"]}"'] += 1

        blogs = [threading.Thread(target=blog, args=(own,)) for own in range(4)]
        for one in blogs:
            one.start()
        for one in blogs:
            one.join()
        assert ask(port, "POST", "/v1/comments", key, {"id": "0-0", "body": "Thank you, well said"})[0] == 200
        status, told = scrape(port)
        assert status == 200
        found = read(told)
        decided = {labels: value for (name, labels), value in found.items() if name == "moderator_decisions_total"}
        assert decided == dict(asked)  # what came twice was decided once
        assert found["moderator_requests_total", 'door="native",status="201"'] == sent
        assert found["moderator_requests_total", 'door="native",status="200"'] == 1
        assert found["moderator_request_seconds_count", 'door="native"'] == sent + 1
        held = sum(value for labels, value in decided.items() if 'action="hold"' in labels)
        assert found["moderator_held_comments", 'site="blog"'] == held > 0
        assert found["moderator_ready", 'check="store"'] == 1
        assert scrape(port, "wrong")[0] == 401
        # Each family is there once, with its sentence and kind.
        for family in FAMILIES:
            assert told.count(f"# TYPE {family.name} {family.kind}\n") == 1


def test_without_a_token_nothing_is_told(quick_store: Store, tmp_path: Path, clock: HandClock) -> None:
    settings = load({"data": tmp_path}, environment={})
    app = create_app(settings, store=quick_store, shelf=Shelf(tmp_path / "model"), clock=clock)
    answer = app.test_client().get("/metrics")
    assert answer.status_code == 404
    assert "metrics_token" in answer.get_json()["cure"]


def test_figures_of_the_store_are_missing_while_it_does_not_answer(
    quick_store: Store, tmp_path: Path, clock: HandClock
) -> None:
    settings = load({"data": tmp_path, "metrics_token": TOKEN}, environment={})
    app = create_app(settings, store=quick_store, shelf=Shelf(tmp_path / "model"), clock=clock)
    quick_store.close()
    answer = app.test_client().get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
    found = read(answer.get_data(as_text=True))
    assert answer.status_code == 200
    assert found["moderator_ready", 'check="store"'] == 0
    assert not [name for name, _ in found if name.startswith("moderator_outbox")]


@pytest.mark.parametrize("what", ["leaving", "model", "disk", "store", "level"])
def test_what_is_not_ready_is_said_with_its_cure(
    what: str, quick_store: Store, sqlite_url: str, tmp_path: Path, clock: HandClock
) -> None:
    least = str(2**30) if what == "disk" else "1"
    settings = load({"data": tmp_path}, environment={"MODERATOR_LEAST_FREE_MB": least})
    leaving = False
    shelf = Shelf(tmp_path / "model", tmp_path / "none" if what == "model" else None)
    app = create_app(settings, store=quick_store, shelf=shelf, clock=clock, leaving=lambda: leaving)
    client = app.test_client()
    if what == "leaving":
        assert client.get("/readyz").status_code == 200
        leaving = True
    elif what == "store":
        quick_store.close()
    elif what == "level":
        quick_store._write(lambda c: c.exec_driver_sql("UPDATE alembic_version SET version_num = '0001'"))
    answer = client.get("/readyz")
    said = {"leaving": "stop", "model": "no model", "disk": "MB are free", "store": "store", "level": "level"}[what]
    assert answer.status_code == 503 and said in answer.get_json()["detail"]
    assert answer.get_json()["cure"] and answer.headers["Retry-After"]
    assert str(tmp_path) not in answer.get_data(as_text=True)
    assert client.get("/healthz").status_code == 200


def test_the_oldest_that_waits_is_told(quick_store: Store, tmp_path: Path, clock: HandClock) -> None:
    from conftest import HOLD

    site, _ = quick_store.add_site("blog")
    for number in range(3):
        quick_store.remember(site, Comment("Hello", id=str(number)), HOLD, at=clock())
        clock.pass_(hours=1)
    settings = load({"data": tmp_path, "metrics_token": TOKEN}, environment={})
    app = create_app(settings, store=quick_store, shelf=Shelf(tmp_path / "model"), clock=clock)
    told = app.test_client().get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"}).get_data(as_text=True)
    found = read(told)
    assert found["moderator_held_comments", 'site="blog"'] == 3
    assert found["moderator_held_oldest_seconds", 'site="blog"'] == 3 * 3600


def test_how_far_learning_is_behind_is_told_by_any_process_alike(
    store: Store, tmp_path: Path, clock: HandClock
) -> None:
    from conftest import HOLD

    settings = load({"data": tmp_path, "metrics_token": TOKEN}, environment={})
    shelf = Shelf(tmp_path / "model")
    ids = dict.fromkeys(("quiet", "one", "two"), "")
    for name in ids:
        site, _ = store.add_site(name)
        ids[name] = store.remember(site, Comment("Hello", id="1"), HOLD, at=clock()).id

    def behind() -> float:
        app = create_app(settings, store=store, shelf=shelf, clock=clock)
        told = app.test_client().get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"}).get_data(as_text=True)
        return read(told)["moderator_adaptation_behind_seconds", ""]

    assert behind() == 0
    for name in ("one", "two"):
        store.give_verdict(ids[name], Word.HAM, by="ann", door="page")
        clock.pass_(seconds=30)
    assert behind() == 60
    worker = Rescorer(store, Adaptation(store, shelf), clock)  # one process learns, and all say so
    worker.step()
    assert behind() == 0
    store.give_verdict(ids["two"], Word.SPAM, by="ann", door="page")
    clock.pass_(seconds=7)
    assert behind() == 7
    worker.step()
    assert behind() == 0


def test_every_metric_is_named_as_prometheus_has_it() -> None:
    for family in FAMILIES:
        assert re.fullmatch(r"moderator_[a-z_]+", family.name)
        assert family.about.endswith(".")
    assert all(family.name.endswith("_total") for family in COUNTED)
    assert not any(family.name.endswith("_total") for family in GAUGES)


def test_a_node_that_leaves_says_so_before_its_door_closes(tmp_path: Path) -> None:
    from test_story import MODERATOR

    command = [*MODERATOR, "serve", "--data", str(tmp_path), "--port", "0"]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env=environment() | {"MODERATOR_DRAIN_SECONDS": "2"}
    )
    assert process.stdout is not None
    said = "".join(process.stdout.readline() for _ in range(7))
    found = re.search(r"127\.0\.0\.1:(\d+)", said)
    key = re.search(r"mk_[\w-]+", said)
    assert found and key
    port = int(found[1])
    assert ask(port, "GET", "/readyz")[0] == 200
    process.terminate()
    begun = time.monotonic()
    while (status := ask(port, "GET", "/readyz")[0]) == 200:
        assert time.monotonic() - begun < 1.5
    assert status == 503
    assert ask(port, "POST", "/v1/comments", key[0], {"id": "late", "body": "Still answered"})[0] == 201
    process.communicate(timeout=30)
    assert time.monotonic() - begun >= 1.5
    assert process.returncode == 0


def test_json_logs_have_a_line_a_decision_and_nobodys_data(tmp_path: Path) -> None:
    from test_story import MODERATOR

    log = tmp_path / "log"
    with log.open("w") as errors:
        process = subprocess.Popen(
            [*MODERATOR, "serve", "--data", str(tmp_path / "data"), "--port", "0"],
            stdout=subprocess.PIPE, stderr=errors, text=True, env=environment() | {"MODERATOR_LOG_FORMAT": "json"},
        )  # fmt: skip
        assert process.stdout is not None
        said = "".join(process.stdout.readline() for _ in range(7))
        port = int(re.findall(r"127\.0\.0\.1:(\d+)", said)[0])
        key = re.findall(r"mk_[\w-]+", said)[0]
        private = {"body": "Quite-private words", "ip": "203.0.113.77", "user_agent": "Agent-X"}
        author = {"name": "Ann Person", "email": "ann@private.example", "url": "http://ann.private.example/"}
        status, answer = ask(port, "POST", "/v1/comments", key, {"id": "1", "author": author, **private})
        assert status == 201
        process.terminate()
        process.communicate(timeout=30)
    told = log.read_text()
    lines = [json.loads(line) for line in told.splitlines()]
    (decision,) = [line for line in lines if line["logger"] == "moderator.decisions"]
    assert decision["event"] == "decision" and decision["id"] == answer["id"] and decision["ms"] > 0
    assert (decision["site"], decision["action"], decision["rule"]) == ("blog", answer["decision"], answer["rule"])
    for word in ("private", "Ann", "203.0.113", "Agent-X", key):
        assert word not in told


MONITORING = TOP / "deploy/monitoring"


@pytest.mark.parametrize("name", ["grafana-dashboard.json", "alerts.yml"])
def test_every_metric_and_label_that_is_watched_exists(name: str) -> None:
    told = (MONITORING / name).read_text("utf-8")
    if name.endswith(".json"):
        board = json.loads(told)
        told = "\n".join(target["expr"] for panel in board["panels"] for target in panel["targets"])
        told += "\n" + "\n".join(variable["query"] for variable in board["templating"]["list"])
    labels = {family.name: set(family.labels) for family in FAMILIES}
    labels |= {f"{metrics.SECONDS.name}_{end}": {*metrics.SECONDS.labels, "le"} for end in ("bucket", "sum", "count")}
    named = re.findall(r"\b(moderator_[a-z_]+)(?:\{([^}]*)\})?", told)
    assert len(named) > 10
    for metric, matched in named:
        assert metric in labels, metric
        assert set(re.findall(r"(\w+)(?:=~|!=|=)", matched)) <= labels[metric] | {"instance", "job"}, (metric, matched)
    watched = {metric for metric, _ in named}
    if name.endswith(".json"):
        assert watched >= {family.name for family in (*COUNTED, *GAUGES)}


@pytest.mark.skipif(shutil.which("promtool") is None, reason="there is no promtool here (Debian: prometheus)")
def test_prometheus_takes_the_alerts_and_the_figures() -> None:
    alerts = subprocess.run(["promtool", "check", "rules", MONITORING / "alerts.yml"], capture_output=True, check=False)
    assert alerts.returncode == 0, alerts.stderr
    meter = Meter(slots=1)
    meter.answered("native", "201", 0.003)
    meter.add((metrics.DECISIONS.name, "a blog", "hold", "in_doubt"))
    told = metrics.text(meter.total(), [(family, tuple("x" for _ in family.labels), 1.5) for family in GAUGES])
    checked = subprocess.run(["promtool", "check", "metrics"], input=told.encode(), capture_output=True, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_no_descriptor_of_the_meter_is_left_to_other_programs() -> None:
    meter = Meter(slots=1)
    assert not os.get_inheritable(meter._file)
