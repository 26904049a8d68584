"""What is in deploy/ and cannot be run here, held against what the binary knows: every setting is one, every path is a route,
every port is the one it listens on, and nothing is shot before it has drained."""

import json
import os
import re
import shutil
import subprocess
import tomllib
import urllib.error
import urllib.request
from fnmatch import fnmatch
from pathlib import Path

import pytest
import yaml
from running import BINARY, ROOT, Server

DEPLOY = ROOT / "deploy"
# What somebody has to put in, as it may look.
SECRETS = {
    "JWT_SECRET": "5tQ2vX9bKc7LwYh3RzNf8MdGsPj6UeAoTiBq4VxZ",
    "DATABASE_URL": "postgres://app:password@db/chat",
    "S3_ACCESS_KEY_ID": "key",
    "S3_SECRET_ACCESS_KEY": "secret",
    "POSTGRES_PASSWORD": "password",
    "CORS_ORIGINS": "https://www.example.com",
}


def documents(path: Path) -> list:
    return [document for document in yaml.safe_load_all(path.read_text()) if document]


COMPOSE = documents(DEPLOY / "compose.yaml")[0]
KUBERNETES = [one for path in sorted((DEPLOY / "kubernetes").glob("*.yaml")) for one in documents(path)]
NGINX = (DEPLOY / "nginx/smilechat.conf").read_text()
DOCKERFILE = (DEPLOY / "docker/Dockerfile").read_text().replace("\\\n", " ")
UNIT = (DEPLOY / "systemd/smilechat.service").read_text()


def filled_in(text: str) -> str:
    """As compose fills in `${NAME}`, `${NAME:-default}` and `${NAME:?complaint}`."""
    return re.sub(r"\$\{(\w+)(?::-([^}]*)|:\?[^}]*)?\}", lambda found: SECRETS.get(found[1], found[2] or ""), text)


def nginx_of_compose() -> str:
    """The file that nginx has there, made by the very command."""
    script = COMPOSE["services"]["nginx"]["command"][-1].split(" > ")[0]
    shipped = script.replace("/etc/smilechat/nginx.conf", str(DEPLOY / "nginx/smilechat.conf"))
    return subprocess.run(["sh", "-c", shipped], check=True, capture_output=True, text=True).stdout


NGINX_OF_COMPOSE = nginx_of_compose()


def of_kind(kind: str) -> list:
    return [one for one in KUBERNETES if one["kind"] == kind]


def containers() -> list:
    return [pod["spec"]["template"]["spec"]["containers"][0] for pod in of_kind("Deployment") + of_kind("Job")]


def of_container(container: dict) -> dict:
    secret = lambda one: SECRETS[one["valueFrom"]["secretKeyRef"]["key"]]  # noqa: E731
    return {one["name"]: one["value"] if "value" in one else secret(one) for one in container["env"]}


def of_unit() -> dict:
    pairs = [line.removeprefix("Environment=").split("=", 1) for line in UNIT.splitlines() if line.startswith("Environment=")]
    return {name: value for name, value in pairs if not name.endswith("_FILE")}


def of_dockerfile() -> dict:
    return dict(re.findall(r"(\w+)=(\S+)", re.search(r"^ENV (.*)$", DOCKERFILE, re.M)[1]))


def of_pm2(**more: str) -> list:
    file = DEPLOY / "pm2/ecosystem.config.cjs"
    script = f"console.log(JSON.stringify(require({json.dumps(str(file))})))"
    environment = {"PATH": os.environ["PATH"], "DATABASE_URL": SECRETS["DATABASE_URL"], **more}
    return json.loads(subprocess.run(["node", "-e", script], env=environment, check=True, capture_output=True).stdout)["apps"]


def settings(environment: dict) -> tuple[dict, str]:
    """The effective settings, and the page that says where each is from."""
    told = subprocess.run([BINARY, "config"], env={"PATH": os.environ["PATH"], **environment}, capture_output=True, text=True)
    assert told.returncode == 0, told.stderr
    return tomllib.loads(told.stdout), told.stdout


PLACES = {
    "compose": lambda: {name: filled_in(value) for name, value in COMPOSE["x-node"]["environment"].items()},
    "kubernetes, nodes": lambda: of_container(containers()[0]),
    "kubernetes, migrate": lambda: of_container(containers()[1]),
    "systemd": of_unit,
    "docker": of_dockerfile,
    "pm2": lambda: of_pm2()[0]["env"],
}


