use std::sync::Arc;
use std::sync::atomic::AtomicI64;

use futures_util::FutureExt;

use super::*;

const START: i64 = 1_763_800_000_000;

struct World {
    limits: Limits,
    hand: Arc<AtomicI64>,
}

impl World {
    fn new(enabled: bool) -> Self {
        let hand = Arc::new(AtomicI64::new(START));
        let clock = Clock::Manual(hand.clone());
        let config = LimitsConfig {
            enabled,
            api_per_minute: 6,
            auth_per_minute: 2,
            uploads_per_minute: 2,
            tenant_uploads_per_minute: 3,
            upload_mib_per_day: 2,
            tenant_upload_mib_per_day: 3,
            login_failures: 10,
            login_window_seconds: 900,
            messages_per_minute: 1,
            typing_per_minute: 1,
            events_per_minute: 1,
            sockets_per_user: 1,
        };
        Self { limits: Limits::new(&config, clock, None), hand }
    }

    fn pass(&self, seconds: i64) {
        self.hand.fetch_add(seconds * 1000, Ordering::SeqCst);
    }

    fn login(&self, username: &str, address: &str) -> Result<()> {
        at_once(self.limits.login_allowed(&attempt(username, address)))
    }
}

/// Alone, no limit has anybody to wait for.
fn at_once<T>(answer: impl Future<Output = T>) -> T {
    answer.now_or_never().expect("it waits for nobody")
}

fn attempt(username: &str, address: &str) -> LoginAttempt {
    LoginAttempt { tenant: 1, username: username.into(), address: address.parse().expect("an address") }
}

#[test]
fn a_budget_is_spent_and_refills_evenly() {
    let world = World::new(true);
    let take = |key: &str| at_once(world.limits.check(Policy::Api, key)).expect("on");
    let remaining: Vec<u32> = (0..6).map(|_| take("a").remaining).collect();
    assert_eq!(remaining, [5, 4, 3, 2, 1, 0]);
    let refused = take("a");
    assert_eq!((refused.remaining, refused.retry_after, refused.reset_seconds), (0, Some(10), 60));
    assert_eq!(take("b").retry_after, None, "another key has its own");
    assert_eq!(at_once(world.limits.check(Policy::SignIn, "a")).expect("on").quota, 2, "another policy has its own");
    world.pass(9);
    assert_eq!(take("a").retry_after, Some(1));
    world.pass(1);
    assert_eq!(take("a").retry_after, None);
    assert_eq!(take("a").retry_after, Some(10));
}

#[test]
fn who_was_quiet_is_forgotten() {
    let world = World::new(true);
    for number in 0..100 {
        let _ = at_once(world.limits.check(Policy::Api, &format!("caller {number}")));
        world.login("ada", &format!("10.0.0.{number}")).expect("first tries");
    }
    world.pass(1000);
    let _ = at_once(world.limits.check(Policy::Api, "another"));
    assert_eq!(world.limits.failures.len(), 0);
    assert_eq!(world.limits.api.len(), 1);
}

#[test]
fn ten_wrong_tries_per_account_and_address() {
    let world = World::new(true);
    for _ in 0..10 {
        world.login("ada", "10.0.0.1").expect("allowed");
        world.pass(1);
    }
    let error = world.login("ada", "10.0.0.1").expect_err("the eleventh");
    assert_eq!(error.retry_after(), Some(890));
    world.login("bob", "10.0.0.1").expect("another account");
    world.login("ada", "10.0.0.2").expect("another address: the person themself is not locked out");
    world.pass(889);
    assert!(world.login("ada", "10.0.0.1").is_err());
    world.pass(1);
    world.login("ada", "10.0.0.1").expect("the first try has left the window");
    assert!(world.login("ada", "10.0.0.1").is_err(), "and it alone");
}

