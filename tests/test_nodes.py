"""Three nodes on one PostgreSQL behind a real balancer: kills, rolling restarts, a database that is gone a while."""

import os
import shutil
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from commands import command
from models import published
from nodes.cluster import Cut, Load, Node, ask, balancer
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from moderator.store import Doors, Site, Store

pytestmark = pytest.mark.skipif(
    shutil.which("haproxy") is None and not os.environ.get("CI"),
    reason="there is no HAProxy here (tests/nodes/install.sh)",
)


@dataclass
class Cluster:
    """The nodes, their balancer, the network to their database, and a site."""

    nodes: list[Node]
    port: int
    network: Cut
    store: Store
    site: Site
    key: str
    url: str

    def stored(self, load: Load) -> dict[str, str]:
        """What the database has of the load: the blog's id → ours."""
        engine = create_engine(self.url)
        with engine.connect() as connection:
            query = text("SELECT external_id, id FROM comments WHERE external_id LIKE :name")
            found = [(row[0], row[1]) for row in connection.execute(query, {"name": f"{load.name}-%"})]
        engine.dispose()
        assert len(found) == len(dict(found))
        return dict(found)


@pytest.fixture(scope="module")
def cluster(postgres_server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    folder = tmp_path_factory.mktemp("nodes")
    engine = create_engine(postgres_server)
    with engine.begin() as connection:
        connection.execute(text("CREATE SCHEMA nodes"))
    engine.dispose()
    url = f"{postgres_server}?options=-csearch_path%3Dnodes"
    parts = make_url(url)
    network = Cut(parts.host or "127.0.0.1", parts.port or 5432)
    network.mend()
    Store.upgrade(url)
    store = Store.open(url, clock=lambda: datetime.now(UTC))
    site, key = store.add_site("blog")
    through = make_url(url).set(host="127.0.0.1", port=network.port).render_as_string(hide_password=False)
    nodes = [Node(folder / f"node{number}", through) for number in range(3)]
    for node in nodes:
        node.begin()
    try:
        for node in nodes:
            node.wait()
        with balancer(folder, [node.port for node in nodes]) as port:
            yield Cluster(nodes, port, network, store, site, key, url)
    finally:
        for node in nodes:
            node.kill()
        network.cut()
        store.close()


def test_a_killed_node_loses_no_acknowledged_decision(cluster: Cluster) -> None:
    with Load(cluster.port, cluster.key, name="kill") as load:
        load.wait_for(100)
        cluster.nodes[1].kill()
        load.wait_for(150)
    stored = cluster.stored(load)
    assert {id: stored.get(id) for id in load.acknowledged} == load.acknowledged
    # A connection that was cut is one request of one blog at most.
    assert len(load.cut) + len(load.refused) <= load.blogs, load.refused
    cluster.nodes[1].start()


def test_a_rolling_restart_fails_no_request(cluster: Cluster) -> None:
    with Load(cluster.port, cluster.key, name="rolling") as load:
        for node in cluster.nodes[:2]:  # two of three: each takes ten seconds, and the third would show nothing new
            load.wait_for(20)
            node.stop()
            load.wait_for(20)
            node.start()
            end = time.monotonic() + 30
            while ask(cluster.port, "GET", "/readyz")[0] != 200:
                assert time.monotonic() < end
            time.sleep(1.2)  # two good answers, half a second apart, and the balancer has it back
    assert (load.refused, load.cut) == ([], [])
    stored = cluster.stored(load)
    assert {id: stored.get(id) for id in load.acknowledged} == load.acknowledged


def test_a_promoted_model_is_in_force_on_all_nodes_within_two_seconds(cluster: Cluster, tmp_path: Path) -> None:
    first = cluster.nodes[0]
    model = published(first.data / "model", seed=3)
    assert command("models", "promote", model, "--data", first.data, "--database", cluster.url).returncode == 0
    begun = time.monotonic()
    late: dict[int, float] = {}
    while len(late) < 3:
        for place, node in enumerate(cluster.nodes):
            if place not in late and ask(node.port, "GET", "/version")[1]["model"] == model:
                late[place] = time.monotonic() - begun
        assert time.monotonic() - begun < 10, late
    assert max(late.values()) < 2.5, late  # two, and what this machine is late
    assert all((node.data / "model" / model / "weights.npy").exists() for node in cluster.nodes)
    # From another node, back again.
    back = command("models", "rollback", "--data", cluster.nodes[2].data, "--database", cluster.url)
    assert back.returncode == 0, back.stderr
    end = time.monotonic() + 10
    while {ask(node.port, "GET", "/version")[1]["model"] for node in cluster.nodes} != {back.stdout.split()[0]}:
        assert time.monotonic() < end


def test_one_request_under_one_key_is_done_once_whichever_nodes_it_reaches(cluster: Cluster) -> None:
    answers: dict[str, list[tuple[int, str]]] = {f"once-{number}": [] for number in range(20)}
    together = threading.Barrier(len(cluster.nodes))

    def send(node: Node) -> None:
        for id, answered in answers.items():
            together.wait(timeout=30)
            body = {"id": id, "body": "Sent to all of them at once"}
            status, answer, _ = ask(node.port, "POST", "/v1/comments", key=cluster.key, body=body, Idempotency_Key=id)
            answered.append((status, answer["id"]))

    threads = [threading.Thread(target=send, args=(node,)) for node in cluster.nodes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for id, answered in answers.items():
        assert len(answered) == 3 and {status for status, _ in answered} <= {200, 201}
        stored = cluster.store.comment_by_external_id(cluster.site, id)
        assert stored is not None and {given for _, given in answered} == {stored.id}


def test_a_revoked_key_is_dead_on_all_nodes_within_a_second(cluster: Cluster) -> None:
    key = cluster.store.add_key(cluster.site.id)
    for node in cluster.nodes:
        assert ask(node.port, "POST", "/v1/comments", key=key, body={"id": "k", "body": "Hello"})[0] in (200, 201)
    cluster.store.revoke_key(cluster.store.keys(cluster.site.id)[-1].id)
    time.sleep(1.0)
    for node in cluster.nodes:
        assert ask(node.port, "POST", "/v1/comments", key=key, body={"id": "k", "body": "Hello"})[0] == 401


def test_a_database_that_is_gone_is_said_and_come_back_to_without_a_restart(cluster: Cluster) -> None:
    careful, key = cluster.store.add_site("publishes what gets an error")
    cluster.store.set_doors(careful.id, Doors(outage_holds=True))
    for node in cluster.nodes:  # each has seen the key
        assert ask(node.port, "POST", "/v1/comments", key=key, body={"id": "k", "body": "Hello"})[0] in (200, 201)
    with Load(cluster.port, cluster.key, name="gone") as load:
        load.wait_for(50)
        cluster.network.cut()
        begun = time.monotonic()
        while not load.refused:
            assert time.monotonic() - begun < 15
            time.sleep(0.05)
        time.sleep(1.5)
        assert cluster.nodes[0].status("/healthz") == 200
        status, problem, headers = ask(cluster.nodes[0].port, "GET", "/readyz")
        assert (status, problem["type"].endswith("unavailable"), bool(headers["Retry-After"])) == (503, True, True)
        # Also through the balancer, which has no node that is ready.
        status, told, headers = ask(cluster.port, "POST", "/v1/comments", key=key, body={"id": "l", "body": "Hello"})
        assert (status, told["decision"], told["id"], told["stored"]) == (200, "hold", None, False)
        assert headers["Retry-After"]
        cluster.network.mend()
        load.wait_for(50)
        status, told, _ = ask(cluster.port, "POST", "/v1/comments", key=key, body={"id": "l", "body": "Hello"})
        assert status == 201 and told["id"]
    assert load.cut == []
    assert {status for _, status, _ in load.refused} == {503}
    assert all(retry_after for _, _, retry_after in load.refused)  # each time the blog was told when to come back
    stored = cluster.stored(load)
    assert {id: stored.get(id) for id in load.acknowledged} == load.acknowledged


def test_connections_that_the_database_ends_are_replaced(cluster: Cluster) -> None:
    engine = create_engine(cluster.url, isolation_level="AUTOCOMMIT")
    with Load(cluster.port, cluster.key, name="ended") as load:
        load.wait_for(20)
        with engine.connect() as connection:
            for _ in range(5):
                connection.execute(
                    text(
                        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                        "WHERE datname = current_database() AND pid <> pg_backend_pid()"
                    )
                )
                load.wait_for(10)
    engine.dispose()
    assert load.cut == []
    assert {status for _, status, _ in load.refused} <= {503}
    stored = cluster.stored(load)
    assert {id: stored.get(id) for id in load.acknowledged} == load.acknowledged
