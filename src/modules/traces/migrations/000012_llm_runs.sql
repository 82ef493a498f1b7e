-- Runs for people who write SQL: words instead of numbers, and the name of the project.
create view muster.llm_runs as
select p.name as project, r.run_id, r.trace_id, r.parent_run_id, r.name,
  (array['chain', 'llm', 'tool', 'retriever', 'embedding', 'prompt', 'parser'])[r.run_type + 1] as run_type,
  (array['pending', 'success', 'error'])[r.status + 1] as status,
  r.start_time, r.end_time, extract(epoch from r.end_time - r.start_time)::float8 as latency_seconds,
  extract(epoch from r.first_token_time - r.start_time)::float8 as first_token_seconds,
  r.model, r.provider, r.thread_id, r.user_id, r.prompt, r.tags, r.prompt_tokens, r.completion_tokens, r.total_tokens,
  r.input_cost, r.output_cost, r.total_cost, muster.trace_text(r.error) as error,
  muster.trace_whole(r.inputs) as inputs, muster.trace_whole(r.outputs) as outputs, muster.trace_object(r.extra, 'metadata') as metadata,
  r.reference_example_id, r.day, r.keep_days
from muster.trace_runs r join muster.trace_projects p using (project_no);

comment on view muster.llm_runs is
  'LLM conversations, a row a step. Name days (day >= current_date - 7) where you can: only their partitions are read. error, inputs, outputs and metadata are read when they are asked for.';

-- The turns and steps of a conversation by its thread alone; equal keys are stored once, so a run costs few bytes.
create index trace_runs_steps_by_thread on muster.trace_runs (project_no, thread_id) where thread_id is not null and parent_run_id is not null;
