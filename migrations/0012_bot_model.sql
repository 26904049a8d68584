-- Keys of models and of webhooks (a JSON object), apart from what is shown.
alter table bot_settings add column secrets text not null default '{}';

-- Which model makes vectors of the tenant's articles; null: none.
alter table bot_settings add column embedding text;
create index bot_settings_embedding on bot_settings (tenant_key) where embedding is not null;

-- Who decided what to say, and what it took.
alter table bot_runs add column engine text not null default 'passages';
alter table bot_runs add column model text;
alter table bot_runs add column input_tokens bigint not null default 0;
alter table bot_runs add column output_tokens bigint not null default 0;
-- In millionths of the tenant's money.
alter table bot_runs add column cost_micros bigint not null default 0;
-- What it used, with what came of it (a JSON list).
alter table bot_runs add column tools text not null default '[]';
-- What went wrong, as a code.
alter table bot_runs add column error text;

-- What a model took on a day (days since 1970, UTC): of a customer, and, where user_key is 0, of the whole tenant.
create table bot_usage (
    tenant_key bigint not null references tenants (tenant_key),
    day bigint not null,
    user_key bigint not null,
    tokens bigint not null,
    cost_micros bigint not null,
    primary key (tenant_key, day, user_key)
) {clustered};

-- What an embedding model makes of a passage: one byte for each dimension.
create table kb_vectors (
    tenant_key bigint not null,
    passage_key bigint not null,
    -- Which model made it, and of what text: another model's, or another text's, compares with nothing.
    model text not null,
    vector {bytes} not null,
    primary key (tenant_key, passage_key),
    foreign key (passage_key) references kb_passages (passage_key) on delete cascade
) {clustered};
-- What a deleted passage takes along.
create index kb_vectors_by_passage on kb_vectors (passage_key);
