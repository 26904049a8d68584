-- The words of a ticket: its number, its subject and its customer's names.
create table ticket_search (
    ticket_key bigint not null primary key,
    tenant_key bigint not null,
    words tsvector not null,
    foreign key (tenant_key, ticket_key) references tickets (tenant_key, ticket_key) on delete cascade
);
create index ticket_search_words on ticket_search using gin (words);
