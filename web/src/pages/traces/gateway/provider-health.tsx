import type { ReactNode } from 'react';
import { grouped } from '../../../ui/format.ts';
import { Icon } from '../../../ui/icons.tsx';
import { Ago } from '../../../ui/primitives.tsx';
import type { Provider } from './queries.ts';

const reasons = { key_refused: 'Its key is refused', over_limit: 'Its limits are reached', failed: 'It fails' } as const;

/** Whether a provider answers. That it does not is told here alone, where another answers in its place. */
export function ProviderHealth({ health }: { readonly health: Provider['health'] }): ReactNode {
  const { failing_since: since, failures_in_a_row: failures, last_answer_at: answeredAt, last_failure: last } = health;
  if (since !== null && last !== null)
    return (
      <div className="max-w-80">
        <span className="inline-flex items-center gap-1 text-bad">
          <Icon name="warning" className="size-3.5" />
          {reasons[last.reason]}
        </span>
        <span className="block text-xs text-ink-3">
          {grouped(failures)} in a row, the first <Ago at={since} />, the last <Ago at={last.at} />
        </span>
        <span className="block text-xs [overflow-wrap:anywhere] text-ink-2" title={last.said}>
          {last.said}
        </span>
      </div>
    );
  return (
    <div>
      {answeredAt === null ? <span className="text-ink-3">Not asked yet</span> : <span>Answers</span>}
      {answeredAt !== null && (
        <span className="block text-xs text-ink-3">
          <Ago at={answeredAt} />
        </span>
      )}
      {last !== null && (
        <span className="block text-xs text-ink-3" title={last.said}>
          last failure <Ago at={last.at} />
        </span>
      )}
    </div>
  );
}
