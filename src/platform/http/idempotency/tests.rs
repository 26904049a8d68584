use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU16, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::response::IntoResponse;
use axum::routing::{get, post};
use tempfile::TempDir;
use tokio::sync::Notify;
use tower::ServiceExt;

use super::*;
use crate::platform::config::DatabaseConfig;

const START: i64 = 1_763_800_000_000;

struct World {
    _folder: TempDir,
    keeper: Arc<Keeper>,
    hand: Arc<AtomicI64>,
    stage: Arc<Stage>,
    app: Router,
}

/// What the handlers do and did.
#[derive(Default)]
struct Stage {
    status: AtomicU16,
    runs: AtomicUsize,
    arrived: Notify,
    go_on: Notify,
    request_ids: Mutex<Vec<Arc<str>>>,
    /// What was said may not be seen any more.
    is_hidden: AtomicBool,
}

impl Rules for Stage {
    /// A refresh is whose its body says.
    fn holder<'a>(&'a self, request: &'a Parts, body: &'a [u8]) -> BoxFuture<'a, Option<Identity>> {
        let of_token = Identity { tenant: 1, caller: Some("of the token".into()), role: None };
        let holder = match request.uri.path() {
            "/api/auth/refresh" => Some(of_token).filter(|_| body != b"over"),
            _ => request.extensions.get().cloned(),
        };
        Box::pin(async { holder })
    }

    fn may_see<'a>(&'a self, _: &'a Parts, answer: &'a [u8]) -> BoxFuture<'a, Result<()>> {
        assert!(answer.starts_with(b"run "), "the answer that was kept");
        Box::pin(async { if self.is_hidden.load(Ordering::SeqCst) { Err(Error::NotFound) } else { Ok(()) } })
    }
}

impl Stage {
    async fn arrival(&self) {
        tokio::time::timeout(Duration::from_secs(10), self.arrived.notified()).await.expect("the handler runs");
    }
}

async fn answer(State(stage): State<Arc<Stage>>, body: String) -> Response {
    let run = stage.runs.fetch_add(1, Ordering::SeqCst) + 1;
    stage.request_ids.lock().expect("not poisoned").push(request_id::current());
    let status = StatusCode::from_u16(stage.status.load(Ordering::SeqCst)).expect("a status");
    (status, [(LOCATION, "/api/things/1")], format!("run {run}: {body} canary-token")).into_response()
}

async fn answer_late(State(stage): State<Arc<Stage>>, body: String) -> Response {
    stage.arrived.notify_one();
    stage.go_on.notified().await;
    answer(State(stage), body).await
}

/// Reads its parts to the end, as an upload does.
async fn read_files(State(stage): State<Arc<Stage>>, request: Request) -> Result<Response> {
    let (head, body) = request.into_parts();
    let mut arriving = Arriving::new(body);
    let mut parts = arriving.parts(&head.headers, 1000, head.extensions.get())?;
    stage.arrived.notify_one();
    while let Some(mut part) = parts.next().await? {
        while part.chunk().await?.is_some() {}
    }
    Ok(answer(State(stage), String::new()).await)
}

async fn read_late(State(stage): State<Arc<Stage>>, request: Request) -> Result<Response> {
    stage.arrived.notify_one();
    stage.go_on.notified().await;
    read_files(State(stage), request).await
}

async fn panics() -> Response {
    panic!("on purpose")
}

async fn world() -> World {
    let folder = tempfile::tempdir().expect("a folder");
    let config = DatabaseConfig {
        url: format!("sqlite://{}", folder.path().join("test.db").display()),
        readers: 1,
        replica_url: String::new(),
        replica_lag_seconds: 30,
        pool_size: 1,
        queue_timeout_seconds: 5,
        statement_timeout_seconds: 5,
        busy_timeout_seconds: 5,
        slow_ms: 0,
    };
    let hand = Arc::new(AtomicI64::new(START));
    let stage = Arc::new(Stage { status: 201.into(), ..Stage::default() });
    let keeper = Arc::new(Keeper {
        db: Db::open(&config, Arc::new(|_| {})).expect("a new database"),
        clock: Clock::Manual(hand.clone()),
        random: Random::System,
        secret: Secret::new("the server's secret"),
        uploads: &["/api/files", "/api/read"],
        request_time: Duration::from_secs(30),
        upload_time: Duration::from_secs(300),
        rules: stage.clone(),
    });
    let tenants = keeper.db.write(|tx| {
        let tenant = "insert into tenants (tenant_id, name, identity_secret, created_at) values ($1, $1, 'x', 0)";
        ["one", "two"].iter().try_for_each(|name| tx.execute(tenant, &[(*name).into()]).map(drop))
    });
    tenants.await.expect("two tenants, numbered 1 and 2");
    let app = routes(&keeper, &stage);
    World { _folder: folder, keeper, hand, stage, app }
}

