"""Traces, logs and metrics as a collector receives them: a real receiver, decoded by the official protobuf definitions."""

import gzip
import importlib.util
import json
import re
import socket
import subprocess
import threading
import time
import urllib.request
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import socketio
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from running import Server, free_port, postgres

KINDS = {
    "/v1/traces": ExportTraceServiceRequest,
    "/v1/logs": ExportLogsServiceRequest,
    "/v1/metrics": ExportMetricsServiceRequest,
}
PASSWORD = "correct horse battery"
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = "00f067aa0ba902b7"


class Collector:
    """Takes what is sent, or answers with `status`, or takes `delay` seconds over it."""

    def __init__(self, status: int = 200, delay: float = 0):
        self.status, self.delay = status, delay
        self.requests: list = []
        collector = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                if self.headers["content-encoding"] == "gzip":
                    body = gzip.decompress(body)
                decoded = KINDS[self.path].FromString(body)
                collector.requests.append((self.path, dict(self.headers), decoded))
                time.sleep(collector.delay)
                self.send_response(collector.status)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()

    def of(self, path: str):
        return [decoded for kind, _, decoded in list(self.requests) if kind == path]

    def spans(self):
        return [
            span
            for request in self.of("/v1/traces")
            for resource in request.resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]

    def spans_of_nodes(self):
        """Each with the instance that recorded it."""
        return [
            (attributes(resource.resource)["service.instance.id"], span)
            for request in self.of("/v1/traces")
            for resource in request.resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]

    def records(self):
        return [
            record
            for request in self.of("/v1/logs")
            for resource in request.resource_logs
            for scope in resource.scope_logs
            for record in scope.log_records
        ]

    def metrics(self):
        """By name, as they were sent last."""
        return {
            metric.name: metric
            for request in self.of("/v1/metrics")
            for resource in request.resource_metrics
            for scope in resource.scope_metrics
            for metric in scope.metrics
        }


def wait_for(what: str, condition, limit: float = 20):
    deadline = time.monotonic() + limit
    while not (found := condition()):
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.05)
    return found


def attributes(of) -> dict:
    return {one.key: getattr(one.value, one.value.WhichOneof("value")) for one in of.attributes}


@contextmanager
def running(folder, **environment: str):
    server = Server(folder, LOG_FORMAT="json", SMILECHAT_TELEMETRY__METRICS_SECONDS="1", **environment)
    try:
        yield server
    except BaseException:
        server.process.kill()
        raise
    server.stop()


def newcomer(server: Server) -> str:
    customer = server.call("POST", "/api/auth/register", {"username": f"c{time.time_ns()}", "password": PASSWORD})
    return customer["access_token"]


def connected(server: Server, token: str) -> socketio.Client:
    client = socketio.Client(reconnection=False)
    client.connect(server.url, transports=["websocket"], auth={"token": token}, wait_timeout=10)
    return client


def talk(server: Server):
    """A ticket made under a trace of the caller's, and a message in it by a socket."""
    token = newcomer(server)
    traced = {"traceparent": f"00-{TRACE}-{PARENT}-01", "x-request-id": "of-the-caller"}
    ticket = server.call("POST", "/api/tickets", {"subject": "Traced"}, token, **traced)["ticket_id"]
    client = connected(server, token)
    client.call("join_ticket", {"ticket_id": ticket}, timeout=10)
    sent = client.call("chat_message", {"ticket_id": ticket, "message_content": "a canary in a message"}, timeout=10)
    client.disconnect()
    return sent["message"]


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """What a collector has been told when a server has served a conversation and ended."""
    collector = Collector()
    environment = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url,
        "OTEL_EXPORTER_OTLP_HEADERS": "api-key=a%20secret%20key",
        "OTEL_SERVICE_NAME": "chat-of-the-test",
        "OTEL_RESOURCE_ATTRIBUTES": "deployment.environment.name=testing",
    }
    with running(tmp_path_factory.mktemp("otlp"), **environment) as server:
        talk(server)
        wait_for("metrics", lambda: collector.metrics().get("smilechat_message_ack_seconds"))
        staying = connected(server, newcomer(server))
    staying.disconnect()
    log = server.log.read_text()
    yield collector, log
    collector.stop()


