"""A second implementation of the protocol against the same server: python-socketio."""

import json
import os
import queue
import re
import secrets
import signal
import socket
import subprocess
import time
import urllib.request
from pathlib import Path

import pytest
import socketio

ROOT = Path(__file__).resolve().parents[2]
BINARY = Path(os.environ.get("SMILECHAT_BIN", ROOT / "target/debug/smilechat")).resolve()
TRANSPORTS = {"websocket": ["websocket"], "polling": ["polling"], "upgrade": ["polling", "websocket"]}


class Server:
    """The real binary with a folder, a port and a database of its own."""

    def __init__(self, folder: Path):
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            port = listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        self.folder = folder
        self.log = folder / "server.log"
        self.environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "HOST": "127.0.0.1",
            "PORT": str(port),
            "DATABASE_URL": f"sqlite://{folder}/smilechat.db",
            "JWT_SECRET": "a secret of the tests alone, long enough to be taken",
            "RATE_LIMIT": "off",
            "SMILECHAT_ASSIGNMENT__ENABLED": "false",
        }
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [BINARY, "serve"], cwd=folder, env=self.environment, stdout=log, stderr=log, stdin=subprocess.DEVNULL
            )
        self.wait_until_ready()

    def wait_until_ready(self):
        deadline = time.monotonic() + 20
        while True:
            try:
                urllib.request.urlopen(f"{self.url}/readyz").close()
                return
            except OSError:
                if self.process.poll() is not None or time.monotonic() > deadline:
                    self.process.kill()
                    raise AssertionError(f"the server is not ready:\n{self.log.read_text()}") from None
                time.sleep(0.05)

    def call(self, method: str, path: str, body=None, token: str | None = None):
        headers = {"content-type": "application/json"}
        if token:
            headers["authorization"] = f"Bearer {token}"
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, headers, method=method)
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(timeout=11) == 0
        assert not re.search("panicked at", self.log.read_text())


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    running = Server(tmp_path_factory.mktemp("smilechat"))
    yield running
    running.stop()


class Person:
    """A user with a socket whose events wait in a queue."""

    def __init__(self, server: Server, session: dict, transport: str):
        self.server = server
        self.token = session["access_token"]
        self.id = session["user"]["id"]
        self.transport = transport
        self.connect()

    def connect(self):
        self.heard: queue.Queue = queue.Queue()
        self.client = socketio.Client(reconnection=False)
        self.client.on("*", lambda name, payload: self.heard.put((name, payload)))
        self.client.connect(
            self.server.url, transports=TRANSPORTS[self.transport], auth={"token": self.token}, wait_timeout=10
        )

    def ask(self, event: str, payload):
        return self.client.call(event, payload, timeout=10)

    def wait_for(self, event: str, fits=lambda payload: True):
        deadline = time.monotonic() + 5
        while True:
            name, payload = self.heard.get(timeout=max(0.001, deadline - time.monotonic()))
            if name == event and fits(payload):
                return payload


@pytest.fixture(params=TRANSPORTS)
def talk(request, server):
    """A customer and support in the room of one ticket."""
    name, password = secrets.token_hex(6), "correct horse battery"
    credentials = {"username": f"c-{name}", "password": password}
    customer = Person(server, server.call("POST", "/api/auth/register", credentials), request.param)
    subprocess.run(
        [BINARY, "user", "create", "--username", f"s-{name}", "--role", "support", "--password-stdin"],
        input=password, text=True, check=True, cwd=server.folder, env=server.environment, stdout=subprocess.DEVNULL,
    )
    credentials = {"username": f"s-{name}", "password": password}
    support = Person(server, server.call("POST", "/api/auth/login", credentials), request.param)
    ticket = server.call("POST", "/api/tickets", {"subject": "From Python"}, customer.token)["ticket_id"]
    for person in (customer, support):
        assert person.ask("join_ticket", {"ticket_id": ticket})["last_seq"] == 0
    yield customer, support, ticket
    for person in (customer, support):
        person.client.disconnect()


def test_a_conversation_reaches_both_sides_in_order(server, talk):
    customer, support, ticket = talk
    for number in range(20):
        writer = (customer, support)[number % 2]
        stored = writer.ask("chat_message", {"ticket_id": ticket, "message_content": f"number {number} ☺"})["message"]
        for person in (customer, support):
            assert person.wait_for("chat_message")["message_id"] == stored["message_id"]
    assert support.ask("typing", {"ticket_id": ticket, "is_typing": True}) == {"ok": True}
    assert customer.wait_for("typing")["user_id"] == support.id
    assert customer.ask("chat_message", "no object")["error"]["code"] == "invalid"
    rows = server.call("GET", f"/api/messages/{ticket}?limit=100", token=customer.token)["data"]
    texts = [row["message_content"] for row in rows if row["kind"] == "text"]
    assert texts == [f"number {number} ☺" for number in range(20)]


def test_a_client_that_was_away_replays_what_it_missed(talk):
    customer, support, ticket = talk
    customer.client.disconnect()
    texts = [{"ticket_id": ticket, "message_content": f"number {number}"} for number in range(120)]
    sent = [support.ask("chat_message", text)["message"] for text in texts]
    customer.connect()
    missed, more = [], True
    while more:
        last = missed[-1]["seq"] if missed else 0
        page = customer.ask("join_ticket", {"ticket_id": ticket, "after_seq": last})
        missed, more = missed + page["messages"], page["has_more"]
    assert [m["message_id"] for m in missed if m["kind"] == "text"] == [m["message_id"] for m in sent]
    assert [m["seq"] for m in missed] == list(range(1, len(missed) + 1))


def test_a_bad_token_is_refused(server):
    for transport in TRANSPORTS.values():
        client = socketio.Client(reconnection=False)
        reasons: queue.Queue = queue.Queue()
        client.on("connect_error", reasons.put)
        with pytest.raises(socketio.exceptions.ConnectionError):
            client.connect(server.url, transports=transport, auth={"token": "bad"}, wait_timeout=10)
        assert reasons.get(timeout=5)["message"] == "unauthorized"