fn routes(keeper: &Arc<Keeper>, stage: &Arc<Stage>) -> Router {
    Router::new()
        .route("/api/things", post(answer).get(answer))
        .route("/api/others", post(answer))
        .route("/api/auth/refresh", post(answer))
        .route("/api/late", post(answer_late))
        .route("/api/files", post(read_late))
        .route("/api/read", post(read_files))
        .route("/api/panics", post(panics))
        .route("/elsewhere", get(answer).post(answer))
        .layer(from_fn_with_state(keeper.clone(), layer))
        .with_state(stage.clone())
}

fn request(path: &str, key: &str, body: &'static str) -> Request {
    let mut request = Request::post(path).header(IDEMPOTENCY_KEY, key).body(Body::from(body)).expect("a request");
    request.extensions_mut().insert(Identity { tenant: 1, caller: Some("ada".into()), role: Some("admin") });
    request
}

impl World {
    async fn call(&self, request: Request) -> Answer {
        let (parts, body) = self.app.clone().oneshot(request).await.expect("infallible").into_parts();
        let body = body.collect().await.expect("a body in memory").to_bytes();
        Answer {
            status: parts.status.as_u16(),
            headers: parts.headers,
            body: String::from_utf8_lossy(&body).into_owned(),
        }
    }

    fn runs(&self) -> usize {
        self.stage.runs.load(Ordering::SeqCst)
    }

    fn pass(&self, seconds: i64) {
        self.hand.fetch_add(seconds * 1000, Ordering::SeqCst);
    }
}

struct Answer {
    status: u16,
    headers: HeaderMap,
    body: String,
}

impl Answer {
    fn is_replayed(&self) -> bool {
        self.headers.get(IDEMPOTENCY_REPLAYED).is_some_and(|value| value == "true")
    }
}

#[tokio::test]
async fn the_first_answer_is_given_again() {
    let world = world().await;
    let first = world.call(request("/api/things", "k", "a")).await;
    let second = world.call(request("/api/things", "k", "a")).await;
    assert_eq!((first.status, first.is_replayed()), (201, false));
    assert_eq!((second.status, second.is_replayed(), second.body), (201, true, first.body));
    for name in KEPT_HEADERS {
        assert_eq!(second.headers[&name], first.headers[&name]);
    }
    assert_eq!(world.runs(), 1);
}

#[tokio::test]
async fn another_body_is_refused() {
    let world = world().await;
    world.call(request("/api/things", "k", "a")).await;
    let refused = world.call(request("/api/things", "k", "b")).await;
    assert_eq!(refused.status, 422);
    assert!(refused.body.contains("idempotency_key_reused"), "{}", refused.body);
    assert_eq!(world.runs(), 1);
}

#[tokio::test]
async fn a_key_belongs_to_its_tenant_its_caller_its_role_and_its_path() {
    let world = world().await;
    world.call(request("/api/things", "k", "a")).await;
    let somebody = |tenant: i64, caller: Option<&str>, role: Option<&'static str>| {
        let mut request = request("/api/things", "k", "a");
        request.extensions_mut().insert(ClientAddress([10, 0, 0, 1].into()));
        request.extensions_mut().insert(Identity { tenant, caller: caller.map(str::to_owned), role });
        request
    };
    let others = [
        request("/api/others", "k", "a"),
        request("/api/things", "K", "a"),
        somebody(1, Some("bob"), Some("admin")),
        somebody(1, Some("ada"), Some("customer")),
        somebody(2, Some("ada"), Some("admin")),
        somebody(1, None, None),
        somebody(2, None, None),
    ];
    for other in others {
        assert!(!world.call(other).await.is_replayed());
    }
    assert_eq!(world.runs(), 8);
    assert!(world.call(somebody(1, None, None)).await.is_replayed(), "an address has its own keys");
}

#[tokio::test]
async fn of_many_at_once_one_runs() {
    let world = world().await;
    let first = tokio::spawn(world.app.clone().oneshot(request("/api/late", "k", "a")));
    world.stage.arrival().await;
    for _ in 0..5 {
        let refused = world.call(request("/api/late", "k", "a")).await;
        assert_eq!(refused.status, 409);
        assert!(refused.body.contains("idempotency_in_progress"), "{}", refused.body);
    }
    world.stage.go_on.notify_one();
    assert_eq!(first.await.expect("no panic").expect("infallible").status(), 201);
    assert!(world.call(request("/api/late", "k", "a")).await.is_replayed());
    assert_eq!(world.runs(), 1);
}

