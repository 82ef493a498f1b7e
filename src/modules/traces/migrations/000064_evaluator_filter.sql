-- Which of the runs an evaluator is set on it judges, in the filter language of LangSmith; null: all.
alter table muster.trace_evaluators add column filter text;
