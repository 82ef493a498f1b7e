-- What reads need of the JSON of runs. It is text, as it came: what jsonb cannot hold (U+0000, half a surrogate pair, 5,000 levels) must not fail
-- a query over a million neighbours, so it reads as nothing.

-- Puts blobs back where a text refers to some (U+0001, the hash in base64url, U+0001).
create function muster.trace_whole(text) returns text
language plpgsql stable strict parallel safe as $$
declare
  whole text := $1;
  part  text;
begin
  if strpos(whole, chr(1)) = 0 then return whole; end if;
  for part in select distinct hit[1] from regexp_matches(whole, chr(1) || '([A-Za-z0-9_-]{22})' || chr(1), 'g') hit loop
    whole := replace(whole, chr(1) || part || chr(1), coalesce((
      select body from muster.trace_blobs where hash = decode(translate(part, '-_', '+/') || '==', 'base64') limit 1), 'null'));
  end loop;
  return whole;
end $$;

create function muster.trace_json(text) returns jsonb
language plpgsql stable strict parallel safe cost 500 as $$
begin
  return muster.trace_whole($1)::jsonb;
exception when others then
  return null;
end $$;

-- The object a text is, or that it has under a name; null where there is none.
create function muster.trace_object(text, field text) returns jsonb
language sql stable parallel safe cost 500 as $$
  select case jsonb_typeof(found) when 'object' then found end
  from (select case when field is null then muster.trace_json($1) else muster.trace_json($1) -> field end) j (found)
$$;

-- Its keys with their values, where those are a text, a number or true or false.
create function muster.trace_entries(jsonb) returns table (key text, value text)
language sql immutable strict parallel safe as $$
  select e.key, case when jsonb_typeof(e.value) in ('object', 'array') then null else e.value #>> '{}' end from jsonb_each($1) e
$$;

-- What a JSON string says.
create function muster.trace_text(text) returns text
language sql stable strict parallel safe cost 500 as $$ select muster.trace_json($1) #>> '{}' $$;

create function muster.trace_number(text) returns numeric
language sql immutable strict parallel safe as $$ select case when $1 ~ '^-?\d{1,200}(\.\d{1,200})?([eE][-+]?\d{1,2})?$' then $1::numeric end $$;