def test_requests_say_who_sends_them(told):
    collector, log = told
    assert {path for path, _, _ in collector.requests} == set(KINDS)
    for _, headers, _ in collector.requests:
        headers = {name.lower(): value for name, value in headers.items()}
        assert headers["api-key"] == "a secret key"
        assert headers["content-type"] == "application/x-protobuf"
    resources = [request.resource_spans[0].resource for request in collector.of("/v1/traces")]
    resources += [request.resource_logs[0].resource for request in collector.of("/v1/logs")]
    resources += [request.resource_metrics[0].resource for request in collector.of("/v1/metrics")]
    for resource in resources:
        given = attributes(resource)
        assert given["service.name"] == "chat-of-the-test"
        assert given["deployment.environment.name"] == "testing"
        assert given["service.version"]
    # Every signal of a process has the same instance, and another process another one; its log says so too.
    [instance] = {attributes(resource)["service.instance.id"] for resource in resources}
    assert len(instance) == 36
    assert {json.loads(line)["service.node.name"] for line in log.splitlines()} == {instance}


def test_a_request_is_one_trace_under_its_callers(told):
    collector, _ = told
    spans = {span.span_id.hex(): span for span in collector.spans() if span.trace_id.hex() == TRACE}
    by_name: dict = {}
    for span in spans.values():
        by_name.setdefault(span.name, []).append(span)
    [request] = by_name["POST /api/tickets"]
    assert request.parent_span_id.hex() == PARENT
    assert request.kind == Span.SPAN_KIND_SERVER
    told_of = attributes(request)
    assert (told_of["http.request.method"], told_of["http.route"]) == ("POST", "/api/tickets")
    assert told_of["http.response.status_code"] == 201
    writes = by_name["write"]
    assert all(attributes(span)["db.system.name"] == "sqlite" for span in writes)
    parent = lambda span: spans[span.parent_span_id.hex()].name  # noqa: E731
    assert {parent(span) for span in writes} == {"POST /api/tickets"}
    assert {parent(span) for span in by_name["queued"]} | {parent(span) for span in by_name["run"]} == {"read", "write"}
    announced = {attributes(span)["event"]: span for span in by_name["announce"]}
    assert parent(announced["ticket_created"]) == "run"
    for span in spans.values():
        assert span.start_time_unix_nano <= span.end_time_unix_nano
    # What a transaction's caller waits for holds its wait and its run.
    for span in by_name["run"]:
        whole = spans[span.parent_span_id.hex()]
        assert whole.start_time_unix_nano <= span.start_time_unix_nano
        assert span.end_time_unix_nano <= whole.end_time_unix_nano


def test_a_sockets_message_is_a_trace_of_its_own(told):
    collector, _ = told
    spans = collector.spans()
    [message] = [span for span in spans if span.name == "chat_message"]
    assert message.parent_span_id == b"" and message.kind == Span.SPAN_KIND_SERVER
    assert message.trace_id.hex() != TRACE
    of_it = [span for span in spans if span.trace_id == message.trace_id]
    names = [span.name for span in of_it]
    assert {"write", "queued", "run", "announce"} <= set(names)
    assert any(span.name == "join_ticket" for span in spans)
    assert "message_sent" in [attributes(span).get("event") for span in of_it]


def test_lines_of_the_log_stand_in_their_trace(told):
    collector, log = told
    [line] = [record for record in collector.records() if attributes(record).get("http.request.id") == "of-the-caller"]
    assert line.body.string_value == "answered"
    assert line.trace_id.hex() == TRACE
    told_of = attributes(line)
    assert (told_of["http.route"], told_of["http.response.status_code"]) == ("/api/tickets", 201)
    [written] = [one for one in map(json.loads, log.splitlines()) if one.get("http.request.id") == "of-the-caller"]
    assert written["trace.id"] == TRACE
    assert written["span.id"] == line.span_id.hex()
    spans = {span.span_id: span.name for span in collector.spans()}
    assert spans[line.span_id] == "POST /api/tickets"
    # What no caller has named begins with its span, and nothing in the log stands in a trace that nobody was told of.
    named = {one["trace.id"] for one in map(json.loads, log.splitlines()) if "http.request.id" in one}
    assert len(named) > 1
    assert named <= {span.trace_id.hex() for span in collector.spans()}
    attached = {attributes(one).get("trace.id") for one in collector.records()} - {None}
    assert attached <= {span.trace_id.hex() for span in collector.spans()}


def test_metrics_are_those_that_are_served(told):
    collector, _ = told
    metrics = collector.metrics()
    acks = metrics["smilechat_message_ack_seconds"]
    assert acks.unit == "s" and acks.description
    [point] = acks.histogram.data_points
    assert point.count == 1 == sum(point.bucket_counts)
    assert len(point.bucket_counts) == len(point.explicit_bounds) + 1
    assert point.start_time_unix_nano < point.time_unix_nano
    messages = metrics["smilechat_messages_total"].sum
    assert messages.is_monotonic
    assert {attributes(one)["role"]: one.as_double for one in messages.data_points}["customer"] == 1
    assert metrics["process_resident_memory_bytes"].gauge.data_points[0].as_double > 1e6
    # Nobody can scrape what the end of the server counts: it is pushed.
    closed = {attributes(one)["reason"]: one.as_double for one in metrics["smilechat_sockets_closed_total"].sum.data_points}
    assert closed["server shutting down"] == 1


