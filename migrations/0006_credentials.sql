-- Needs no older release. Looking up who a credential speaks for, in one statement, before a tenant is known.

call door('skill_group_members');
create index members_by_email on members (lower(email));
create index members_by_number on members (number);