@pytest.mark.parametrize("place", PLACES)
def test_every_variable_is_a_setting(place):
    environment = {name: value for name, value in PLACES[place]().items() if value != ""}
    assert environment
    production = {"SMILECHAT_ENV": "production", "JWT_SECRET": SECRETS["JWT_SECRET"]}
    _, page = settings({**production, **environment})
    for name in environment:
        assert f"# {name}\n" in page, f"{name} in {place} changes nothing"


def test_every_file_of_yaml_is_one():
    for path in DEPLOY.rglob("*.y*ml"):
        assert documents(path), path


def test_nothing_is_shot_before_it_has_drained():
    drain = settings({})[0]["server"]["drain_seconds"]
    assert int(COMPOSE["x-node"]["stop_grace_period"].removesuffix("s")) > drain
    assert int(re.search(r"^TimeoutStopSec=(\d+)$", UNIT, re.M)[1]) > drain
    assert of_pm2()[0]["kill_timeout"] > drain * 1000
    pod = of_kind("Deployment")[0]["spec"]["template"]["spec"]
    pause = int(pod["containers"][0]["lifecycle"]["preStop"]["exec"]["command"][1])
    assert pod["terminationGracePeriodSeconds"] > pause + drain


def test_proxies_are_more_patient_than_the_server():
    config = settings({})[0]
    realtime, server = config["realtime"], config["server"]
    heartbeat = (realtime["ping_interval_ms"] + realtime["ping_timeout_ms"]) / 1000
    sockets = re.search(r"location /socket\.io/ \{(.*?)\n    \}", NGINX, re.S)[1]
    uploads = re.search(r"attachments\$ \{(.*?)\n    \}", NGINX, re.S)[1]
    patience = lambda text: int(re.search(r"proxy_read_timeout (\d+)s", text)[1])  # noqa: E731
    assert patience(sockets) > heartbeat
    assert patience(uploads) > server["upload_timeout_seconds"]
    assert patience(NGINX) > server["request_timeout_seconds"]
    assert int(re.search(r"keepalive_timeout (\d+)s;\n\}", NGINX)[1]) < server["header_timeout_seconds"]
    api, ingress = [one["metadata"]["annotations"] for one in of_kind("Ingress")]
    kept = "nginx.ingress.kubernetes.io/proxy-read-timeout"
    assert int(api[kept]) > server["upload_timeout_seconds"] and int(ingress[kept]) > heartbeat


def test_each_behind_a_proxy_knows_of_it():
    for place in ("compose", "kubernetes, nodes", "systemd", "pm2"):
        assert PLACES[place]()["SMILECHAT_SERVER__TRUSTED_PROXIES"] == "1", place
    assert "X-Forwarded-For $remote_addr" in NGINX and "proxy_add_x_forwarded_for" not in NGINX


def test_a_node_that_is_made_anew_is_found_at_its_new_address():
    # Docker's own resolver; `resolve` looks into it, needs a zone, and a version that has it.
    assert NGINX_OF_COMPOSE.startswith("resolver 127.0.0.11 valid=5s")
    assert "127.0.0.1:310" not in NGINX_OF_COMPOSE
    version = re.search(r"nginx:(\d+)\.(\d+)", COMPOSE["services"]["nginx"]["image"])
    assert (int(version[1]), int(version[2])) >= (1, 28)
    upstreams = re.findall(r"upstream \w+ \{(.*?)\n\}", NGINX_OF_COMPOSE, re.S)
    assert len(upstreams) == 2 and all("zone " in upstream for upstream in upstreams)


def test_ports_are_those_that_are_listened_on():
    port = settings({})[0]["server"]["port"]
    container = containers()[0]
    assert container["ports"] == [{"name": "http", "containerPort": port}]
    assert of_kind("Service")[0]["spec"]["ports"][0]["targetPort"] == "http"
    assert re.search(r"^EXPOSE (\d+)$", DOCKERFILE, re.M)[1] == str(port)
    assert f"/dev/tcp/127.0.0.1/${{PORT:-{port}}}" in DOCKERFILE
    assert [app["env"]["PORT"] for app in of_pm2(SMILECHAT_NODES="3")] == [str(port + index) for index in range(3)]
    assert of_unit()["PORT"] == str(port)
    nodes = [name for name in COMPOSE["services"] if name.startswith("node")]
    for index, node in enumerate(nodes):
        place = f"127.0.0.1:{port + index}"
        assert place in NGINX and NGINX_OF_COMPOSE.count(f"    server {node}:{port} resolve ") == 2
    targets = documents(DEPLOY / "prometheus/compose.yml")[0]["scrape_configs"][0]["static_configs"][0]["targets"]
    assert targets == [f"{node}:{port}" for node in nodes]


