//! Places for requests that are under way: who may have how many of them.

use std::collections::HashMap;
use std::hash::Hash;

use super::model::WebhookKey;
use crate::auth::model::TenantKey;

/// How the places of a pool are shared out.
pub struct Shares {
    pub all: usize,
    pub of_tenant: usize,
    /// Of a tenant's share, what its webhooks may have beside the first place of each: the last ones go to those that have none.
    pub of_more: usize,
    pub of_webhook: usize,
}

pub struct Pool {
    shares: Shares,
    taken: usize,
    tenants: HashMap<TenantKey, usize>,
    webhooks: HashMap<WebhookKey, usize>,
}

impl Pool {
    pub fn new(shares: Shares) -> Self {
        Self { shares, taken: 0, tenants: HashMap::new(), webhooks: HashMap::new() }
    }

    /// How many more a webhook may have now.
    pub fn room(&self, tenant: TenantKey, webhook: WebhookKey) -> usize {
        let of_tenant = self.tenants.get(&tenant).copied().unwrap_or_default();
        let own = self.webhooks.get(&webhook).copied().unwrap_or_default();
        let first = if own == 0 { self.shares.of_tenant.saturating_sub(of_tenant).min(1) } else { 0 };
        let more = self.shares.of_more.saturating_sub(of_tenant).min(self.shares.of_webhook.saturating_sub(own));
        self.shares.all.saturating_sub(self.taken).min(first.max(more))
    }

    pub fn take(&mut self, tenant: TenantKey, webhook: WebhookKey) {
        self.taken += 1;
        *self.tenants.entry(tenant).or_default() += 1;
        *self.webhooks.entry(webhook).or_default() += 1;
    }

    pub fn leave(&mut self, tenant: TenantKey, webhook: WebhookKey) {
        self.taken -= 1;
        leave(&mut self.tenants, tenant);
        leave(&mut self.webhooks, webhook);
    }
}

fn leave<K: Eq + Hash>(places: &mut HashMap<K, usize>, key: K) {
    if let Some(own) = places.get_mut(&key) {
        *own -= 1;
        if *own == 0 {
            places.remove(&key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes all that there is room for.
    fn fill(pool: &mut Pool, tenant: i64, webhook: i64) -> usize {
        let (tenant, webhook) = (TenantKey(tenant), WebhookKey(webhook));
        let room = pool.room(tenant, webhook);
        (0..room).for_each(|_| pool.take(tenant, webhook));
        room
    }

    #[test]
    fn the_last_places_of_a_share_are_for_webhooks_that_have_none() {
        let mut pool = Pool::new(Shares { all: 100, of_tenant: 8, of_more: 6, of_webhook: 4 });
        assert_eq!((fill(&mut pool, 1, 1), fill(&mut pool, 1, 1)), (4, 0), "no more than a webhook may have");
        assert_eq!(fill(&mut pool, 1, 2), 2, "no more than a tenant's webhooks may have beside their first");
        assert_eq!((fill(&mut pool, 1, 3), fill(&mut pool, 1, 3), fill(&mut pool, 1, 4)), (1, 0, 1));
        assert_eq!(fill(&mut pool, 1, 5), 0, "no more than its share");
        assert_eq!(fill(&mut pool, 2, 6), 4, "which is no other tenant's");
        pool.leave(TenantKey(1), WebhookKey(1));
        assert_eq!((fill(&mut pool, 1, 1), fill(&mut pool, 1, 5)), (0, 1));
    }

    #[test]
    fn where_each_has_one_place_nobody_has_a_second() {
        let mut pool = Pool::new(Shares { all: 3, of_tenant: 2, of_more: 0, of_webhook: 1 });
        assert_eq!((fill(&mut pool, 1, 1), fill(&mut pool, 1, 1), fill(&mut pool, 1, 2)), (1, 0, 1));
        assert_eq!((fill(&mut pool, 1, 3), fill(&mut pool, 2, 4), fill(&mut pool, 3, 5)), (0, 1, 0), "three in all");
    }

    #[test]
    fn of_whoever_has_left_nothing_is_kept() {
        let mut pool = Pool::new(Shares { all: 2, of_tenant: 2, of_more: 2, of_webhook: 2 });
        assert_eq!(fill(&mut pool, 1, 1), 2);
        pool.leave(TenantKey(1), WebhookKey(1));
        pool.leave(TenantKey(1), WebhookKey(1));
        assert!(pool.taken == 0 && pool.tenants.is_empty() && pool.webhooks.is_empty());
    }
}