#[tokio::test]
async fn a_client_that_hangs_up_stops_nothing() {
    let world = world().await;
    let hung_up = tokio::spawn(world.app.clone().oneshot(request("/api/late", "k", "a")));
    world.stage.arrival().await;
    hung_up.abort();
    assert!(hung_up.await.expect_err("aborted").is_cancelled());
    world.stage.go_on.notify_one();
    let answer = loop {
        let answer = world.call(request("/api/late", "k", "a")).await;
        if answer.status != 409 {
            break answer;
        }
        tokio::task::yield_now().await;
    };
    assert!(answer.is_replayed());
    assert_eq!(world.runs(), 1);
}

#[tokio::test]
async fn a_claim_that_nobody_works_on_is_taken_over() {
    // Each holds for as long as its request may take, and half a minute.
    for (path, holds) in [("/api/late", 60), ("/api/files", 330)] {
        let request = |path: &'static str| {
            let mut request = upload("one", "abc");
            *request.uri_mut() = path.parse().expect("an address");
            request
        };
        let world = world().await;
        // The handler never ends, as if its process had died.
        let _stuck = tokio::spawn(world.app.clone().oneshot(request(path)));
        world.stage.arrival().await;
        world.pass(holds - 1);
        assert_eq!(world.call(request(path)).await.status, 409, "{path}");
        world.pass(1);
        let second = tokio::spawn(world.app.clone().oneshot(request(path)));
        world.stage.arrival().await;
        // Both end now; the later claim is the one whose answer counts.
        world.stage.go_on.notify_one();
        world.stage.go_on.notify_one();
        assert_eq!(second.await.expect("no panic").expect("infallible").status(), 201, "{path}");
        assert!(world.call(request(path)).await.is_replayed(), "{path}");
    }
}

#[tokio::test]
async fn an_answer_that_may_change_is_not_kept() {
    let world = world().await;
    for status in [500, 503, 401, 429] {
        world.stage.status.store(status, Ordering::SeqCst);
        assert_eq!(world.call(request("/api/things", "k", "a")).await.status, status);
    }
    world.stage.status.store(422, Ordering::SeqCst);
    assert!(!world.call(request("/api/things", "k", "a")).await.is_replayed());
    world.stage.status.store(201, Ordering::SeqCst);
    let kept = world.call(request("/api/things", "k", "a")).await;
    assert_eq!((kept.status, kept.is_replayed()), (422, true));
}

#[tokio::test]
async fn a_panic_is_an_internal_error() {
    let answer = world().await.call(request("/api/panics", "k", "a")).await;
    assert_eq!(answer.status, 500);
    assert!(!answer.body.contains("on purpose"));
}

#[tokio::test]
async fn keys_end_after_a_day() {
    let world = world().await;
    world.call(request("/api/things", "k", "a")).await;
    world.pass(24 * 60 * 60);
    assert!(!world.call(request("/api/things", "k", "b")).await.is_replayed(), "expired even before it is swept");
    world.pass(24 * 60 * 60 + 1);
    assert_eq!(sweep(&world.keeper.db, world.keeper.clock.now()).await.expect("swept"), 1);
}

#[tokio::test]
async fn what_is_kept_cannot_be_read_without_the_key() {
    let world = world().await;
    world.call(request("/api/things", "k", "a")).await;
    let kept =
        world.keeper.db.read(|tx| tx.one("select answer from idempotency_keys", &[], |row| row.take::<Vec<u8>>()));
    let kept = kept.await.expect("a row");
    assert!(!kept.windows(12).any(|window| window == b"canary-token"));
}

#[tokio::test]
async fn only_a_post_under_api_with_a_key_is_kept() {
    let world = world().await;
    let mut get = request("/api/things", "k", "");
    *get.method_mut() = Method::GET;
    let mut stranger = request("/api/things", "k", "");
    stranger.extensions_mut().remove::<Identity>();
    let mut without = request("/api/things", "k", "");
    without.headers_mut().remove(IDEMPOTENCY_KEY);
    for other in [get, stranger, without, request("/elsewhere", "k", "")] {
        assert_eq!(world.call(other).await.status, 201);
    }
    assert_eq!(sweep(&world.keeper.db, Timestamp(i64::MAX)).await.expect("swept"), 0);
}