def test_nothing_secret_is_sent(told):
    collector, _ = told
    everything = " ".join(str(request) for _, _, request in collector.requests)
    for canary in (PASSWORD, "a canary in a message", "eyJ", "a secret key"):
        assert canary not in everything, canary


def free_address() -> str:
    return f"http://127.0.0.1:{free_port()}"


@pytest.mark.parametrize("trouble", ["away", "refuses", "slow", "silent"])
def test_a_collector_in_trouble_costs_nothing(trouble, tmp_path):
    silent = socket.socket()
    silent.bind(("127.0.0.1", 0))
    silent.listen()
    collector = {"refuses": lambda: Collector(503), "slow": lambda: Collector(delay=30)}.get(trouble, lambda: None)()
    url = collector.url if collector else free_address()
    if trouble == "silent":
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
    with running(tmp_path, OTEL_EXPORTER_OTLP_ENDPOINT=url) as server:
        customer = server.call("POST", "/api/auth/register", {"username": "customer", "password": PASSWORD})
        ticket = server.call("POST", "/api/tickets", {"subject": "x"}, customer["access_token"])["ticket_id"]
        slowest = 0.0
        # More spans than the queue of the exporter holds.
        for number in range(600):
            began = time.monotonic()
            body = {"message_content": f"number {number}"}
            server.call("POST", f"/api/messages/{ticket}", body, customer["access_token"])
            slowest = max(slowest, time.monotonic() - began)
        assert slowest < 3, f"a request took {slowest:.1f} s"
        wait_for("the log to tell of it", lambda: "collector does not take telemetry" in server.log.read_text())
        stopping = time.monotonic()
    assert time.monotonic() - stopping < 8, "the end waits two seconds for a collector, not longer"
    told_of = [line for line in server.log.read_text().splitlines() if "collector does not take telemetry" in line]
    assert len(told_of) <= 3, "once for each signal"
    silent.close()
    if collector:
        collector.stop()


def test_a_collector_that_comes_back_is_told_again(tmp_path):
    collector = Collector(503)
    with running(tmp_path, OTEL_EXPORTER_OTLP_ENDPOINT=collector.url) as server:
        wait_for("a refusal", lambda: "does not take telemetry" in server.log.read_text())
        for signal in ("traces", "metrics", "logs"):
            wait_for(f"refused {signal}", lambda signal=signal: exports_of(server, signal, "failed") > 0)
            assert exports_of(server, signal, "ok") == 0
        collector.status = 200
        wait_for("the log to say so", lambda: "takes telemetry again" in server.log.read_text())
        for signal in ("traces", "metrics", "logs"):
            wait_for(f"{signal} to be taken", lambda signal=signal: exports_of(server, signal, "ok") > 0)
        talk(server)
    assert any(span.name == "chat_message" for span in collector.spans()), "what waits is sent at the end"
    collector.stop()


def exports_of(server: Server, signal: str, outcome: str) -> float:
    labels = [f'signal="{signal}"', f'outcome="{outcome}"']
    lines = metrics_of(server).splitlines()
    [line] = [one for one in lines if one.startswith("smilechat_telemetry_exports_total{") and all(label in one for label in labels)]
    return float(line.split()[-1])


@contextmanager
def rotel(collector: Collector, folder):
    """A collector that others wrote: takes OTLP and sends it on. Answers its address."""
    agent = Path(importlib.util.find_spec("rotel").origin).with_name("rotel-agent")
    port = free_port()
    command = [agent, "start", "--otlp-http-endpoint", f"127.0.0.1:{port}"]
    command += ["--otlp-grpc-endpoint", f"127.0.0.1:{free_port()}", "--pid-file", folder / "rotel.pid"]
    command += ["--exporter", "otlp", "--otlp-exporter-endpoint", collector.url]
    command += ["--otlp-exporter-protocol", "http"]
    with (folder / "rotel.log").open("w") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, cwd=folder)
    try:
        wait_for("Rotel to listen", lambda: socket.socket().connect_ex(("127.0.0.1", port)) == 0)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(20)


