-- The stems of passages. The tenant is a word of its own in each row, `p` before it where the article is published and `d`
-- where it is a draft, so that a search walks only what its caller may find. Forgets what is deleted, as 0007 says.
create virtual table kb_search using fts5(
    tenant, title, heading, words, tokenize = 'unicode61 remove_diacritics 0'
);
insert into kb_search (kb_search, rank) values ('secure-delete', 1);
