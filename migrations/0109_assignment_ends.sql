-- Needs no older release. Why whoever held it holds it no longer, for explanations. Not known of what ended before.

alter table assignments add column end_reason text;
