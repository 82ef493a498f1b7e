-- What was erased is named by its traces: that is enough to erase it again after an older backup was restored, and says nothing of anybody.
alter table muster.trace_erasures drop column sealed, add column traces uuid[] not null default '{}';