def test_it_goes_through_a_collector_that_others_wrote(tmp_path):
    collector = Collector()
    (tmp_path / "server").mkdir()
    with rotel(collector, tmp_path) as url:
        with running(tmp_path / "server", OTEL_EXPORTER_OTLP_ENDPOINT=url, OTEL_SERVICE_NAME="chat-behind") as server:
            talk(server)
            wait_for("metrics", lambda: collector.metrics().get("smilechat_message_ack_seconds"))
            # Neither the server nor what stands between has kept anything back.
            assert "does not take telemetry" not in server.log.read_text()
        wait_for("the span of a message", lambda: any(span.name == "chat_message" for span in collector.spans()))
        of_it = lambda: [one for one in collector.records() if attributes(one).get("http.request.id") == "of-the-caller"]  # noqa: E731
        [line] = wait_for("the line of a request", of_it)
    assert line.trace_id.hex() == TRACE
    [request] = [span for span in collector.spans() if span.name == "POST /api/tickets"]
    assert (request.trace_id.hex(), request.parent_span_id.hex()) == (TRACE, PARENT)
    acks = collector.metrics()["smilechat_message_ack_seconds"].histogram
    assert acks.data_points[0].count == 1
    names = {attributes(request.resource_spans[0].resource)["service.name"] for request in collector.of("/v1/traces")}
    assert names == {"chat-behind"}
    collector.stop()


def test_without_an_address_nothing_is_recorded(tmp_path):
    with running(tmp_path) as server:
        talk(server)
        lines = [json.loads(line) for line in server.log.read_text().splitlines()]
    assert not any("span.id" in line for line in lines)
    [of_the_caller] = [line for line in lines if line.get("http.request.id") == "of-the-caller"]
    assert of_the_caller["trace.id"] == TRACE, "a trace that the caller named is still in the log"


def test_what_another_node_delivers_is_in_the_senders_trace_and_jobs_have_traces_of_their_own(tmp_path):
    collector = Collector()
    traced = lambda trace: {"traceparent": f"00-{trace}-{PARENT}-01"}  # noqa: E731
    ended = TRACE[::-1]
    with postgres() as database:
        environment = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url, "DATABASE_URL": database}
        folders = [tmp_path / name for name in ("one", "two")]
        for folder in folders:
            folder.mkdir()
        with running(folders[0], **environment) as one, running(folders[1], **environment) as two:
            for node in (one, two):
                wait_for("the nodes to hear each other", lambda node=node: node.call("GET", "/readyz")["nodes"] == 2)
            quiet = look_on_while_nothing_happens(one, two)
            customer = {"username": "canary-of-names", "password": PASSWORD}
            token = one.call("POST", "/api/auth/register", customer)["access_token"]
            other = one.call("POST", "/api/auth/login", customer)["access_token"]
            ticket = one.call("POST", "/api/tickets", {"subject": "Far away"}, token)["ticket_id"]
            near, far, heard = socketio.Client(reconnection=False), socketio.Client(reconnection=False), []
            far.on("chat_message", heard.append)
            for client, node, of_session in ((near, one, token), (far, two, other)):
                client.connect(node.url, transports=["websocket"], auth={"token": of_session}, wait_timeout=10)
                client.call("join_ticket", {"ticket_id": ticket}, timeout=10)
            one.call("POST", f"/api/messages/{ticket}", {"message_content": "Hello over there"}, token, **traced(TRACE))
            wait_for("the message on the other node", lambda: heard)
            near.call("typing", {"ticket_id": ticket, "is_typing": True}, timeout=10)
            one.call("PUT", "/api/users/profile", {"name": "Another name"}, token)
            one.call("POST", "/api/auth/logout", {}, other, **traced(ended))
            wait_for("the end of the session on the other node", lambda: not far.connected)
            wait_for("the figures", lambda: by_name(collector).get("count"))
            wait_for("the marks", lambda: by_name(collector).get("mark as delivered"))
            wait_for("the sweeps", lambda: by_name(collector).get("sweep"))
            near.disconnect()
        # What was left was sent at their end.
        of_nodes = collector.spans_of_nodes()
    collector.stop()
    # What is swept goes by the clock, and first soon after the start.
    sweeps = {span.trace_id for _, span in of_nodes if span.name == "sweep"}
    idle = [span.name for _, span in of_nodes if is_within(span, quiet) and span.trace_id not in sweeps]
    assert idle == [], "nothing happened"

    spans = {span.span_id: (node, span) for node, span in of_nodes}
    path = lambda span: [*(path(spans[span.parent_span_id][1]) if span.parent_span_id in spans else []), span.name]  # noqa: E731
    heard = {(span.trace_id.hex(), attributes(span)["event"]): (node, span) for node, span in of_nodes if span.name == "hear hint"}
    for trace, event, began_by in (
        (TRACE, "message_sent", ["POST /api/messages/{id}", "write", "run", "announce"]),
        (ended, "session_ended", ["POST /api/auth/logout", "write", "run", "announce"]),
        (None, "typing", ["typing"]),
    ):
        [(node, hint)] = [found for of, found in heard.items() if of[1] == event and trace in (None, of[0])]
        assert path(hint) == [*began_by, "say hint", "hear hint"]
        said_by, said = spans[hint.parent_span_id]
        assert said_by != node, "heard by the other one"
        assert (said.kind, hint.kind) == (Span.SPAN_KIND_PRODUCER, Span.SPAN_KIND_CONSUMER)
        assert attributes(said)["event"] == event
    # Over there the message was read, to be delivered.
    _, hint = heard[TRACE, "message_sent"]
    paths = [path(span) for _, span in of_nodes if span.trace_id == hint.trace_id]
    assert [*path(hint), "fill", "read", "run"] in paths

    jobs = {name: found for name, found in by_name(collector).items() if name in JOBS}
    assert set(jobs) == JOBS
    parents = {span.parent_span_id for _, span in of_nodes if span.name in ("read", "write")}
    for name, of_job in jobs.items():
        assert all(span.parent_span_id == b"" for span in of_job), name
        assert parents & {span.span_id for span in of_job}, f"{name}: its transactions are not in it"
    orphans = [span.name for _, span in of_nodes if span.name in ("read", "write", "announce") and span.parent_span_id == b""]
    assert orphans == [], "of no trace"
    for canary in ("canary-of-names", "Far away", "Another name", ticket):
        assert not any(canary in str(span) for _, span in of_nodes), canary