#[test]
fn a_spray_over_many_accounts_is_bounded() {
    let world = World::new(true);
    let allowed = (0..200).filter(|number| world.login(&format!("user{number}"), "10.0.0.1").is_ok()).count();
    assert_eq!(allowed, 50);
    let world = World::new(true);
    let allowed =
        (0..200).filter(|n| world.login(&format!("user{n}"), &format!("2001:db8:0:1::{n:x}")).is_ok()).count();
    assert_eq!(allowed, 50, "one network's /64 is one address");
}

#[test]
fn one_account_from_many_addresses_is_bounded() {
    let world = World::new(true);
    let allowed = (0..250).filter(|number| world.login("ada", &format!("10.0.0.{number}")).is_ok()).count();
    assert_eq!(allowed, 100);
}

#[test]
fn the_right_password_takes_its_try_back() {
    let world = World::new(true);
    for _ in 0..200 {
        world.login("ada", "10.0.0.1").expect("allowed");
        at_once(world.limits.login_succeeded(&attempt("ada", "10.0.0.1")));
    }
    // Signing in to an own account does not pay for guessing at others'.
    let mut guesses = 0;
    while world.login(&format!("user{guesses}"), "10.0.0.1").is_ok() {
        guesses += 1;
        if world.login("mallory", "10.0.0.1").is_ok() {
            at_once(world.limits.login_succeeded(&attempt("mallory", "10.0.0.1")));
        }
    }
    assert_eq!(guesses, 50);
}

#[test]
fn a_current_password_is_guessed_ten_times() {
    let world = World::new(true);
    let guess = || at_once(world.limits.password_allowed("user-1"));
    assert_eq!((0..20).filter(|_| guess().is_ok()).count(), 10);
    at_once(world.limits.password_succeeded("user-1"));
    guess().expect("a right one clears");
}

#[test]
fn off_means_off() {
    let world = World::new(false);
    assert!((0..1000).all(|_| at_once(world.limits.check(Policy::Api, "a")).is_none()));
    assert!((0..1000).all(|_| world.login("ada", "10.0.0.1").is_ok()));
}

#[test]
fn a_network_has_one_key() {
    let key = |text: &str| address_key(text.parse().expect("an address"));
    assert_eq!(key("2001:db8:1:2:3:4:5:6"), key("2001:db8:1:2::1"));
    assert_ne!(key("2001:db8:1:2::1"), key("2001:db8:1:3::1"));
    assert_eq!(key("::ffff:10.0.0.1"), "10.0.0.1");
}

#[test]
fn uploads_are_counted_for_the_user_and_for_the_tenant() {
    let world = World::new(true);
    let allowed = |tenant, user| at_once(world.limits.upload_allowed(tenant, user)).is_ok();
    assert_eq!([1, 2, 3].map(|_| allowed(1, "ann")), [true, true, false]);
    assert_eq!([allowed(1, "bob"), allowed(1, "bob")], [true, false], "three files of all together");
    assert!(allowed(2, "ann"), "another tenant has its own");
    world.pass(60);
    assert!(allowed(1, "ann"));
    assert!([1; 9].iter().all(|tenant| at_once(World::new(false).limits.upload_allowed(*tenant, "ann")).is_ok()));
}

#[test]
fn the_bytes_of_uploads_are_counted_for_the_user_and_for_the_tenant() {
    const MIB: u64 = 1024 * 1024;
    let world = World::new(true);
    let allowed = |tenant, user, bytes| at_once(world.limits.upload_size_allowed(tenant, user, bytes)).is_ok();
    assert_eq!([MIB, MIB, 1].map(|bytes| allowed(1, "ann", bytes)), [true, true, false]);
    assert_eq!([MIB, 1].map(|bytes| allowed(1, "bob", bytes)), [true, false], "three of all together");
    assert!(allowed(2, "ann", 2 * MIB), "another tenant has its own");
    assert!(!allowed(3, "ann", 2 * MIB + 1), "more than a whole day's");
    world.pass(12 * 60 * 60);
    assert_eq!([MIB, 1].map(|bytes| allowed(1, "ann", bytes)), [true, false], "half a day, half of it");
    assert!(at_once(World::new(false).limits.upload_size_allowed(1, "ann", u64::MAX)).is_ok());
}
