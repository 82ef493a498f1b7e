-- Who this fleet is to other Musters. Written when it is first asked for: a database that is made from another one before that is its own fleet.
create table muster.trace_origin (
  is_only   boolean primary key default true check (is_only),
  origin_id uuid not null
);
