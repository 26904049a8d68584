-- How far a reaction that has to happen for certain has come along the events (services/reactions.rs).
create table event_cursors (
    name text primary key,
    position bigint not null
);
insert into event_cursors (name, position) select 'user_changed', coalesce(max(event_key), 0) from events;

create index events_of_changed_users on events (event_key) where kind = 'user_changed';
