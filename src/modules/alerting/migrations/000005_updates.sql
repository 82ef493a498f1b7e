-- When those who were told of an incident hear which alerts joined it since; null: none did.
alter table muster.incidents add column update_at timestamptz;
