-- What servers count on the way, added up: redactions by kind, runs sampled out, rows that retention deleted.
create table muster.trace_tally (
  name  text   not null,
  label text   not null default '',
  count bigint not null,
  primary key (name, label)
) with (fillfactor = 50);