def test_every_path_is_a_route(tmp_path):
    with_paths = [path["path"] for one in of_kind("Ingress") for path in one["spec"]["rules"][0]["http"]["paths"]]
    probes = [containers()[0][name]["httpGet"]["path"] for name in ("startupProbe", "livenessProbe", "readinessProbe")]
    examples = {
        "/api": "/api/widget",
        # What is below has its hash in its name.
        "/widget": "/widget.js",
        "/socket.io/": "/socket.io/?EIO=4&transport=polling",
        "/docs": "/docs/",
    }
    server = Server(tmp_path)
    try:
        for path in {*with_paths, *probes, re.search(r"GET (\S+) HTTP", DOCKERFILE)[1]}:
            asked = examples.get(path, path)
            is_page = path.startswith(("/app", "/demo", "/widget"))
            if is_page and not (ROOT / "web/dist").exists():
                continue
            if path == "/help":
                # Nothing is published here: a page that says so, and no missing route.
                assert is_page_of_html(server.url + "/help/default")
                continue
            status = status_of(server.url + asked)
            assert status < 400 or status in (401, 403), f"{asked}: {status}"
    finally:
        server.stop()


def is_page_of_html(url: str) -> bool:
    try:
        with urllib.request.urlopen(url) as answer:
            return answer.headers["content-type"].startswith("text/html")
    except urllib.error.HTTPError as refusal:
        return refusal.headers["content-type"].startswith("text/html")


def status_of(url: str) -> int:
    try:
        with urllib.request.urlopen(url) as answer:
            return answer.status
    except urllib.error.HTTPError as refusal:
        return refusal.code


def test_kubernetes_parts_belong_together():
    deployment, budget, service = of_kind("Deployment")[0], of_kind("PodDisruptionBudget")[0], of_kind("Service")[0]
    labels = deployment["spec"]["template"]["metadata"]["labels"]
    assert deployment["spec"]["selector"]["matchLabels"] == labels == budget["spec"]["selector"]["matchLabels"]
    assert service["spec"]["selector"] == labels
    for ingress in of_kind("Ingress"):
        for path in ingress["spec"]["rules"][0]["http"]["paths"]:
            assert path["backend"]["service"] == {"name": service["metadata"]["name"], "port": {"name": "http"}}
    policy = of_kind("NetworkPolicy")[0]["spec"]
    assert policy["podSelector"]["matchLabels"] == labels and policy["policyTypes"] == ["Ingress"]
    assert [entry["ports"] for entry in policy["ingress"]] == [[{"port": "http"}]]
    assert all(one["namespaceSelector"]["matchLabels"] for entry in policy["ingress"] for one in entry["from"])
    assert {container["image"] for container in containers()} == {f"smilechat:{version()}"}
    for container in containers():
        guard = container["securityContext"]
        assert guard["readOnlyRootFilesystem"] and not guard["allowPrivilegeEscalation"]
        volumes = {mount["name"] for mount in container["volumeMounts"]}
        assert volumes and container["args"][0] in ("serve", "migrate")


def test_uploads_fill_a_disk_of_the_pods_own():
    # statvfs of an emptyDir tells of the machine's disk, not of its sizeLimit.
    volumes = {one["name"]: one for one in of_kind("Deployment")[0]["spec"]["template"]["spec"]["volumes"]}
    mounted = {mount["mountPath"]: mount["name"] for mount in containers()[0]["volumeMounts"]}
    environment = PLACES["kubernetes, nodes"]()
    disk = volumes[mounted[environment["SMILECHAT_DATA_DIR"]]]["ephemeral"]["volumeClaimTemplate"]["spec"]
    mebibytes = 1024 * int(disk["resources"]["requests"]["storage"].removesuffix("Gi"))
    floor = settings({})[0]["files"]["min_free_mib"]
    assert mebibytes > floor + 10 * 250


def version() -> str:
    return tomllib.loads((ROOT / "Cargo.toml").read_text())["package"]["version"]


