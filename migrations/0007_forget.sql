-- An index without contents cannot forget a word: it only notes that the ticket is gone. This one holds its words, and
-- takes them out of its pages when a ticket goes. Those of tickets that are there already are folded by the tokenizer alone
-- until the ticket is next indexed.
drop table ticket_search;
create virtual table ticket_search using fts5(
    tenant, words, tokenize = 'unicode61 remove_diacritics 2', prefix = '2 3'
);
insert into ticket_search (ticket_search, rank) values ('secure-delete', 1);
insert into ticket_search (rowid, tenant, words)
    select t.ticket_key, t.tenant_key,
        lower(t.number || ' ' || t.subject || ' ' || c.name || ' ' || c.username || ' ' || coalesce(c.email, ''))
    from tickets t join users c on c.tenant_key = t.tenant_key and c.user_key = t.customer_key;
