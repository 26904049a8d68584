-- The words of a ticket: its number, its subject and its customer's names. The tenant is a word of its own in each row,
-- so that a search walks only the caller's postings.
create virtual table ticket_search using fts5(
    tenant, words, content = '', contentless_delete = 1, tokenize = 'unicode61 remove_diacritics 2', prefix = '2 3'
);