def test_compose_names_what_is_there():
    services, volumes = COMPOSE["services"], COMPOSE["volumes"]
    for name, service in services.items():
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            is_there = source in volumes or (DEPLOY / source).exists() or source == "./certificates"
            assert is_there, f"{name} mounts {source}"
        assert set(service.get("depends_on", {})) <= set(services)
    build = COMPOSE["x-node"]["build"]
    assert (DEPLOY / build["context"] / build["dockerfile"]).exists()
    for name in ("node1", "node2"):
        assert services[name]["read_only"] and services[name]["cap_drop"] == ["ALL"]
        assert (DEPLOY / "nginx/smilechat.conf").exists()


def test_alerts_get_out_as_operations_says(tmp_path):
    section = re.search(r"### How alerts get out\n(.*?)\n## ", (ROOT / "docs/OPERATIONS.md").read_text(), re.S)[1]
    alertmanager, alerting = re.findall(r"```yaml\n(.*?)```", section, re.S)
    promtool = shutil.which("promtool") or ROOT / "target/tools/prometheus/usr/bin/promtool"
    shutil.copy(DEPLOY / "prometheus/alerts.yml", tmp_path)
    for name in ("prometheus.yml", "compose.yml"):
        config = tmp_path / name
        config.write_text((DEPLOY / "prometheus" / name).read_text() + alerting)
        checked = subprocess.run([promtool, "check", "config", config], capture_output=True, text=True)
        assert checked.returncode == 0, checked.stderr
        assert yaml.safe_load(config.read_text())["alerting"]["alertmanagers"]
    route, receivers = (yaml.safe_load(alertmanager)[name] for name in ("route", "receivers"))
    assert {one["name"] for one in receivers} == {route["receiver"], *(one["receiver"] for one in route["routes"])}
    rules = [rule for group in documents(DEPLOY / "prometheus/alerts.yml")[0]["groups"] for rule in group["rules"]]
    wanted = {matcher for one in route["routes"] for matcher in one["matchers"]}
    assert wanted <= {f'severity="{rule["labels"]["severity"]}"' for rule in rules if "alert" in rule}


def test_what_compose_asks_for_first_can_be_done(tmp_path):
    head = re.match(r"(?:#.*\n)+", (DEPLOY / "compose.yaml").read_text())[0]
    commands = "\n".join(re.findall(r"^#   (.*)$", head, re.M))
    before, docker, _ = commands.partition("docker compose up")
    assert docker
    subprocess.run(["sh", "-euc", before], cwd=tmp_path, check=True, capture_output=True)
    mounted = next(one for one in COMPOSE["services"]["nginx"]["volumes"] if one.startswith("./certificates:"))
    folder = mounted.split(":")[1]
    for file in re.findall(r"ssl_certificate(?:_key)? +(\S+);", NGINX):
        assert (tmp_path / "certificates" / Path(file).relative_to(folder)).stat().st_size > 0
    # Every variable that compose refuses to do without is among them.
    for name in re.findall(r"\$\{(\w+):\?", (DEPLOY / "compose.yaml").read_text()):
        assert re.search(rf"\b{name}=", before), name


def test_postgres_of_compose_is_asked_as_the_nodes_ask_it():
    # Its image runs the scripts of a new database with a server that listens on a socket alone.
    asked = COMPOSE["services"]["postgres"]["healthcheck"]["test"]
    assert asked[:4] == ["CMD", "pg_isready", "-h", "127.0.0.1"]
    waited_for = COMPOSE["services"]["migrate"]["depends_on"]["postgres"]
    assert waited_for == {"condition": "service_healthy"}


def test_the_image_has_what_the_build_reads():
    stages = re.split(r"^FROM ", DOCKERFILE, flags=re.M)[1:]
    copied = []
    for stage in stages:
        for line in re.findall(r"^COPY (?!--from)(.*)$", stage, re.M):
            *sources, _ = line.split()
            for source in sources:
                assert (ROOT / source).exists(), f"COPY {source}"
            if stage.startswith("rust:"):
                copied += sources
    assert re.search(r"^USER (?!0|root)\S+$", stages[-1], re.M)
    assert tomllib.loads((ROOT / "Cargo.toml").read_text())["package"]["rust-version"] in stages[1]
    for path in (ROOT / "src").rglob("*.rs"):
        for name in re.findall(r'include_(?:str|bytes)!\("([^"]+)"\)', path.read_text()):
            read = (path.parent / name).resolve().relative_to(ROOT)
            assert any(read.is_relative_to(source) for source in copied), f"{path} reads {read}, which the image lacks"
    # What Cargo itself looks for; the second is how the bundled SQLite is compiled.
    for name in ("Cargo.lock", ".cargo/config.toml", "build.rs", "rust-toolchain.toml", "rust-toolchain"):
        is_copied = any(Path(name).is_relative_to(source) for source in copied)
        assert is_copied or not (ROOT / name).exists(), f"Cargo reads {name}, which the image lacks"


