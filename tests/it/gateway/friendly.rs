//! The real JavaScript client.

use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use tokio::task::block_in_place;

use super::{Server, start};

const CLIENTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/clients");

/// A scenario of `gateway.cjs`. It gives up by itself when it takes too long.
struct Script {
    child: Child,
    stdout: BufReader<ChildStdout>,
}

impl Script {
    fn run(server: &Server, scenario: &str) -> Self {
        let mut child = Command::new("node")
            .args(["gateway.cjs", &format!("http://{}", server.address), scenario])
            .current_dir(CLIENTS)
            .stdout(Stdio::piped())
            .spawn()
            .expect("node is installed");
        let stdout = BufReader::new(child.stdout.take().expect("it is piped"));
        Self { child, stdout }
    }

    fn says(&mut self, expected: &str) {
        let mut line = String::new();
        block_in_place(|| self.stdout.read_line(&mut line)).expect("text");
        assert_eq!(line.trim_end(), expected);
    }

    fn succeeds(mut self) {
        let status = block_in_place(|| self.child.wait()).expect("a status");
        assert!(status.success(), "see the script's own words above; `npm ci` in tests/clients installs what it needs");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn polling_websocket_and_the_way_between_them() {
    let server = start().await;
    for scenario in ["polling", "websocket", "upgrade"] {
        Script::run(&server, scenario).succeeds();
    }
    assert_eq!(server.gone().await, "client namespace disconnect");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_client_learns_why() {
    let server = start().await;
    Script::run(&server, "refused").succeeds();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_drained_away_comes_back_by_itself() {
    for scenario in ["drained-websocket", "drained-polling"] {
        let server = start().await;
        let mut script = Script::run(&server, scenario);
        script.says("joined");
        let socket = server.joined().await;
        assert!(socket.is_connected());
        server.gateway.close_all(Duration::from_millis(100));
        script.says("reconnecting");
        script.succeeds();
    }
}
