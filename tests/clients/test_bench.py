"""scripts/bench with a generator that breaks off: nothing is measured before all of it starts, and nothing measured is lost."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from running import ROOT

GENERATOR = """#!/bin/sh
echo "$*" >>asked
case "$*" in *"--rounds 1 start"*) [ ! -e no-postgres ] || { echo "no PostgreSQL" >&2; exit 1; } ;; *)
    echo "SQLite: chat, round 1 of 2" >&2; echo "    messages acked: 7600.00" >&2; [ ! -e breaks ] || exit 1; echo "| a table |" ;;
esac
"""


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """A folder with the real script, in which all that takes long or changes the machine says that it was called."""
    scripts, generator = tmp_path / "scripts", tmp_path / "bench/target/release/smilechat-bench"
    scripts.mkdir()
    shutil.copy(ROOT / "scripts/bench", scripts)
    (scripts / "node-path").write_text("")
    for path in (scripts / "install-databases", scripts / "get-node", tmp_path / "cargo"):
        path.write_text(f'#!/bin/sh\necho "{path.name}" >>called\n')
    generator.parent.mkdir(parents=True)
    generator.write_text(GENERATOR)
    for path in (*scripts.iterdir(), tmp_path / "cargo", generator):
        path.chmod(0o755)
    peer = tmp_path / "bench/peer"
    for lock in (peer / "package-lock.json", peer / "node_modules/installed.json"):
        lock.parent.mkdir(parents=True, exist_ok=True)
        lock.write_text("{}")
    return tmp_path


def bench(house: Path, *words: str) -> subprocess.CompletedProcess:
    environment = {"PATH": f"{house}:{os.environ['PATH']}", "SMILECHAT_BIN": "/bin/true"}
    return subprocess.run([house / "scripts/bench", *words], env=environment, capture_output=True, text=True)


def test_all_is_installed_and_starts_before_anything_is_measured(house):
    (house / "no-postgres").touch()
    refused = bench(house, "--database", "both")
    assert refused.returncode == 1 and "no PostgreSQL" in refused.stderr
    assert (house / "called").read_text().split() == ["install-databases", "get-node", "cargo"]
    asked = (house / "asked").read_text().splitlines()
    assert len(asked) == 1 and "--database postgres" in asked[0], asked
    (house / "no-postgres").unlink()
    assert bench(house, "--database", "both").returncode == 0
    assert len((house / "asked").read_text().splitlines()) == 3


def test_what_needs_no_database_server_installs_none(house):
    assert bench(house, "chat").returncode == 0
    assert (house / "called").read_text().split() == ["get-node", "cargo"]


def test_what_was_measured_is_kept_when_the_rest_breaks_off(house):
    (house / "breaks").touch()
    broken = bench(house, "--database", "both")
    [log] = (house / "target/bench").iterdir()
    assert broken.returncode == 1 and str(log.relative_to(house)) in broken.stderr
    assert "messages acked: 7600.00" in log.read_text()
    (house / "breaks").unlink()
    whole = bench(house, "chat")
    assert whole.returncode == 0 and "| a table |" in whole.stdout
