"""Alerts reach a webhook, and never break what they tell of."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from airflow.sdk import Connection
from airflow.sdk.exceptions import AirflowNotFoundException

from dags.alerts import CONNECTION, approval_waits, run_failed

CONTEXT: dict[str, Any] = {"run_id": "monday", "dag": None}


class Webhook(BaseHTTPRequestHandler):
    """Keeps what was posted."""

    posted: list[tuple[str, dict[str, str]]] = []
    status = 200

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.posted.append((self.path, json.loads(body)))
        self.send_response(self.status)
        self.end_headers()

    def log_message(self, *words: object) -> None: ...


@pytest.fixture
def webhook(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Webhook]]:
    server = HTTPServer(("127.0.0.1", 0), Webhook)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    Webhook.posted, Webhook.status = [], 200
    host = f"http://127.0.0.1:{server.server_port}/hooks"
    found = Connection(conn_id=CONNECTION, conn_type="http", host=host, password="secret")
    monkeypatch.setattr(Connection, "get", classmethod(lambda cls, name: found))
    yield Webhook
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_failed_run_is_posted_to_the_connections_webhook(webhook: type[Webhook], dags: dict[str, Any]) -> None:
    run_failed(CONTEXT | {"dag": dags["recall_math"]})
    assert webhook.posted == [("/hooks/secret", {"text": "recall_math failed: run monday"})]


def test_a_question_is_posted_with_where_it_waits(webhook: type[Webhook], dags: dict[str, Any]) -> None:
    dag = dags["recall_math"]
    approval_waits(CONTEXT | {"dag": dag, "ti": dag.get_task("round_1.approve_domains")})
    ((_, said),) = webhook.posted
    where = "recall_math, round_1.approve_domains of run monday"
    assert said == {"text": f"{where} waits for a person: see Required Actions"}


def test_a_webhook_that_refuses_breaks_nothing_and_its_secret_stays_out_of_the_log(
    webhook: type[Webhook], dags: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    webhook.status = 500
    run_failed(CONTEXT | {"dag": dags["recall_math"]})
    assert "the alert could not be sent: HTTPError" in caplog.text
    assert "secret" not in caplog.text


def test_with_no_connection_the_alert_stands_in_the_log(
    monkeypatch: pytest.MonkeyPatch, dags: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    def absent(cls: type, name: str) -> Connection:
        raise AirflowNotFoundException(name)

    monkeypatch.setattr(Connection, "get", classmethod(absent))
    run_failed(CONTEXT | {"dag": dags["align"]})
    assert "align failed: run monday" in caplog.text
