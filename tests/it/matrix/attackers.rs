//! Everybody who has no right to what is the victim's.

use std::rc::Rc;

use jsonwebtoken::Algorithm;
use serde_json::json;

use super::estate::Estate;
use super::rows::Level;
use crate::harness::{Call, JWT_SECRET, Server, Tenant, claims, signed};

pub struct Attacker {
    pub name: &'static str,
    pub level: Level,
    /// Of the victim's own tenant.
    pub is_neighbour: bool,
    /// What they may name as their own.
    pub estate: Rc<Estate>,
    /// The headers that they come with.
    headers: Vec<(&'static str, String)>,
}

impl Attacker {
    pub fn sign(&self, call: Call) -> Call {
        self.headers.iter().fold(call, |call, (name, value)| call.header(name, value))
    }
}

pub async fn all(
    server: &Server,
    home: &Tenant<'_>,
    victim: &Rc<Estate>,
    away: &Tenant<'_>,
    other: &Rc<Estate>,
) -> Vec<Attacker> {
    let attacker = |name, level, estate: &Rc<Estate>, headers| Attacker {
        name,
        level,
        is_neighbour: false,
        estate: estate.clone(),
        headers,
    };
    let bearer = |token: &str| vec![("authorization", format!("Bearer {token}"))];
    let owner = victim.owner(Level::Admin);
    let mut expired = claims(&owner.token);
    expired["exp"] = expired["iat"].clone();
    let disabled = home.customer("disabled").await;
    let path = format!("/api/users/{}", disabled.id);
    server.put(&path).by(owner).json(json!({"is_disabled": true})).await.expect(200);
    let mut two_tenants = bearer(&owner.token);
    two_tenants.push(("x-api-key", away.publishable_key.clone()));
    let mut attackers = vec![
        attacker("nobody", Level::Public, other, vec![]),
        attacker("a garbage token", Level::Public, other, bearer("garbage")),
        attacker("an expired token", Level::Public, other, bearer(&signed(Algorithm::HS256, &expired, JWT_SECRET))),
        attacker("a refresh token", Level::Public, other, bearer(&owner.refresh_token)),
        attacker("a publishable key", Level::Public, other, vec![("x-api-key", home.publishable_key.clone())]),
        attacker("a disabled user", Level::Public, other, bearer(&disabled.token)),
        attacker("an owner's token with another tenant's key", Level::Public, other, two_tenants),
        attacker("another tenant's customer", Level::Customer, other, bearer(&other.owner(Level::Customer).token)),
        attacker("another tenant's support", Level::Support, other, bearer(&other.owner(Level::Support).token)),
        attacker("another tenant's admin", Level::Admin, other, bearer(&other.owner(Level::Admin).token)),
        attacker("another tenant's secret key", Level::Admin, other, vec![("x-api-key", away.secret_key.clone())]),
    ];
    for (name, person) in [("another customer", home.customer("neighbour").await), ("a guest", home.guest().await)] {
        let estate = Rc::new(Estate::of_neighbour(server, &person).await);
        let (headers, is_neighbour) = (bearer(&person.token), true);
        attackers.push(Attacker { name, level: Level::Customer, is_neighbour, estate, headers });
    }
    attackers
}
