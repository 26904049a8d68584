-- What a tenant knows, in articles.
create table kb_collections (
    collection_id text not null primary key,
    tenant_key bigint not null references tenants (tenant_key),
    slug text not null,
    name text not null,
    description text not null,
    position bigint not null,
    created_at bigint not null,
    updated_at bigint not null,
    unique (tenant_key, collection_id),
    unique (tenant_key, slug)
);
create index kb_collections_by_position on kb_collections (tenant_key, position, collection_id);

create table kb_articles (
    article_id text not null primary key,
    tenant_key bigint not null references tenants (tenant_key),
    collection_id text,
    slug text not null,
    language text not null,
    title text not null,
    -- Markdown, as it was written.
    body text not null,
    -- How customers call it (a JSON list); found like the title.
    keywords text not null,
    status text not null,
    version bigint not null,
    -- Null: the operator, by a file.
    author_key bigint,
    helpful_yes bigint not null default 0,
    helpful_no bigint not null default 0,
    created_at bigint not null,
    updated_at bigint not null,
    published_at bigint,
    unique (tenant_key, article_id),
    unique (tenant_key, slug),
    foreign key (tenant_key, collection_id) references kb_collections (tenant_key, collection_id),
    foreign key (tenant_key, author_key) references users (tenant_key, user_key)
);
create index kb_articles_by_time on kb_articles (tenant_key, updated_at, article_id);
create index kb_articles_by_collection on kb_articles (tenant_key, collection_id, updated_at, article_id);
create index kb_articles_published on kb_articles (tenant_key, updated_at, article_id) where status = 'published';

-- Each text that was saved.
create table kb_versions (
    tenant_key bigint not null,
    article_id text not null,
    version bigint not null,
    title text not null,
    body text not null,
    keywords text not null,
    -- Null: the operator, by a file.
    author_key bigint,
    created_at bigint not null,
    primary key (tenant_key, article_id, version),
    foreign key (tenant_key, article_id) references kb_articles (tenant_key, article_id) on delete cascade,
    foreign key (tenant_key, author_key) references users (tenant_key, user_key)
) {clustered};

-- One vote a person; the article's two counts are their sums.
create table kb_feedback (
    tenant_key bigint not null,
    article_id text not null,
    user_key bigint not null,
    is_helpful boolean not null,
    created_at bigint not null,
    primary key (tenant_key, article_id, user_key),
    foreign key (tenant_key, article_id) references kb_articles (tenant_key, article_id) on delete cascade,
    foreign key (tenant_key, user_key) references users (tenant_key, user_key) on delete cascade
) {clustered};

-- The pieces that a question is held against: plain text, and the stems of its words, from which the index is made.
create table kb_passages (
    passage_key {key},
    tenant_key bigint not null,
    article_id text not null,
    position bigint not null,
    is_published boolean not null,
    heading text not null,
    text text not null,
    title_words text not null,
    heading_words text not null,
    text_words text not null,
    foreign key (tenant_key, article_id) references kb_articles (tenant_key, article_id) on delete cascade
);
create index kb_passages_by_article on kb_passages (tenant_key, article_id, position);

-- The bot. Its switch stands in the tenant's own row, which is written for each new ticket in any case.
alter table tenants add column bot_is_on boolean not null default false;

create table bot_settings (
    tenant_key bigint not null primary key references tenants (tenant_key),
    settings text not null,
    -- Who it is in a conversation.
    user_key bigint not null,
    updated_at bigint not null,
    foreign key (tenant_key, user_key) references users (tenant_key, user_key)
);

-- Who is in charge: bot, handoff_requested, human. Null: the ticket never had a bot. While the bot has a ticket it is held
-- as well (is_held), so that nobody is assigned.
alter table tickets add column bot_state text;
-- The customer's newest message that the bot owes an answer to.
alter table tickets add column bot_due_seq bigint;
create index tickets_bot_due on tickets (tenant_key, ticket_key) where bot_due_seq is not null;

-- What the bot made of a message, and from what.
create table bot_runs (
    run_id text not null primary key,
    tenant_key bigint not null,
    ticket_key bigint not null,
    -- The newest message that it took into account, and the one that it sent.
    seq bigint not null,
    reply_seq bigint,
    outcome text not null,
    reason text,
    -- The best of what was found, with scores (a JSON list).
    passages text not null,
    latency_ms bigint not null,
    created_at bigint not null,
    foreign key (tenant_key, ticket_key) references tickets (tenant_key, ticket_key) on delete cascade
);
create index bot_runs_by_tenant on bot_runs (tenant_key, created_at, run_id);
create index bot_runs_by_ticket on bot_runs (tenant_key, ticket_key, created_at, run_id);
