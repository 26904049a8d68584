-- What a page of the help centre is made by: how many articles there are costs it nothing. Articles that differ by their
-- language alone have one base_slug; sort_title is the title in small letters.
alter table kb_articles add column base_slug text not null default '';
alter table kb_articles add column sort_title text not null default '';
update kb_articles set sort_title = lower(title), base_slug = case
    when length(slug) > length(language) + 1 and slug like '%-' || lower(language)
        then substr(slug, 1, length(slug) - length(language) - 1)
    else slug end;
create index kb_articles_on_shelf on kb_articles (tenant_key, collection_id, sort_title, article_id)
    where status = 'published';
create index kb_articles_of_base on kb_articles (tenant_key, base_slug) where status = 'published';
create index kb_articles_of_language on kb_articles (tenant_key, language) where status = 'published';
