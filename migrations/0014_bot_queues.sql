-- Two queues of the inbox: what the bot has, and what waits for a person. Where the bot has most of what is open, neither
-- is found by walking that.
create index tickets_with_bot on tickets (tenant_key, updated_at, ticket_key) where status <> 'closed' and bot_state = 'bot';
create index tickets_unassigned on tickets (tenant_key, updated_at, ticket_key)
    where status <> 'closed' and support_key is null and (bot_state is null or bot_state <> 'bot');
