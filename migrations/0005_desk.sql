-- How a tenant's widget looks and greets: one JSON object, absent until somebody changed it. A table of its own, because
-- the row of the tenant is written for every new ticket.
create table widget_settings (
    tenant_key bigint not null primary key references tenants (tenant_key),
    settings text not null,
    updated_at bigint not null
);

-- The words that somebody is found by, folded and each after a space (auth/store/people.rs). Those who are there already
-- are folded anew when they next change.
alter table users add column words text not null default '';
update users set words = ' ' || lower(name || ' ' || username || ' ' || coalesce(email, '') || ' ' || coalesce(external_id, ''));

-- Guests are most of all users: lists of staff and of known customers must not walk past them.
create index users_staff on users (tenant_key, user_key) where role <> 'customer';
create index users_customers on users (tenant_key, user_key) where role = 'customer' and is_guest = false;

create index tickets_closed on tickets (tenant_key, updated_at, ticket_key) where status = 'closed';
