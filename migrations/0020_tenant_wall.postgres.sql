-- A transaction that is bound to a tenant sees and writes the rows of that tenant alone; one that is bound to none, all of them
-- (platform/db/wall.rs). `force`, because the server owns its tables. The two tables of words are left out: their search is no
-- function that PostgreSQL trusts not to tell of rows behind the wall, so that it would no longer use their indexes. What is
-- found there leads to tickets and passages, which are behind it.
do $$
declare
    name text;
begin
    foreach name in array array[
        'analytics_slots', 'analytics_tenants', 'analytics_ticket_slots', 'analytics_tickets', 'api_keys',
        'attachments', 'bot_claims', 'bot_evals', 'bot_runs', 'bot_settings', 'bot_usage', 'events', 'file_removals',
        'idempotency_keys', 'invites', 'kb_articles', 'kb_collections', 'kb_feedback', 'kb_imports', 'kb_passages',
        'kb_reader_feedback', 'kb_vectors', 'kb_versions', 'messages', 'notes', 'ratings', 'refresh_tokens',
        'sessions', 'tenants', 'ticket_tags', 'tickets', 'users', 'widget_settings'
    ] loop
        execute format('alter table %I enable row level security', name);
        execute format('alter table %I force row level security', name);
        execute format(
            'create policy of_tenant on %I using (tenant_key = coalesce(
                 (select nullif(current_setting(''smilechat.tenant'', true), '''')::bigint), tenant_key))', name);
    end loop;
end
$$;
