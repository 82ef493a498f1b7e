-- The projects of LLM conversations that a key may read and write; null: all.
alter table muster.api_keys add column projects text[];