def test_what_the_image_copies_is_not_ignored():
    ignored = (DEPLOY / "docker/Dockerfile.dockerignore").read_text().split()
    for line in re.findall(r"^COPY (?!--from)(.*)$", DOCKERFILE, re.M):
        for source in line.split()[:-1]:
            for path in (Path(source), *Path(source).parents):
                assert not any(fnmatch(str(path), one.removeprefix("**/")) for one in ignored), f"{source} is ignored"
    assert {"data", "deploy/certificates", "target"} <= set(ignored), "secrets of this folder are no builder's affair"


def test_the_image_is_healthy_while_the_server_is_ready(tmp_path):
    check = json.loads(re.search(r"^HEALTHCHECK .*? CMD (\[.*\])$", DOCKERFILE, re.M)[1])
    server = Server(tmp_path)
    is_healthy = lambda: subprocess.run(check, env=server.environment, capture_output=True).returncode == 0  # noqa: E731
    try:
        assert is_healthy()
    finally:
        server.stop()
    assert not is_healthy()


def value_of_unit(name: str, section: str) -> str:
    text = re.search(rf"^\[{section}\]\n(.*?)(?=^\[|\Z)", UNIT, re.M | re.S)[1]
    found = re.search(rf"^{name}=(.*)$", text, re.M)
    assert found, f"no {name} in [{section}]"
    return found[1]


def test_a_unit_waits_for_a_database_that_comes_late():
    assert value_of_unit("StartLimitIntervalSec", "Unit") == "0", "systemd gives up after five starts"
    assert 2 <= int(value_of_unit("RestartSec", "Service")) <= 10
    assert value_of_unit("Restart", "Service") == "on-failure"


def test_a_mistake_in_the_settings_is_not_tried_again_and_again():
    wrong = {"PATH": os.environ["PATH"], "SMILECHAT_ENV": "production", "JWT_SECRET": "short"}
    code = subprocess.run([BINARY, "serve"], env=wrong, capture_output=True).returncode
    assert str(code) == value_of_unit("RestartPreventExitStatus", "Service")


def test_nodes_of_one_machine_are_one_user():
    # Without a name the user is called as the unit is, and a name with an @ is none.
    assert value_of_unit("DynamicUser", "Service") == "yes"
    assert re.fullmatch(r"[a-z_][a-z0-9_-]*", value_of_unit("User", "Service"))


def test_a_command_under_systemd_finds_what_the_unit_has():
    section = re.search(r"## Commands beside the server\n(.*?)\n## ", (ROOT / "docs/OPERATIONS.md").read_text(), re.S)[1]
    command = re.search(r"systemd-run (?:.*\\\n)*.*", section)[0]
    properties, variables = (re.findall(rf" -{flag} (\S+)", command) for flag in "pE")
    assert {one.split("=")[0] for one in properties} >= {"DynamicUser", "User", "StateDirectory", "EnvironmentFile"}
    for line in properties + [f"Environment={variable}" for variable in variables]:
        assert f"\n{line}\n" in UNIT, line
    program = re.search(r" (/\S+) user create ", command)[1]
    assert f"\nExecStart={program} " in UNIT


@pytest.mark.parametrize("name", ["smilechat.service", "smilechat@3100.service"])
def test_systemd_finds_no_fault_and_little_exposure(tmp_path, name):
    analyze = shutil.which("systemd-analyze")
    if not analyze:
        pytest.skip("no systemd-analyze here")
    unit = tmp_path / name
    template = tmp_path / name.replace("3100", "")
    written = UNIT.replace("/usr/local/bin/smilechat", str(BINARY))
    # As the head of the file says.
    template.write_text(written if unit == template else written.replace("PORT=3100", "PORT=%i"))
    verified = subprocess.run([analyze, "verify", "--man=no", unit], capture_output=True, text=True)
    complaints = [line for line in verified.stderr.splitlines() if template.name in line or name in line]
    assert complaints == [] and verified.returncode == 0, verified.stderr
    # In tenths: 2.0 of 10 at most.
    judged = subprocess.run([analyze, "security", "--offline=yes", "--threshold=20", unit], capture_output=True, text=True)
    assert judged.returncode == 0, judged.stdout + judged.stderr
