//! The binary: commands beside a running server, refusals at the start, and a drain at the end.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::harness::{Engine, PASSWORD, Server};

fn smilechat(folder: &Path, args: &[&str], environment: &[(&str, &str)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_smilechat"));
    command.args(args).env_clear().envs(environment.iter().copied()).current_dir(folder);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn run(folder: &Path, args: &[&str], environment: &[(&str, &str)], input: &str) -> Output {
    let mut child = smilechat(folder, args, environment).spawn().expect("the binary runs");
    child.stdin.take().expect("it is piped").write_all(input.as_bytes()).expect("it reads");
    child.wait_with_output().expect("it ends")
}

fn answer(output: Output) -> Value {
    assert!(output.status.success(), "{output:?}");
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{output:?}: {error}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn tenants_and_users_are_made_while_the_server_runs() {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let server = Server::start(engine).await;
        let folder = tempfile::tempdir().expect("a folder");
        let environment = [
            ("DATABASE_URL", server.running.app.config.database.url.as_str()),
            ("SMILECHAT_AUTH__PASSWORD_MEMORY_KIB", "64"),
        ];
        let name = " Ačme & Söhne; --drop ";
        let tenant = answer(run(folder.path(), &["tenant", "create", "--name", name], &environment, ""));
        assert_eq!(tenant["name"], name);
        let fields = ["identity_secret", "name", "publishable_key", "secret_key", "tenant_id"];
        assert_eq!(tenant.as_object().expect("an object").keys().collect::<Vec<_>>(), fields);
        assert!(!run(folder.path(), &["tenant", "create", "--name", name], &environment, "").status.success());
        let create = |role: &str, username: &str, password: &str| {
            let args = ["user", "create", "--username", username, "--role", role, "--tenant", name, "--password-stdin"];
            run(folder.path(), &args, &environment, password)
        };
        let user = answer(create("support", "sue", &format!("{PASSWORD}\n")));
        assert_eq!((&user["username"], &user["role"]), (&json!("sue"), &json!("support")));
        assert_eq!(create("support", "SUE", PASSWORD).status.code(), Some(1));
        assert_eq!(create("root", "sam", PASSWORD).status.code(), Some(2));
        assert_eq!(create("customer", "sam", "short").status.code(), Some(1));
        let key = tenant["publishable_key"].as_str().expect("a key");
        let login = server.post("/api/auth/login").key(key).json(json!({"username": "sue", "password": PASSWORD}));
        assert_eq!(login.await.expect(200)["user"]["id"], user["id"]);
        server.running.app.db.clone().close().await;
    }
}

#[test]
fn a_tenant_that_is_not_there_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    assert!(run(folder.path(), &["migrate"], &[], "").status.success());
    std::fs::write(folder.path().join("a.md"), "Text.").expect("written");
    std::fs::write(folder.path().join("a.jsonl"), r#"{"question":"x","expected":"a"}"#).expect("written");
    for args in [
        &["kb", "import", "--tenant", "nope", "a.md"][..],
        &["bot", "eval", "--tenant", "nope", "a.jsonl"],
        &["user", "create", "--username", "sue", "--role", "admin", "--tenant", "nope", "--password-stdin"],
    ] {
        let refused = run(folder.path(), args, &[("SMILECHAT_AUTH__PASSWORD_MEMORY_KIB", "64")], PASSWORD);
        assert_eq!(refused.status.code(), Some(1), "{refused:?}");
        let told = String::from_utf8(refused.stderr).expect("text");
        assert!(told.contains(r#"no tenant has the name "nope""#), "{told}");
    }
}

/// A script of ours, copied to where nothing else is, with these programs and no others.
fn run_script(name: &str, programs: &[&str], environment: &[(&str, &str)]) -> Output {
    let folder = tempfile::tempdir().expect("a folder");
    let (scripts, programs_folder) = (folder.path().join("scripts"), folder.path().join("programs"));
    std::fs::create_dir_all(&scripts).expect("made");
    std::fs::create_dir_all(&programs_folder).expect("made");
    for script in [name, "node-path", "has-node", "get-node"] {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts").join(script);
        std::fs::copy(source, scripts.join(script)).expect("copied");
    }
    for program in programs {
        let found = ["/usr/bin", "/bin"].iter().map(|place| Path::new(place).join(program)).find(|path| path.exists());
        std::os::unix::fs::symlink(found.expect("it is installed"), programs_folder.join(program)).expect("linked");
    }
    let mut command = Command::new("/bin/bash");
    command.arg(scripts.join(name)).env_clear().env("PATH", &programs_folder).envs(environment.iter().copied());
    command.output().expect("it ran")
}

#[test]
fn what_make_lacks_is_told_before_anything_is_done() {
    let without_node = run_script("build-web", &["bash", "dirname"], &[]);
    let told = String::from_utf8(without_node.stderr).expect("text");
    assert!(!without_node.status.success() && told.contains("Node is not installed"), "{told}");
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = taken.local_addr().expect("an address").port().to_string();
    let on_taken = run_script("run", &["bash", "dirname"], &[("PORT", &port), ("HOST", "127.0.0.1")]);
    let told = String::from_utf8(on_taken.stderr).expect("text");
    assert!(!on_taken.status.success() && told.contains(&format!("127.0.0.1:{port} already")), "{told}");
}

/// What `make run` does with this in the place of the build of the pages: nothing else of it is real.
fn run_with_pages(build: &str) -> String {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().expect("it has one")).expect("made");
        std::fs::write(&path, text).expect("written");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).expect("set");
    };
    let script =
        std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/run")).expect("it is there");
    write("scripts/run", &script);
    write("scripts/has-node", "#!/bin/bash\n");
    write("scripts/build-web", &format!("#!/bin/bash\n{build}"));
    write("programs/cargo", "#!/bin/bash\nseq -f 'Compiling %g' 100\n");
    write("target/debug/smilechat", "#!/bin/bash\necho \"smilechat $1\"\n");
    let path = format!("{}:/usr/bin:/bin", folder.path().join("programs").display());
    let mut command = Command::new("/bin/bash");
    command.args(["-c", "scripts/run 2>&1"]).env_clear().env("PATH", path).env("PORT", "1").current_dir(folder.path());
    let output = command.output().expect("it ran");
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).expect("UTF-8")
}

