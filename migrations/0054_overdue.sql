-- Needs no older release. Whose customer has waited too long stays marked, for whoever looks later than the event told of it.

-- The `waiting_since` of which it was said that it lasts too long: once they are answered the two differ.
alter table conversations add overdue_for timestamptz;
