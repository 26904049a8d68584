-- Measurements of the bot, for the next one of the same name to be held against: the last twenty of a tenant.
create table bot_evals (
    tenant_key bigint not null references tenants (tenant_key),
    -- Counts up in the tenant.
    number bigint not null,
    -- The file's, or `replay`.
    name text not null,
    created_at bigint not null,
    -- How the bot was set.
    engine text not null,
    model text,
    -- JSON: the figures, and what became of each question. What a customer wrote is not in it.
    counts text not null,
    outcomes text not null,
    primary key (tenant_key, number)
) {clustered};
