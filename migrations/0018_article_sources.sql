-- The page that an import made an article of: it is known by it from then on, whatever staff call it.
alter table kb_articles add column source_url text;
-- Of what the import last wrote: what staff have edited since is left alone.
alter table kb_articles add column source_hash text;
create unique index kb_articles_by_source on kb_articles (tenant_key, source_url) where source_url is not null;
