-- What readers of the help centre say of an article whom nobody knows: one vote for each address, which may be changed. The
-- article's two counts are the sums of these and of kb_feedback.
create table kb_reader_feedback (
    tenant_key bigint not null,
    article_id text not null,
    -- A keyed hash of article and address: it tells nobody who it was, nor that two are the same.
    reader text not null,
    is_helpful boolean not null,
    created_at bigint not null,
    primary key (tenant_key, article_id, reader),
    foreign key (tenant_key, article_id) references kb_articles (tenant_key, article_id) on delete cascade
) {clustered};