#[tokio::test]
async fn a_key_is_whose_the_rules_say() {
    let world = world().await;
    let refresh = |body: &'static str| {
        let mut request = request("/api/auth/refresh", "k", body);
        // Whatever the headers say.
        request.extensions_mut().remove::<Identity>();
        request
    };
    assert_eq!(world.call(refresh("a")).await.status, 201);
    assert!(world.call(refresh("a")).await.is_replayed());
    assert_eq!(world.call(refresh("b")).await.status, 422);
    for _ in 0..2 {
        assert!(!world.call(refresh("over")).await.is_replayed(), "nobody's key");
    }
    assert_eq!(world.runs(), 3);
}

#[tokio::test]
async fn what_may_not_be_seen_any_more_is_not_given_again() {
    let world = world().await;
    world.call(request("/api/things", "k", "a")).await;
    world.stage.is_hidden.store(true, Ordering::SeqCst);
    let refused = world.call(request("/api/things", "k", "a")).await;
    assert_eq!((refused.status, refused.is_replayed()), (404, false));
    assert!(!refused.body.contains("canary-token"));
    assert_eq!(world.runs(), 1);
}

fn upload(boundary: &str, content: &str) -> Request {
    let body =
        format!("--{boundary}\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\n{content}\r\n--{boundary}--");
    let mut request = request("/api/read?ticket_id=1", "k", "");
    *request.body_mut() = Body::from(body);
    let content_type = format!("multipart/form-data; boundary={boundary}").parse().expect("a header");
    request.headers_mut().insert(CONTENT_TYPE, content_type);
    request
}

#[tokio::test]
async fn an_upload_is_the_same_by_its_bytes() {
    let world = world().await;
    assert_eq!(world.call(upload("one", "abc")).await.status, 201);
    assert!(world.call(upload("another", "abc")).await.is_replayed(), "every browser draws a new boundary");
    let refused = world.call(upload("one", "abd")).await;
    assert_eq!(refused.status, 422, "{}", refused.body);
    assert!(refused.body.contains("idempotency_key_reused"), "{}", refused.body);
    let mut elsewhere = upload("one", "abc");
    *elsewhere.uri_mut() = "/api/read?ticket_id=2".parse().expect("an address");
    assert_eq!(world.call(elsewhere).await.status, 422);
    assert_eq!(world.runs(), 1);
}

#[tokio::test]
async fn an_upload_that_drips_has_its_time_also_when_nobody_waits_for_it() {
    let mut world = world().await;
    world.app = Router::new();
    Arc::get_mut(&mut world.keeper).expect("the routes had the other").upload_time = Duration::from_millis(200);
    world.app = routes(&world.keeper, &world.stage);
    let mut dripping = upload("one", "abc");
    let head = "--one\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\n";
    let drops =
        futures_util::stream::unfold(tokio::time::interval(Duration::from_millis(20)), |mut ticks| async move {
            ticks.tick().await;
            Some((Ok::<_, std::io::Error>(Bytes::from_static(b"x")), ticks))
        });
    let head = futures_util::stream::iter([Ok(Bytes::from_static(head.as_bytes()))]);
    *dripping.body_mut() = Body::from_stream(futures_util::StreamExt::chain(head, drops));
    let hung_up = tokio::spawn(world.app.clone().oneshot(dripping));
    world.stage.arrival().await;
    hung_up.abort();
    let again = async {
        loop {
            let answer = world.call(upload("one", "abc")).await;
            if answer.status != 409 {
                return answer;
            }
            tokio::task::yield_now().await;
        }
    };
    let again = tokio::time::timeout(Duration::from_secs(10), again).await.expect("the first one was given up");
    assert_eq!((again.status, again.is_replayed()), (201, false));
}

#[tokio::test]
async fn a_key_is_visible_ascii() {
    let world = world().await;
    let longest = "k".repeat(255);
    assert_eq!(world.call(request("/api/things", &longest, "a")).await.status, 201);
    for bad in ["", "a b", "\u{fc}", &"k".repeat(256)] {
        let refused = world.call(request("/api/things", bad, "a")).await;
        assert_eq!(refused.status, 422, "{bad:?}");
        assert!(refused.body.contains("Idempotency-Key"), "{}", refused.body);
    }
}

#[tokio::test]
async fn the_handler_keeps_the_request_id() {
    let world = world().await;
    request_id::within("given".into(), world.call(request("/api/things", "k", "a"))).await;
    assert_eq!(*world.stage.request_ids.lock().expect("not poisoned"), [Arc::from("given")]);
}
