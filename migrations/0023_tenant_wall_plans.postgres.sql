-- The same wall (0020) in words that plans can be made by. `tenant_key = coalesce(…, tenant_key)` made PostgreSQL expect one row of
-- each table, so that it read tables whole where an index was at hand; of this, which it knows nothing about, it expects half.
--
-- Older nodes may be serving. All tables are locked at once, so that none of their transactions may be waited for while a lock
-- is held: the two could wait for each other, and theirs might be the one that fails. What gets no lock tries all again (migrate.rs).
do $$
declare
    name text;
begin
    lock table tickets in access exclusive mode;
    -- Whoever is in the middle of something and needs no ticket ends it meanwhile.
    perform pg_sleep(0.05) where exists (select from tickets);
    for name in
        select c.relname from pg_policy p join pg_class c on c.oid = p.polrelid
        where p.polname = 'of_tenant' and c.relnamespace = current_schema()::regnamespace order by 1
    loop
        execute format('lock table %I in access exclusive mode nowait', name);
        execute format(
            'alter policy of_tenant on %I using (coalesce(
                 tenant_key = (select nullif(current_setting(''smilechat.tenant'', true), '''')::bigint), true))', name);
    end loop;
end
$$;
