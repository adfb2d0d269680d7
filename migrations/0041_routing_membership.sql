-- Needs no older release. How members stand in their groups, and how work comes to them.

alter table skill_group_members
  drop constraint skill_group_members_tier_check,
  add constraint skill_group_members_tier_check check (tier between 1 and 100),
  -- Share of the work, for the strategy `weighted`.
  add column weight int not null default 1 check (weight between 1 and 100),
  -- To this member the group's conversations count as if they had waited so much longer.
  add column credit_seconds int not null default 0 check (credit_seconds between 0 and 86400),
  -- Of this group at once, whatever the group says; null: as the group says.
  add column max_items int check (max_items between 0 and 100);

-- Instead of the groups'; null: as the groups say.
alter table members add column accept_mode text check (accept_mode in ('auto', 'manual'));
