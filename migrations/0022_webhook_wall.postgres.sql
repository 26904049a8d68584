-- As 0020 for the tables that came since (platform/db/wall.rs).
do $$
declare
    name text;
begin
    foreach name in array array['webhooks', 'webhook_deliveries', 'webhook_tickets', 'webhook_tenants'] loop
        execute format('alter table %I enable row level security', name);
        execute format('alter table %I force row level security', name);
        execute format(
            'create policy of_tenant on %I using (tenant_key = coalesce(
                 (select nullif(current_setting(''smilechat.tenant'', true), '''')::bigint), tenant_key))', name);
    end loop;
end
$$;
