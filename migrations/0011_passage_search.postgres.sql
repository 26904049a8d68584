-- The stems of passages: the title's of weight A, the heading's B, the text's C.
create table kb_search (
    passage_key bigint not null primary key references kb_passages (passage_key) on delete cascade,
    tenant_key bigint not null,
    is_published boolean not null,
    words tsvector not null
);
create index kb_search_by_tenant on kb_search (tenant_key, is_published);
create index kb_search_words on kb_search using gin (words);
