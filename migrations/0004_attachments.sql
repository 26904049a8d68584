-- Files in a conversation. A row is written when its file is durable; it names its ticket from the start, and the message
-- that carries it once there is one. What an unknown client says of a file is kept nowhere: type and size are our own.
create table attachments (
    attachment_id text not null primary key,
    tenant_key bigint not null,
    ticket_key bigint not null,
    -- Who may send it: nobody else sees it before a message carries it.
    uploader_key bigint not null,
    name text not null,
    content_type text not null,
    size bigint not null,
    -- Of pictures, and of nothing else.
    width bigint,
    height bigint,
    -- The type of the small version of a picture. Null: there is none, or it is small itself.
    thumb_type text,
    message_seq bigint,
    created_at bigint not null,
    foreign key (tenant_key, ticket_key) references tickets (tenant_key, ticket_key) on delete cascade,
    foreign key (tenant_key, uploader_key) references users (tenant_key, user_key)
);
create index attachments_by_ticket on attachments (tenant_key, ticket_key);
create index attachments_unused on attachments (created_at) where message_seq is null;

-- The files that have to go, and from when on. Written before a file is stored, taken out by the transaction that
-- writes its row, and written again by the one that deletes the row: so each file stands in one of the two tables,
-- whenever a process dies.
create table file_removals (
    file_id text not null primary key,
    tenant_key bigint not null references tenants (tenant_key),
    due_at bigint not null
);
create index file_removals_by_time on file_removals (due_at);

-- What the message carries, as clients see it (a JSON list). A page of a conversation needs no join.
alter table messages add column attachments text;
