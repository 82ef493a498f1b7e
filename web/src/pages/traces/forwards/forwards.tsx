import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import { problemOf } from '../../../api/problem.ts';
import { useMay } from '../../../api/use-may.ts';
import { useNow } from '../../../live/now.ts';
import { Answered } from '../../../ui/answered.tsx';
import { DataTable, dataRow } from '../../../ui/data-table.tsx';
import { FormProblem } from '../../../ui/form-dialog.tsx';
import { formatDuration, formatSeconds, grouped } from '../../../ui/format.ts';
import { type Look, Mark } from '../../../ui/look.tsx';
import { Menu } from '../../../ui/menu.tsx';
import { Ago, AsOf, Button, Empty, PageHeader } from '../../../ui/primitives.tsx';
import { useQuestion } from '../../../ui/use-question.tsx';
import { ForwardForm } from './forward-form.tsx';
import { dropForward, type Forward, forwardQueries, turnForward } from './queries.ts';

const looks: Readonly<Record<Forward['state'], Look>> = {
  running: { icon: 'check', colour: 'text-ok', label: 'Running' },
  behind: { icon: 'clock', colour: 'text-warn', label: 'Behind' },
  failing: { icon: 'critical', colour: 'text-bad', label: 'Failing' },
  paused: { icon: 'pause', colour: 'text-ink-2', label: 'Paused' },
};

/** Where runs are passed on to, how far each has come, and what stops it. */
export function ForwardsPage(): ReactNode {
  const query = useQuery(forwardQueries.list());
  const may = useMay('traces:manage');
  const [edited, setEdited] = useState<Forward | 'new'>();
  return (
    <>
      {edited !== undefined && <ForwardForm forward={edited === 'new' ? undefined : edited} onClose={() => setEdited(undefined)} />}
      <PageHeader title="Forwards" note={<AsOf at={query.dataUpdatedAt} staleAfterMs={20_000} />}>
        {may && (
          <Button kind="primary" onClick={() => setEdited('new')}>
            New forward
          </Button>
        )}
      </PageHeader>
      <div className="card min-w-0">
        <Answered query={query}>
          {({ items }) =>
            items.length === 0 ? (
              <Empty title="Runs stay here" icon="right">
                A forward passes them on as they come, redacted, to LangSmith with the same ids, or to a collector of OpenTelemetry.
              </Empty>
            ) : (
              <ForwardTable items={items} onEdit={may ? setEdited : undefined} />
            )
          }
        </Answered>
      </div>
    </>
  );
}

function ForwardTable({
  items,
  onEdit,
}: {
  readonly items: readonly Forward[];
  readonly onEdit: ((forward: Forward) => void) | undefined;
}): ReactNode {
  const { ask, dialog } = useQuestion();
  const client = useQueryClient();
  const turn = useMutation({
    mutationFn: ({ name, state }: Forward) => turnForward(name, state === 'paused' ? 'resume' : 'pause'),
    onSettled: () => client.invalidateQueries({ queryKey: ['forwards'] }),
  });
  return (
    <>
      {dialog}
      <FormProblem problem={turn.isError ? problemOf(turn.error) : undefined} />
      <DataTable
        label="Forwards"
        columns={[
          { title: 'Forward' },
          { title: 'State' },
          { title: 'Backlog' },
          { title: 'Sent', right: true },
          { title: 'Refused', right: true },
          { title: 'Last success', right: true },
          { title: 'Actions', hidden: true },
        ]}
      >
        {items.map((forward) => (
          <tr key={forward.name} className={dataRow}>
            <th scope="row">
              <span className="font-medium">{forward.name}</span>
              <span className="block text-xs text-ink-2 [overflow-wrap:anywhere]">{forward.endpoint}</span>
              <span className="block text-xs text-ink-3 [overflow-wrap:anywhere]">
                {forward.kind === 'otlp' ? 'OpenTelemetry' : 'LangSmith'}, {forward.project ?? 'all projects'}
                {forward.target_project !== null && `, there ${forward.target_project}`}
              </span>
            </th>
            <td>
              <Mark look={looks[forward.state]} />
              {forward.failures > 0 && <Trouble forward={forward} />}
            </td>
            <td>
              <Backlog forward={forward} />
            </td>
            <td className="text-right">
              {grouped(forward.sent_runs)} {forward.sent_runs === 1 ? 'run' : 'runs'}
              {forward.sent_feedback > 0 && <span className="block text-xs text-ink-3">{grouped(forward.sent_feedback)} scores</span>}
            </td>
            <td className={`text-right ${forward.refused > 0 ? 'text-bad' : ''}`} title={forward.last_refusal ?? undefined}>
              {grouped(forward.refused)}
              {forward.last_refusal !== null && (
                <span className="ml-auto block max-w-48 text-xs text-ink-2 [overflow-wrap:anywhere]">{forward.last_refusal}</span>
              )}
            </td>
            <td className="text-right">
              <Ago at={forward.last_success_at} />
            </td>
            <td className="text-right">
              {onEdit && (
                <Menu
                  label={`Actions for ${forward.name}`}
                  items={[
                    { id: 'change', label: 'Change', icon: 'tool', onSelect: () => onEdit(forward) },
                    forward.state === 'paused'
                      ? { id: 'turn', label: 'Resume', icon: 'resume', onSelect: () => turn.mutate(forward) }
                      : { id: 'turn', label: 'Pause', icon: 'pause', onSelect: () => turn.mutate(forward) },
                    {
                      id: 'remove',
                      label: 'Delete',
                      icon: 'close',
                      onSelect: () =>
                        ask({
                          title: `Delete the forward ${forward.name}?`,
                          text: 'Nothing more is sent there, and its place is forgotten: one that is made anew begins now, or with the oldest at hand.',
                          verb: 'Delete',
                          isGrave: true,
                          act: () => dropForward(forward.name),
                          concerns: ['forwards'],
                        }),
                    },
                  ]}
                />
              )}
            </td>
          </tr>
        ))}
      </DataTable>
    </>
  );
}

function Backlog({ forward: { backlog } }: { readonly forward: Forward }): ReactNode {
  if (backlog.transactions === 0 && backlog.waiting_runs === 0) return <span className="text-ink-3">none</span>;
  return (
    <>
      {backlog.transactions > 0 && (
        <span className="block">
          {backlog.transactions >= 10_000 ? 'more than ' : ''}
          {grouped(backlog.transactions)} {backlog.transactions === 1 ? 'batch' : 'batches'}, {formatSeconds(backlog.lag_seconds)} old
        </span>
      )}
      {backlog.waiting_runs > 0 && (
        <span className="block text-xs text-ink-3" title="They have not ended, or their parents are not here yet">
          {grouped(backlog.waiting_runs)} {backlog.waiting_runs === 1 ? 'run is' : 'runs are'} not whole yet
        </span>
      )}
    </>
  );
}

/** Why nothing gets through, and when it is tried next. */
function Trouble({ forward }: { readonly forward: Forward }): ReactNode {
  const now = useNow();
  const next = forward.next_attempt_at === null ? undefined : Date.parse(forward.next_attempt_at) - now;
  return (
    <span className="block max-w-72 text-xs text-ink-2 [overflow-wrap:anywhere]">
      {forward.last_error} <span className="text-ink-3">({grouped(forward.failures)} in a row)</span>
      {next !== undefined && (
        <span className="block text-ink-3">{next > 0 ? `tried again in ${formatDuration(next)}` : 'being tried again'}</span>
      )}
    </span>
  );
}
