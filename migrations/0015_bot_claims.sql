-- Which node is deciding what the bot says in a ticket, while that costs something: a model, or a server of the tenant's, is
-- asked by one. A row that has run out is anybody's.
create table bot_claims (
    tenant_key bigint not null,
    ticket_key bigint not null,
    -- Of one attempt: nobody renews or gives back what another took over.
    holder text not null,
    claimed_until bigint not null,
    primary key (tenant_key, ticket_key),
    foreign key (tenant_key, ticket_key) references tickets (tenant_key, ticket_key) on delete cascade
) {clustered};
