"""The server against its own OpenAPI document: Schemathesis makes requests from it, good ones and bad ones, and holds each
answer against what the document says of it. In the roles of a customer, support and an admin.

The requests are drawn from a seed: SMILECHAT_SEED sets it. SMILECHAT_SCHEMA_EXAMPLES sets how many for each operation.
"""

import json
import os
import subprocess
import sys

import pytest
from running import Server

PASSWORD = "correct horse battery"
SEED = os.environ.get("SMILECHAT_SEED", "20480")
EXAMPLES = os.environ.get("SMILECHAT_SCHEMA_EXAMPLES", "5")

# What has to hold of every answer. Left out is that all which fits the document be accepted: a document cannot say that
# a customer exists.
CHECKS = [
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "negative_data_rejection",
    "unsupported_method",
    "allow_header_conformance",
    "ignored_auth",
]
# Where an id in the path is one that exists, most of the time. What is deleted is nobody else's example.
TICKETS = ["show_ticket", "update_ticket", "list_messages", "send_message", "list_ticket_history", "list_notes", "create_note"]
# Would end the session that everything else is asked in.
ENDS_SESSIONS = "logout"


@pytest.fixture
def server(tmp_path):
    running = Server(tmp_path)
    yield running
    running.stop()


@pytest.fixture
def people(server):
    """Sessions by role, and what each of them can meet: tickets with messages and a note."""
    found = {role: server.new_user(f"{role}-1", PASSWORD, role) for role in ("customer", "support", "admin")}
    token = found["customer"]["access_token"]
    tickets = [server.call("POST", "/api/tickets", {"subject": f"Ticket {n}"}, token)["ticket_id"] for n in range(5)]
    path = f"/api/messages/{tickets[0]}"
    messages = [server.call("POST", path, {"message_content": f"{n}"}, token)["message_id"] for n in range(3)]
    note = {"body": "He called twice."}
    server.call("POST", f"/api/tickets/{tickets[0]}/notes", note, found["support"]["access_token"])
    return found, {"tickets": tickets, "messages": messages, "users": [found["customer"]["user"]["id"]]}


def configuration(ids):
    """Ids that exist, nine times in ten; the document's other parameters are drawn."""
    lines = ["[warnings]", 'fail-on = ["unresolvable_reference"]', "[dictionaries]"]
    lines += [f"{name}.values = {json.dumps(values)}" for name, values in ids.items()]
    uses = [("tickets", "path.id", operation) for operation in TICKETS]
    uses += [("messages", "path.id", "read_message"), ("users", "path.user_id", "show_user")]
    for name, parameter, operation in uses:
        lines += ["[[operations]]", f'include-operation-id = "{operation}"']
        lines += ["[operations.parameters]", f'"{parameter}" = {{ dictionary = "{name}", probability = 0.9 }}']
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize(("role", "phases"), [("admin", "coverage,fuzzing"), ("support", "fuzzing"), ("customer", "fuzzing")])
def test_answers_are_what_the_document_says(server, people, tmp_path, role, phases):
    sessions, ids = people
    config = tmp_path / "schemathesis.toml"
    config.write_text(configuration(ids))
    command = [
        sys.executable, "-m", "schemathesis.cli", "--config-file", str(config), "run", f"{server.url}/openapi.json",
        "--header", f"Authorization: Bearer {sessions[role]['access_token']}", "--checks", ",".join(CHECKS),
        "--phases", phases, "--max-examples", EXAMPLES, "--seed", SEED, "--generation-database", "none",
        "--generation-with-security-parameters", "false",
        "--exclude-operation-id", ENDS_SESSIONS, "--continue-on-failure", "--no-color",
    ]  # fmt: skip
    print(f"seed {SEED} (repeat with SMILECHAT_SEED={SEED})")
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    summary = run.stdout[run.stdout.find("=== SUMMARY ===") :]
    print(summary)
    assert run.returncode == 0, run.stdout[-8_000:] + run.stderr[-2_000:]
    assert "Tested:" in summary
