-- The whole of the first schema. One text for both engines; three marks are translated by platform/db/migrate.rs:
--   {key}        the integer key that the database hands out
--   {clustered}  the table is stored in the order of its primary key, where the engine can
--   {bytes}      a short string of bytes
-- Times are milliseconds since 1970 in UTC. Each table but `tenants` carries the tenant, and every reference between two
-- tables of one tenant carries it too, so that a row cannot point into another tenant.

create table tenants (
    tenant_key {key},
    tenant_id text not null unique,
    name text not null unique,
    identity_secret text not null,
    last_ticket_number bigint not null default 0,
    created_at bigint not null
);

create table users (
    user_key {key},
    tenant_key bigint not null references tenants (tenant_key),
    user_id text not null unique,
    username text not null,
    -- The one form in which two spellings of a name are the same name (auth/username.rs).
    username_canonical text not null,
    password_hash text,
    totp_secret text,
    name text not null,
    email text,
    avatar_url text,
    -- The role a new session acts in, and all roles the user may switch to (a JSON list).
    role text not null,
    roles text not null,
    -- The tenant's own id of this customer, set by /api/auth/identify.
    external_id text,
    is_guest boolean not null default false,
    is_disabled boolean not null default false,
    -- What the user chose to be seen as while connected: online, away, busy or offline.
    chosen_status text not null default 'online',
    created_at bigint not null,
    updated_at bigint not null,
    last_active bigint not null,
    unique (tenant_key, user_key),
    unique (tenant_key, username_canonical),
    unique (tenant_key, external_id)
);

create table sessions (
    session_id text not null primary key,
    tenant_key bigint not null,
    user_key bigint not null,
    role text not null,
    created_at bigint not null,
    expires_at bigint not null,
    ended_at bigint,
    ended_reason text,
    foreign key (tenant_key, user_key) references users (tenant_key, user_key) on delete cascade,
    unique (tenant_key, session_id)
);
create index sessions_by_user on sessions (tenant_key, user_key) where ended_at is null;
create index sessions_by_expiry on sessions (expires_at);

-- A refresh token is kept as its SHA-256. Its successor is derived from it, so that the same token within the grace
-- gives the same answer without the answer being stored (auth/session.rs).
create table refresh_tokens (
    token_hash {bytes} not null primary key,
    tenant_key bigint not null,
    session_id text not null,
    created_at bigint not null,
    used_at bigint,
    foreign key (tenant_key, session_id) references sessions (tenant_key, session_id) on delete cascade
) {clustered};
create index refresh_tokens_by_session on refresh_tokens (tenant_key, session_id);
create index refresh_tokens_by_use on refresh_tokens (used_at) where used_at is not null;

create table invites (
    invite_id text not null primary key,
    tenant_key bigint not null references tenants (tenant_key),
    token_hash {bytes} not null unique,
    role text not null,
    email text,
    created_by bigint not null,
    created_at bigint not null,
    expires_at bigint not null,
    used_at bigint,
    used_by bigint,
    foreign key (tenant_key, created_by) references users (tenant_key, user_key),
    foreign key (tenant_key, used_by) references users (tenant_key, user_key)
);
create index invites_by_tenant on invites (tenant_key, created_at, invite_id);

create table api_keys (
    api_key_id text not null primary key,
    tenant_key bigint not null references tenants (tenant_key),
    kind text not null,
    name text not null,
    -- The first characters, to recognise a key by; the key itself is kept as its SHA-256.
    prefix text not null,
    key_hash {bytes} not null unique,
    scopes text not null,
    allowed_origins text not null,
    -- Whom a secret key acts as.
    user_key bigint,
    created_at bigint not null,
    revoked_at bigint,
    foreign key (tenant_key, user_key) references users (tenant_key, user_key)
);
create index api_keys_by_tenant on api_keys (tenant_key, created_at, api_key_id);

