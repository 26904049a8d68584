-- Where a tenant is told of what happens (src/notifications).
create table webhooks (
    webhook_key {key},
    tenant_key bigint not null references tenants (tenant_key),
    webhook_id text not null unique,
    url text not null,
    description text not null,
    -- JSON: the types it wants. Empty: all, but for private notes.
    types text not null,
    -- As it is, because the server signs with it. The one before signs too until then.
    secret text not null,
    old_secret text,
    old_secret_until bigint,
    is_enabled boolean not null,
    -- Why the server switched it off: gone, failing.
    disabled_reason text,
    -- Since when every attempt fails. Null: the last one did not.
    failing_since bigint,
    -- It begins behind this event, and with the messages of this time.
    begins_after bigint not null,
    begins_at bigint not null,
    created_at bigint not null,
    updated_at bigint not null,
    -- Removed: its deliveries go in steps, and then this row.
    removed_at bigint,
    unique (tenant_key, webhook_key)
);
create index webhooks_by_tenant on webhooks (tenant_key, webhook_key) where removed_at is null;
create index webhooks_removed on webhooks (tenant_key, webhook_key) where removed_at is not null;

-- What one webhook is to be told, or was. It names the ticket by its public id, because it outlives it.
create table webhook_deliveries (
    delivery_key {key},
    tenant_key bigint not null,
    webhook_key bigint not null,
    delivery_id text not null,
    type text not null,
    ticket_id text,
    body text not null,
    -- pending; waiting, behind an earlier one of its ticket; delivered; failed
    state text not null,
    attempts bigint not null default 0,
    next_at bigint not null,
    -- While a node sends it; what a node that died has claimed is due again then.
    claimed_until bigint,
    last_status bigint,
    last_error text,
    last_ms bigint,
    created_at bigint not null,
    done_at bigint,
    foreign key (tenant_key, webhook_key) references webhooks (tenant_key, webhook_key)
);
create unique index webhook_deliveries_by_id on webhook_deliveries (webhook_key, delivery_id);
create index webhook_deliveries_by_webhook on webhook_deliveries (webhook_key, delivery_key);
create index webhook_deliveries_by_state on webhook_deliveries (webhook_key, state, delivery_key);
create index webhook_deliveries_by_ticket on webhook_deliveries (tenant_key, ticket_id) where ticket_id is not null;
create index webhook_deliveries_due on webhook_deliveries (webhook_key, next_at, delivery_key) where state = 'pending';
create index webhook_deliveries_in_order on webhook_deliveries (webhook_key, ticket_id, delivery_key) where done_at is null;
create index webhook_deliveries_claimed on webhook_deliveries (webhook_key) where claimed_until is not null;

-- How far the events were made into deliveries: the last key, and those before it that were passed over, as JSON.
create table webhook_cursors (
    name text not null primary key,
    position bigint not null,
    missing text not null
);
insert into webhook_cursors (name, position, missing) values ('events', 0, '[]');

-- How far the messages of a ticket were; and until when the tickets of a tenant were looked through for new ones.
create table webhook_tickets (
    tenant_key bigint not null,
    ticket_key bigint not null,
    seq bigint not null,
    primary key (tenant_key, ticket_key),
    foreign key (tenant_key, ticket_key) references tickets (tenant_key, ticket_key) on delete cascade
) {clustered};
create table webhook_tenants (
    tenant_key bigint not null primary key references tenants (tenant_key),
    looked_at bigint not null
);
