-- What a customer says of how a ticket was closed: at most once for each closing.
create table ratings (
    ticket_key bigint not null,
    -- Which closing: when it was.
    closed_at bigint not null,
    tenant_key bigint not null,
    -- 1 to 5.
    score bigint not null,
    comment text,
    -- Who had the ticket when it was closed.
    support_key bigint,
    -- How often it was changed after it was given.
    changes bigint not null default 0,
    created_at bigint not null,
    updated_at bigint not null,
    primary key (ticket_key, closed_at),
    foreign key (tenant_key, ticket_key) references tickets (tenant_key, ticket_key) on delete cascade,
    foreign key (tenant_key, support_key) references users (tenant_key, user_key)
) {clustered};
create index ratings_with_comment on ratings (tenant_key, created_at, ticket_key) where comment is not null;

-- The figures of reports. Everything from here on is derived from tickets, events, messages and ratings, and counted
-- anew if it is deleted, but for what is kept of deleted tickets (analytics/mod.rs).

-- How far the events have been counted: one row, which whoever counts locks.
create table analytics_cursors (
    name text not null primary key,
    position bigint not null
);
insert into analytics_cursors (name, position) values ('events', 0);

-- Up to when a tenant's tickets were looked through for new messages.
create table analytics_tenants (
    tenant_key bigint not null primary key references tenants (tenant_key),
    looked_at bigint not null
);

-- What is known of a ticket so far, and how far its history has been read. It outlives the ticket until that is uncounted.
create table analytics_tickets (
    ticket_key bigint not null primary key,
    tenant_key bigint not null references tenants (tenant_key),
    ticket_id text not null unique,
    customer_key bigint not null,
    channel text not null,
    -- A JSON list.
    tags text not null,
    -- The ticket's own, when it was counted last; 0 while there is more to read.
    updated_at bigint not null,
    event_key bigint not null,
    seq bigint not null,
    -- Since when it is open, or was before it was closed.
    opened_at bigint not null,
    is_closed boolean not null,
    support_id text,
    -- When the customer first asked, and whether staff have replied since.
    asked_at bigint,
    is_replied boolean not null
);

-- What a ticket adds to the figures, by quarter of an hour and by who of the staff did it ('': nobody of them).
-- Histograms are texts: "bucket:count bucket:count".
create table analytics_ticket_slots (
    ticket_key bigint not null,
    slot bigint not null,
    agent_id text not null,
    tenant_key bigint not null references tenants (tenant_key),
    opened bigint not null,
    closed bigint not null,
    reopened bigint not null,
    assigned bigint not null,
    customer_messages bigint not null,
    staff_messages bigint not null,
    bot_messages bigint not null,
    bytes bigint not null,
    first_replies text not null,
    resolutions text not null,
    ratings text not null,
    primary key (ticket_key, slot, agent_id)
) {clustered};

-- Their sums: of all tickets, by agent, by tag, by channel, and of tickets deleted since.
create table analytics_slots (
    tenant_key bigint not null references tenants (tenant_key),
    dimension text not null,
    slot bigint not null,
    name text not null,
    opened bigint not null,
    closed bigint not null,
    reopened bigint not null,
    assigned bigint not null,
    customer_messages bigint not null,
    staff_messages bigint not null,
    bot_messages bigint not null,
    bytes bigint not null,
    first_replies text not null,
    resolutions text not null,
    ratings text not null,
    primary key (tenant_key, dimension, slot, name)
) {clustered};
