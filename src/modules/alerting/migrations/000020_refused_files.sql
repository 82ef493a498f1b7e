-- A monitoring.yml that a running host cannot take: what was in force before stays so until it is mended. One row a file.
create table muster.refused_files (
  hostname   text        not null,
  path       text        not null,
  place      text        not null,              -- with line and column
  message    text        not null,
  remedy     text,
  since      timestamptz not null default clock_timestamp(),
  primary key (hostname, path)
);
