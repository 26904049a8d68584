"""A second implementation of the protocol against the same server: python-socketio."""

import queue
import secrets
import time

import pytest
import socketio
from running import Server

TRANSPORTS = {"websocket": ["websocket"], "polling": ["polling"], "upgrade": ["polling", "websocket"]}


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
    support = Person(server, server.new_user(f"s-{name}", password, "support"), request.param)
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
