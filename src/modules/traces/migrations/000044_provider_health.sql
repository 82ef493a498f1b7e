-- How requests to providers fare, of all servers together: a fallback hides from clients that a key was revoked, and from nobody else.
create table muster.gateway_provider_health (
  name        text        primary key references muster.gateway_providers on delete cascade,
  key_refused bigint      not null, -- failures since the provider was added, by reason
  over_limit  bigint      not null,
  failed      bigint      not null,
  streak      bigint      not null, -- failures since it last answered
  since       timestamptz,          -- the first of them; null: it answers
  failed_at   timestamptz,          -- the last failure of all
  reason      text,
  said        text,
  answered_at timestamptz,
  anew_at     timestamptz           -- it became another: what was seen before, and is only told now, says nothing of it
) with (fillfactor = 50);
