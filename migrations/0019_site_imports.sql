-- Imports of sites that admins began, the last ones of each tenant; one of them at most is under way.
create table kb_imports (
    tenant_key bigint not null references tenants (tenant_key),
    import_id text not null,
    url text not null,
    most_pages bigint not null,
    -- Of articles that it makes.
    status text not null,
    -- Who began it.
    user_id text not null,
    -- running, done, failed
    state text not null,
    failure text,
    pages_done bigint not null default 0,
    -- Null until it is known.
    pages_all bigint,
    -- JSON: how many articles, and what made none. Null until it has ended.
    tally text,
    created_at bigint not null,
    -- The last sign of the node that runs it. Null: it waits for one.
    seen_at bigint,
    ended_at bigint,
    primary key (tenant_key, import_id)
) {clustered};
create unique index kb_imports_running on kb_imports (tenant_key) where state = 'running';
