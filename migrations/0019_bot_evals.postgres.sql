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

-- Behind the wall between tenants, as the others are (0017).
alter table bot_evals enable row level security;
alter table bot_evals force row level security;
create policy of_tenant on bot_evals using (tenant_key = coalesce(
    (select nullif(current_setting('smilechat.tenant', true), '')::bigint), tenant_key));