JOBS = {"follow events", "count", "tell activity", "mark as delivered", "look people up", "index anew", "sweep"}


def test_what_webhooks_are_told_is_a_trace_for_each_step_and_each_request(tmp_path):
    collector, told = Collector(), []

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self):
            told.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_):
            pass

    receiver = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    threading.Thread(target=receiver.serve_forever, daemon=True).start()
    host = f"127.0.0.1:{receiver.server_address[1]}"
    with running(tmp_path, OTEL_EXPORTER_OTLP_ENDPOINT=collector.url, SMILECHAT_OUTBOUND__OWN_HOSTS=host) as server:
        admin = server.new_user("ada", PASSWORD, "admin")["access_token"]
        server.call("POST", "/api/webhooks", {"url": f"http://{host}/hook", "types": ["ticket.created"]}, admin)
        customer = server.call("POST", "/api/auth/register", {"username": "cora", "password": PASSWORD})["access_token"]
        server.call("POST", "/api/tickets", {"subject": "A canary of subjects"}, customer)
        wait_for("the receiver to be told", lambda: told)
        wait_for("the trace of it", lambda: by_name(collector).get("deliver"))
    receiver.shutdown()
    receiver.server_close()
    collector.stop()
    spans = collector.spans()
    for name in ("derive deliveries", "deliver"):
        jobs = by_name(collector)[name]
        assert all(span.parent_span_id == b"" for span in jobs), name
        within = {span.name for span in spans if span.trace_id in {job.trace_id for job in jobs}}
        assert {"write", "run"} <= within, f"{name}: its transactions are not in it"
    assert not any("A canary of subjects" in str(span) for span in spans)


def by_name(collector: Collector) -> dict:
    found: dict = {}
    for span in collector.spans():
        found.setdefault(span.name, []).append(span)
    return found


def look_on_while_nothing_happens(*nodes: Server):
    """From when to when, in which every job has looked for something to do."""
    reads = lambda node: float(re.search(r'db_run_seconds_count\{kind="read"\} (\S+)', metrics_of(node))[1])  # noqa: E731
    before = [reads(node) for node in nodes]
    began = time.time_ns()
    for node, at_first in zip(nodes, before, strict=True):
        wait_for("looks", lambda node=node, at_first=at_first: reads(node) > at_first + 15, 60)
    return began, time.time_ns()


def metrics_of(node: Server) -> str:
    with urllib.request.urlopen(f"{node.url}/metrics") as answer:
        return answer.read().decode()


def is_within(span, of: tuple) -> bool:
    return of[0] < span.start_time_unix_nano < of[1] and span.name != "GET /metrics"


def test_a_share_of_the_traces(tmp_path):
    collector = Collector()
    with running(tmp_path, OTEL_EXPORTER_OTLP_ENDPOINT=collector.url, SMILECHAT_TELEMETRY__TRACES_PERCENT="0") as server:
        talk(server)
        wait_for("logs", collector.records)
    assert collector.spans() == [], "not even one that its caller had sampled"
    collector.stop()
