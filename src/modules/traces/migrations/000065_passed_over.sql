-- What was not judged, and why: whoever set a judge that never speaks, or a rule that finds nothing, can see what it did with the runs that came.
alter table muster.trace_evaluator_days
  add column other_project int not null default 0,  -- completed runs of models that the judge is not set on …
  add column other_model   int not null default 0,
  add column not_drawn     int not null default 0,  -- … that its share left out …
  add column not_fitting   int not null default 0,  -- … that its filter left out …
  add column no_answer     int not null default 0;  -- … and those it was to judge that hold no answer: failed, silent, too large, gone

-- Runs that a rule was asked about and had nothing to say of, such as one for JSON of an answer that was to be prose.
alter table muster.trace_score_hours add column skipped int not null default 0;