#[test]
fn what_kept_the_pages_from_being_built_is_told_where_it_is_seen() {
    let told = run_with_pages("echo 'web: installing'; echo 'npm error: the registry is away' >&2; exit 1");
    let (_, end) = told.split_once("Compiling 100").expect("all is told");
    for line in
        ["    npm error: the registry is away", "The pages could not be built;", "/demo, /app and the widget do not."]
    {
        assert!(end.contains(line), "{line} is not in: {end}");
    }
    assert!(end.ends_with("smilechat serve\n"), "it serves all the same: {end}");
    let earlier = run_with_pages("mkdir -p web/dist/demo; echo >web/dist/demo/index.html.br; exit 1");
    assert!(earlier.contains("are those of an earlier build"), "{earlier}");
    let told = run_with_pages("echo 'web: built'");
    assert!(!told.contains("could not") && told.matches("web: built").count() == 1, "{told}");
}

#[test]
fn what_is_wrong_is_told_in_one_line_before_a_port_opens() {
    let folder = tempfile::tempdir().expect("a folder");
    for (environment, name) in [
        (&[("SMILECHAT_SERVER__PROT", "1")][..], "SMILECHAT_SERVER__PROT"),
        (&[("SMILECHAT_ENVIRONMENT", "production")], "did you mean SMILECHAT_ENV?"),
        (&[("SMILECHAT_PORT", "3200")], "did you mean PORT or SMILECHAT_SERVER__PORT?"),
        (
            &[("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4317"), ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")],
            "OTEL_EXPORTER_OTLP_PROTOCOL: takes http/protobuf",
        ),
        (&[("PORT", "high")], "PORT"),
        (&[("DATABASE_URL", "mysql://x/y")], "DATABASE_URL"),
        (&[("SMILECHAT_ENV", "production"), ("JWT_SECRET", "secret")], "JWT_SECRET"),
        (&[("SMILECHAT_ENV", "production")], "JWT_SECRET"),
        (&[("CORS_ORIGINS", "https://good.example/path")], "CORS_ORIGINS"),
        (&[("DATABASE_URL", "postgres://db/chat?sslmode=on")], "DATABASE_URL: sslmode"),
        (&[("DATABASE_REPLICA_URL", "postgres://db/chat")], "DATABASE_REPLICA_URL"),
        (&[("SMILECHAT_SERVER__SERVICES", "auth,mail")], "SMILECHAT_SERVER__SERVICES: there is no service \"mail\""),
        (&[("SMILECHAT_SERVER__SERVICES", "auth")], "SMILECHAT_SERVER__SERVICES: a SQLite file"),
        (&[("SMILECHAT_BOT__EMBEDDING_FOLDER", "/nowhere")], "SMILECHAT_BOT__EMBEDDING_FOLDER: /nowhere"),
    ] {
        let refused = run(folder.path(), &["serve"], environment, "");
        let told = String::from_utf8(refused.stderr).expect("UTF-8");
        assert_eq!((refused.status.code(), told.lines().count()), (Some(2), 1), "{told}");
        assert!(told.contains(name), "{told}");
        assert!(std::fs::read_dir(folder.path()).expect("a folder").next().is_none(), "something was made");
    }
    let unreachable = [("DATABASE_URL", "postgres://nobody:canary@127.0.0.1:1/none")];
    let refused = run(folder.path(), &["serve"], &unreachable, "");
    let told = String::from_utf8(refused.stderr).expect("UTF-8");
    assert_eq!(
        (refused.status.code(), told.lines().filter(|line| line.starts_with("smilechat: ")).count()),
        (Some(1), 1),
        "{told}"
    );
    assert!(!told.contains("canary") && !told.contains("panicked"), "{told}");
    let shown = run(folder.path(), &["config"], &unreachable, "");
    let shown = String::from_utf8(shown.stdout).expect("UTF-8");
    assert!(shown.contains("max_connections") && !shown.contains("canary"), "{shown}");
    let secret = ["widget", "snippet", "--url", "https://chat.example", "--key", "sk_1"];
    let refused = run(folder.path(), &secret, &[], "");
    assert!(refused.status.code() == Some(1) && refused.stdout.is_empty(), "{refused:?}");
    let printed = answer(run(folder.path(), &["openapi"], &[], ""));
    assert!(printed["paths"]["/api/tickets"].is_object());
}

#[test]
fn a_port_that_is_taken_is_told_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = taken.local_addr().expect("an address").port().to_string();
    let refused = run(folder.path(), &["serve"], &[("HOST", "127.0.0.1"), ("PORT", &port)], "");
    let told = String::from_utf8(refused.stderr).expect("UTF-8");
    assert_eq!((refused.status.code(), told.lines().count()), (Some(1), 1), "nothing is migrated before: {told}");
    assert!(told.contains(&format!("cannot listen on 127.0.0.1:{port}")), "{told}");
    let free = { std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address") };
    let asked = run(folder.path(), &["top", "--once", &free.to_string()], &[], "");
    let told = String::from_utf8(asked.stderr).expect("UTF-8");
    assert!(told.contains("Connection refused"), "{told}");
}

#[test]
fn what_is_perhaps_a_slip_is_told_and_done_without() {
    let folder = tempfile::tempdir().expect("a folder");
    let migrated = run(folder.path(), &["migrate"], &[("DATABSE_URL", "sqlite://other.db")], "");
    let told = String::from_utf8(migrated.stderr).expect("UTF-8");
    assert!(
        migrated.status.success() && told.contains("DATABSE_URL: is not read; did you mean DATABASE_URL?"),
        "{told}"
    );
}

/// Somebody who calls without the environment of the server is told so, and no second database comes into being.
#[test]
fn what_works_on_a_database_makes_none() {
    let folder = tempfile::tempdir().expect("a folder");
    let elsewhere = format!("sqlite://{}/elsewhere.db", folder.path().display());
    let of_file = [("DATABASE_URL", elsewhere.as_str())];
    for (args, environment, place) in [
        (
            &["user", "create", "--username", "ada", "--role", "admin", "--password-stdin"][..],
            &[][..],
            "./data/smilechat.db",
        ),
        (&["tenant", "create", "--name", "acme"], &[("SMILECHAT_DATA_DIR", "var")], "var/smilechat.db"),
        (&["kb", "import", "."], &of_file, "/elsewhere.db"),
        (&["bot", "eval", "--replay", "1"], &of_file, "/elsewhere.db"),
        (&["backup", "copy.db"], &of_file, "/elsewhere.db"),
    ] {
        let refused = run(folder.path(), args, environment, PASSWORD);
        let told = String::from_utf8(refused.stderr).expect("UTF-8");
        assert_eq!((refused.status.code(), told.lines().count()), (Some(2), 1), "{args:?}: {told}");
        assert!(told.starts_with("smilechat: DATABASE_URL: there is no database at "), "{told}");
        assert!(told.contains(place) && told.contains("smilechat migrate"), "{told}");
        assert!(std::fs::read_dir(folder.path()).expect("a folder").next().is_none(), "{args:?} made something");
    }
}

#[test]
fn who_signs_nothing_needs_no_secret_in_production() {
    let folder = tempfile::tempdir().expect("a folder");
    let production = [("SMILECHAT_ENV", "production")];
    let done = |args: &[&str], input| {
        let output = run(folder.path(), args, &production, input);
        assert!(output.status.success(), "{args:?}: {output:?}");
    };
    done(&["migrate"], "");
    done(&["user", "create", "--username", "ada", "--role", "admin", "--password-stdin"], PASSWORD);
    done(&["tenant", "create", "--name", "acme"], "");
    done(&["backup", "copy.db"], "");
    let data = std::fs::read_dir(folder.path().join("data")).expect("a folder").flatten();
    assert!(data.map(|file| file.file_name()).all(|name| name != "jwt-secret"), "none is made either");
    done(&["restore", "--force", "copy.db"], "");
    for command in ["serve", "config"] {
        assert_eq!(run(folder.path(), &[command], &production, "").status.code(), Some(2), "{command}");
    }
}

/// Sends the signal that asks for an orderly end, and waits for it.
fn terminate(mut child: Child) -> (Option<i32>, Duration) {
    let asked = Instant::now();
    let sent = Command::new("kill").args(["-TERM", &child.id().to_string()]).status();
    assert!(sent.expect("kill runs").success());
    (child.wait().expect("it ends").code(), asked.elapsed())
}

/// Serves with its log in `log` until it is asked to end; the exit code, and how long the end took.
async fn serve_and_end(folder: &Path, log: std::fs::File) -> (Option<i32>, Duration) {
    let port =
        std::net::TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port").port();
    let (host, text) = ("127.0.0.1", port.to_string());
    let child = smilechat(folder, &["serve"], &[("HOST", host), ("PORT", &text)]).stderr(log).spawn().expect("it runs");
    let url = format!("http://{host}:{port}/healthz");
    smilechat::platform::tls::install();
    let began = Instant::now();
    while reqwest::get(&url).await.is_err() {
        assert!(began.elapsed() < Duration::from_secs(20), "it does not serve");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    tokio::task::spawn_blocking(move || terminate(child)).await.expect("no panic")
}

#[tokio::test]
async fn sigterm_ends_it_in_order() {
    let folder = tempfile::tempdir().expect("a folder");
    let log = folder.path().join("log");
    let (code, took) = serve_and_end(folder.path(), File::create(&log).expect("a log")).await;
    assert_eq!(code, Some(0));
    assert!(took < Duration::from_secs(10), "{took:?}");
    let log = std::fs::read_to_string(log).expect("a log");
    assert!(log.contains("ready") && !log.contains("panicked") && !log.contains("ERROR"), "{log}");
}

/// The disk that the log is on may be full.
#[tokio::test]
async fn it_serves_without_a_log() {
    let folder = tempfile::tempdir().expect("a folder");
    let full = OpenOptions::new().write(true).open("/dev/full").expect("Linux has it");
    assert_eq!(serve_and_end(folder.path(), full).await.0, Some(0));
}

#[test]
fn a_backup_is_a_database_and_overwrites_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let environment = [("SMILECHAT_AUTH__PASSWORD_MEMORY_KIB", "64")];
    let user = ["user", "create", "--username", "ada", "--role", "admin", "--password-stdin"];
    assert!(run(folder.path(), &["migrate"], &[], "").status.success());
    answer(run(folder.path(), &user, &environment, PASSWORD));
    let made = run(folder.path(), &["backup", "copy.db"], &[], "");
    let told = String::from_utf8(made.stdout).expect("UTF-8");
    assert!(made.status.success() && told.starts_with("copy.db: ") && told.ends_with(" bytes\n"), "{told}");
    let again = run(folder.path(), &["backup", "copy.db"], &[], "");
    let told = String::from_utf8(again.stderr).expect("UTF-8");
    assert_eq!((again.status.code(), told.lines().count()), (Some(1), 1), "{told}");
    assert!(told.contains("copy.db") && told.contains("exists"), "{told}");
    let restored = [environment[0], ("DATABASE_URL", "sqlite://copy.db")];
    let taken = run(folder.path(), &user, &restored, PASSWORD);
    let told = String::from_utf8(taken.stderr).expect("UTF-8");
    assert!(told.contains("This username is taken"), "the copy knows her: {told}");
    let elsewhere = [("DATABASE_URL", "postgres://app@127.0.0.1:1/none")];
    let refused = run(folder.path(), &["backup", "other.db"], &elsewhere, "");
    let told = String::from_utf8(refused.stderr).expect("UTF-8");
    assert!(told.contains("127.0.0.1:1") && !folder.path().join("other.db").exists(), "{told}");
    let lost = tempfile::tempdir().expect("a folder");
    let copy = folder.path().join("copy.db").display().to_string();
    let refused = run(lost.path(), &["restore", &copy], &[], "");
    let told = String::from_utf8(refused.stderr).expect("UTF-8");
    assert_eq!((refused.status.code(), told.lines().count()), (Some(2), 1), "{told}");
    assert!(told.contains("SMILECHAT_DATA_DIR") && !lost.path().join("data").exists(), "{told}");
    assert!(run(lost.path(), &["restore", &copy], &[("DATABASE_URL", "sqlite://own.db")], "").status.success());
}
