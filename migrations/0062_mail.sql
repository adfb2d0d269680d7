-- Needs no older release. What programs said by themselves, and what the hub said by itself: neither is answered automatically.

alter table messages add automatic boolean not null default false;
