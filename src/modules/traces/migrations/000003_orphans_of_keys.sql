-- What waits for its run is written in the name of the key that brought it: to whose project it belongs shows only with the run.
alter table muster.trace_orphans add column may_write jsonb;  -- names of projects; null: to any
