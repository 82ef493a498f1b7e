import { useQueryClient } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { useConnection } from '../live/connection.ts';
import { useNow } from '../live/now.ts';
import { formatAge, formatClock } from '../ui/format.ts';
import { Icon } from '../ui/icons.tsx';
import { Button, Prose } from '../ui/primitives.tsx';

/** Says that what is on the page is no longer the present, why, and of when it is. */
export function ConnectionBanner(): ReactNode {
  const { trouble, answeredAt } = useConnection();
  const client = useQueryClient();
  // Always there, so that a screen reader hears it appear.
  return (
    <div role="alert" aria-live="assertive">
      {trouble && (
        <div className="flex flex-wrap items-center gap-x-3 gap-y-1 border-b border-line bg-[color-mix(in_oklab,var(--bad)_12%,var(--surface))] px-4 py-2 sm:px-6">
          <span className="flex items-center gap-2 font-medium text-bad">
            <Icon name={trouble.databaseAway ? 'database' : 'critical'} />
            {trouble.databaseAway ? 'The database is away' : trouble.title}
          </span>
          <span className="text-ink-2">
            <Prose text={`${sentence(trouble.databaseAway ? trouble.message : 'The server does not answer')} ${trouble.remedy ?? ''}`} />
          </span>
          <span className="ml-auto flex items-center gap-3 text-ink-2">
            {answeredAt === undefined ? 'Nothing has been read yet.' : <LastState at={answeredAt} />}
            <Button onClick={() => void client.refetchQueries({ type: 'active' })}>Try now</Button>
          </span>
        </div>
      )}
    </div>
  );
}

function LastState({ at }: { readonly at: number }): ReactNode {
  const age = useNow() - at;
  return (
    <span aria-live="off">
      State of {formatClock(at)}, {formatAge(age)} old
    </span>
  );
}

/** Messages of the database end without a full stop; a remedy follows. */
function sentence(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`;
}
