-- Needs no older release. An agent asks somebody while the caller waits, and all three may talk.

alter table calls drop constraint calls_state_check;
alter table calls add constraint calls_state_check check (state in
  ('received', 'screening', 'menu', 'queued', 'offered', 'dialling', 'talking', 'held', 'consulting', 'conference', 'forwarding', 'voicemail',
   'survey', 'ended'));
