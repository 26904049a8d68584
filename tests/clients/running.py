"""Starts the real binary for a suite, and ends it; proves by the way that it had no panic and no internal error."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BINARY = Path(os.environ.get("SMILECHAT_BIN", ROOT / "target/debug/smilechat")).resolve()


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class Server:
    """The real binary with a folder, a port and a database of its own."""

    def __init__(self, folder: Path, **environment: str):
        port = free_port()
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
            "SMILECHAT_AUTH__ACCESS_TOKEN_SECONDS": "86400",
            "SMILECHAT_ASSIGNMENT__ENABLED": "false",
            **environment,
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

    def call(self, method: str, path: str, body=None, token: str | None = None, **more: str):
        headers = {"content-type": "application/json", **more}
        if token:
            headers["authorization"] = f"Bearer {token}"
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, headers, method=method)
        with urllib.request.urlopen(request) as answer:
            return json.load(answer) if answer.status != 204 else None

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(timeout=11) == 0
        log = self.log.read_text()
        faults = re.findall('.*(?:panicked at| ERROR |"log.level":"error").*', log)
        if read := os.environ.get("SMILECHAT_LOGS_READ"):
            with open(read, "a") as lines:
                lines.write(f"{log.count(chr(10))} {len(faults)}\n")
        assert not faults, faults

    def new_user(self, username: str, password: str, role: str):
        """The session of a new user."""
        subprocess.run(
            [BINARY, "user", "create", "--username", username, "--role", role, "--password-stdin"],
            input=password, text=True, check=True, cwd=self.folder, env=self.environment, stdout=subprocess.DEVNULL,
        )
        return self.call("POST", "/api/auth/login", {"username": username, "password": password})


@contextmanager
def postgres():
    """The address of a private PostgreSQL. It refuses to run as root; then it runs as the user that its package made."""
    programs = max(Path("/usr/lib/postgresql").iterdir(), key=lambda version: int(version.name)) / "bin"
    as_user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] if os.getuid() == 0 else []

    def run(program: str, *arguments: str):
        subprocess.run([*as_user, programs / program, *arguments], check=True, cwd="/tmp", stdout=subprocess.DEVNULL)

    with tempfile.TemporaryDirectory(prefix="smilechat-postgres-") as folder:
        if as_user:
            shutil.chown(folder, "postgres")
        port, data = free_port(), f"{folder}/data"
        run("initdb", "-D", data, "-U", "app", "--auth=trust", "--no-sync", "--encoding=UTF8")
        settings = f"-c listen_addresses=127.0.0.1 -c port={port} -c unix_socket_directories={folder}"
        run("pg_ctl", "-w", "-D", data, "-l", f"{folder}/log", "-o", settings, "start")
        try:
            make = "create role smilechat login createdb; alter database postgres owner to smilechat"
            run("psql", "-q", "-d", f"postgres://app@127.0.0.1:{port}/postgres", "-c", make)
            yield f"postgres://smilechat@127.0.0.1:{port}/postgres"
        finally:
            run("pg_ctl", "-w", "-D", data, "-m", "fast", "stop")
