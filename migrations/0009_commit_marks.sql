-- On PostgreSQL, the last transaction of each connection (platform/db/mark.rs). SQLite has no use for it.
create table commit_marks (
    connection_id text primary key,
    backend bigint not null,
    transaction_count bigint not null,
    made_at bigint not null
);
