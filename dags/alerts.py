"""Tells people: a run failed, or a run waits for them. Callbacks of DAGs and of questions.

Alerts go as JSON {"text": ...} to the connection `mathquarry_alerts` (host: the webhook's address, password: its secret
last part, if it has one), which Slack, Mattermost and others read. With no such connection they stand in the log.
"""

import logging
from typing import Any

import requests
from airflow.sdk import Connection
from airflow.sdk.exceptions import AirflowNotFoundException

CONNECTION = "mathquarry_alerts"
TIMEOUT_SECONDS = 10
LOG = logging.getLogger(__name__)


def run_failed(context: Any) -> None:
    """For a DAG's `on_failure_callback`."""
    alert(f"{context['dag'].dag_id} failed: run {context['run_id']}")


def approval_waits(context: Any) -> None:
    """For a question's `notifiers`."""
    where = f"{context['dag'].dag_id}, {context['ti'].task_id} of run {context['run_id']}"
    alert(f"{where} waits for a person: see Required Actions")


def alert(text: str) -> None:
    """Log a line and send it; one that cannot be sent never fails what it tells of."""
    LOG.warning(text)
    try:
        connection = Connection.get(CONNECTION)
    except AirflowNotFoundException:
        return
    address = "/".join(filter(None, [(connection.host or "").rstrip("/"), connection.password]))
    try:
        requests.post(address, json={"text": text}, timeout=TIMEOUT_SECONDS).raise_for_status()
    except requests.RequestException as error:
        LOG.error("the alert could not be sent: %s", type(error).__name__)  # its text holds the secret address