create table tickets (
    ticket_key {key},
    tenant_key bigint not null references tenants (tenant_key),
    ticket_id text not null unique,
    number bigint not null,
    subject text not null,
    customer_key bigint not null,
    support_key bigint,
    status text not null,
    priority text not null,
    tags text not null,
    channel text not null,
    custom text not null,
    last_seq bigint not null default 0,
    customer_unread bigint not null default 0,
    staff_unread bigint not null default 0,
    -- Up to which seq each side has read, and has been served, what the other side sent.
    customer_read_seq bigint not null default 0,
    staff_read_seq bigint not null default 0,
    customer_delivered_seq bigint not null default 0,
    staff_delivered_seq bigint not null default 0,
    -- Set when staff put the ticket back: assignment then leaves it to whoever takes it, until it is reopened.
    is_held boolean not null default false,
    created_at bigint not null,
    updated_at bigint not null,
    closed_at bigint,
    foreign key (tenant_key, customer_key) references users (tenant_key, user_key),
    foreign key (tenant_key, support_key) references users (tenant_key, user_key),
    unique (tenant_key, ticket_key),
    unique (tenant_key, number)
);
create index tickets_by_activity on tickets (tenant_key, updated_at, ticket_key);
create index tickets_by_customer on tickets (tenant_key, customer_key, updated_at, ticket_key);
create index tickets_by_support on tickets (tenant_key, support_key, updated_at, ticket_key) where support_key is not null;
create index tickets_active on tickets (tenant_key, updated_at, ticket_key) where status <> 'closed';
create index tickets_waiting on tickets (tenant_key, created_at, ticket_key)
    where status = 'open' and support_key is null and is_held = false;
-- What each member of staff has under way; a message does not touch it.
create index tickets_under_way on tickets (tenant_key, support_key, ticket_key) where status <> 'closed';

create table ticket_tags (
    tenant_key bigint not null,
    tag text not null,
    ticket_key bigint not null,
    primary key (tenant_key, tag, ticket_key),
    foreign key (tenant_key, ticket_key) references tickets (tenant_key, ticket_key) on delete cascade
) {clustered};
create index ticket_tags_by_ticket on ticket_tags (tenant_key, ticket_key);

-- The hot table. Clustered by (ticket, seq): a page of a conversation is one walk, a new message lands on the ticket's
-- last page, and the message's public id is made of the two, so that it needs no index.
create table messages (
    ticket_key bigint not null,
    seq bigint not null,
    tenant_key bigint not null,
    sender_key bigint not null,
    kind text not null,
    message_content text not null,
    client_id text,
    is_read boolean not null default false,
    read_at bigint,
    delivered_at bigint,
    timestamp bigint not null,
    primary key (ticket_key, seq),
    foreign key (tenant_key, ticket_key) references tickets (tenant_key, ticket_key) on delete cascade,
    foreign key (tenant_key, sender_key) references users (tenant_key, user_key)
) {clustered};
create unique index messages_by_client_id on messages (ticket_key, sender_key, client_id) where client_id is not null;

create table notes (
    note_id text not null primary key,
    tenant_key bigint not null,
    ticket_key bigint not null,
    author_key bigint not null,
    body text not null,
    timestamp bigint not null,
    foreign key (tenant_key, ticket_key) references tickets (tenant_key, ticket_key) on delete cascade,
    foreign key (tenant_key, author_key) references users (tenant_key, user_key)
);
create index notes_by_ticket on notes (tenant_key, ticket_key, timestamp, note_id);

-- What happened, who did it, and why: the audit log, a ticket's history, and the outbox that durable reactions are
-- derived from. A message has no row here: the messages table records it already. It names the ticket and the actor by
-- their public ids, because it outlives both.
create table events (
    event_key {key},
    tenant_key bigint not null references tenants (tenant_key),
    kind text not null,
    actor_id text,
    ticket_id text,
    data text not null,
    timestamp bigint not null
);
create index events_by_tenant on events (tenant_key, event_key);
create index events_by_ticket on events (tenant_key, ticket_id, event_key) where ticket_id is not null;

-- First answers, for a POST repeated with the same Idempotency-Key. `answer` is sealed with a key made of the
-- Idempotency-Key itself, because it may hold tokens (platform/http/idempotency.rs). Null while the first is under way.
create table idempotency_keys (
    tenant_key bigint not null references tenants (tenant_key),
    scope_hash {bytes} not null,
    body_hash {bytes} not null,
    status bigint,
    answer {bytes},
    created_at bigint not null,
    primary key (tenant_key, scope_hash)
) {clustered};
create index idempotency_keys_by_age on idempotency_keys (created_at);
