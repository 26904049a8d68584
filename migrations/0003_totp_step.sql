-- The time step of the last one-time code that was taken: each serves once.
alter table users add column totp_last_step bigint;
