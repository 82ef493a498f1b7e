-- muster: compatible-back-to 1
-- How a host that was killed is told from one that is slow, long before its lease runs out: its connections end with it.

-- What the application_name of every connection of the host's process ends in. Null: it cannot be told by its connections
-- (behind a pooler, or its own watch is not up), and only its lease says whether it lives. Not indexed, as nothing a beat changes.
alter table muster.hosts add column sessions text;

-- Waits until nobody holds an advisory lock. A plain SELECT that waits for one keeps its snapshot as long as it waits, and
-- vacuum and HOT pruning of the whole database with it. So this waits in rounds, each a transaction of its own that the session's
-- lock_timeout ends; below deadlock_timeout, it also costs no deadlock check and no line of log_lock_waits.
-- Outcomes: free (nobody held it to begin with), freed (it was let go), held (it still is, after all rounds).
create procedure muster.await_release(p_space int, p_key int, p_rounds int, inout p_outcome text, inout p_at text)
language plpgsql as $$
begin
  p_outcome := 'free';
  if pg_try_advisory_xact_lock(p_space, p_key) then
    p_at := clock_timestamp()::text;
    return;
  end if;
  commit;
  for round in 1 .. p_rounds loop
    begin
      perform pg_advisory_xact_lock(p_space, p_key);
      p_outcome := 'freed';
      p_at := clock_timestamp()::text;
      return;
    exception when lock_not_available then
      null; -- still held: the snapshot is given up and taken anew
    end;
    commit;
  end loop;
  p_outcome := 'held';
  p_at := clock_timestamp()::text;
end $$;

-- Ends the lease of a host that was found dead before it ran out. The verdict was made at a certain beat: one that came in
-- since wins. Returns the host where it was taken.
create function muster.certify_dead(p_host uuid, p_last_beat timestamptz, p_reason text) returns setof uuid
language plpgsql volatile as $$
begin
  perform 1 from muster.hosts where host_id = p_host and status = 'live' and last_beat_at = p_last_beat for update skip locked;
  if found then
    return query select taken from muster.take_hosts(array[p_host], false, p_reason) as taken;
  end if;
end $$;
