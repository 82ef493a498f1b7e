import { queryOptions, useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { call } from '../../api/client.ts';
import { problemOf } from '../../api/problem.ts';
import type { Page } from '../../api/types.ts';
import { Icon, type IconName } from '../../ui/icons.tsx';
import { Ago, AsOf, Button, Empty, PageHeader, ProblemNote, Skeleton } from '../../ui/primitives.tsx';
import type { HealingAction, HealingRun, HealingSettings, RunState } from './types.ts';
import { ActionTable } from './action-table.tsx';
import { bodyRow, headRow } from './rows.ts';
import { type Decision, Plan, useDecisions } from './use-decisions.tsx';

const everyMs = 3_000;
const runsOf = () =>
  queryOptions({
    queryKey: ['recovery', 'runs'],
    queryFn: ({ signal }) => call<Page<HealingRun>>('/recovery/runs', { query: { limit: 100 }, signal }),
    refetchInterval: everyMs,
  });
const actionsOf = () =>
  queryOptions({
    queryKey: ['recovery', 'actions'],
    queryFn: ({ signal }) => call<Page<HealingAction>>('/recovery/actions', { signal }),
    refetchInterval: everyMs,
  });
const settingsOf = () =>
  queryOptions({
    queryKey: ['recovery', 'settings'],
    queryFn: ({ signal }) => call<HealingSettings>('/recovery/settings', { signal }),
    refetchInterval: everyMs,
  });

const looks: Readonly<Record<RunState, { readonly icon: IconName; readonly colour: string; readonly label: string }>> = {
  proposed: { icon: 'unknown', colour: 'text-warn', label: 'Proposed' },
  approved: { icon: 'clock', colour: 'text-ink-2', label: 'Approved' },
  running: { icon: 'run_now', colour: 'text-ink-2', label: 'Running' },
  verifying: { icon: 'clock', colour: 'text-ink-2', label: 'Verifying' },
  effective: { icon: 'check', colour: 'text-ok', label: 'Effective' },
  ineffective: { icon: 'warning', colour: 'text-warn', label: 'Ineffective' },
  failed: { icon: 'critical', colour: 'text-bad', label: 'Failed' },
  undone: { icon: 'restart', colour: 'text-ink-3', label: 'Undone' },
  rejected: { icon: 'close', colour: 'text-ink-3', label: 'Rejected' },
  expired: { icon: 'clock', colour: 'text-ink-3', label: 'Expired' },
  refused: { icon: 'stop', colour: 'text-ink-3', label: 'Refused' },
};

export function RecoveryPage(): ReactNode {
  const runs = useQuery(runsOf());
  const actions = useQuery(actionsOf());
  const settings = useQuery(settingsOf());
  const { ask, dialog, mayDecide, mayManage } = useDecisions();
  const items = runs.data?.items ?? [];
  const waiting = items.filter(({ state }) => state === 'proposed');
  const byName = new Map(actions.data?.items.map((action) => [action.name, action]));
  const decide = (run: HealingRun, decision: Decision): void => ask({ run, action: byName.get(run.action), decision });
  return (
    <>
      {dialog}
      <PageHeader title="Healing" note={<AsOf at={runs.dataUpdatedAt} staleAfterMs={15_000} />}>
        {typeof settings.data?.halted_at === 'string' && (
          <span className="inline-flex items-center gap-1.5 text-sm font-medium text-warn">
            <Icon name="pause" className="size-3.5" />
            Halted by {settings.data.halted_by ?? 'somebody'}
          </span>
        )}
      </PageHeader>
      <section aria-labelledby="waiting" className="card min-w-0">
        <h2 id="waiting" className="border-b border-line px-4 py-2.5 font-medium">
          Waiting for a decision
        </h2>
        {waiting.length === 0 ? (
          <Empty title="Nothing waits" icon="check">
            What an alert calls for is proposed here, with the exact statements and commands.
          </Empty>
        ) : (
          <ul>
            {waiting.map((run) => (
              <Proposal
                key={run.run_id}
                run={run}
                action={byName.get(run.action)}
                decide={mayDecide(byName.get(run.action)) ? decide : undefined}
              />
            ))}
          </ul>
        )}
      </section>
      <section aria-labelledby="runs" className="card min-w-0">
        <h2 id="runs" className="border-b border-line px-4 py-2.5 font-medium">
          Runs
        </h2>
        {runs.isPending ? (
          <div className="p-4">
            <Skeleton className="h-6" />
          </div>
        ) : !runs.data ? (
          <ProblemNote problem={problemOf(runs.error)} retry={() => void runs.refetch()} />
        ) : (
          <RunTable runs={items.filter(({ state }) => state !== 'proposed')} actions={byName} decide={decide} mayDecide={mayDecide} />
        )}
      </section>
      <section aria-labelledby="actions" className="card min-w-0">
        <h2 id="actions" className="border-b border-line px-4 py-2.5 font-medium">
          Actions
        </h2>
        <ActionTable actions={actions.data?.items ?? []} mayManage={mayManage} />
      </section>
    </>
  );
}

function Proposal({
  run,
  action,
  decide,
}: {
  readonly run: HealingRun;
  readonly action: HealingAction | undefined;
  readonly decide: ((run: HealingRun, decision: Decision) => void) | undefined;
}): ReactNode {
  const canBeApproved = action !== undefined && ['approve', 'auto'].includes(action.modes[run.level]) && action.stopped_at === null;
  return (
    <li className="flex flex-col gap-2 border-b border-line px-4 py-3 last:border-0">
      <div className="flex flex-wrap items-center gap-x-3 gap-y-1">
        <span className="font-medium">{action?.title ?? run.action}</span>
        <code className="text-xs [overflow-wrap:anywhere]">{run.target}</code>
        <span className="text-xs text-ink-3">
          {run.because}, <Ago at={run.proposed_at} />
        </span>
        {decide && (
          <span className="ml-auto flex gap-2">
            <Button icon="close" onClick={() => decide(run, 'reject')} aria-label={`Reject ${run.action} at ${run.target}`}>
              Reject
            </Button>
            {canBeApproved && (
              <Button
                kind="primary"
                icon="check"
                onClick={() => decide(run, 'approve')}
                aria-label={`Approve ${run.action} at ${run.target}`}
              >
                Approve
              </Button>
            )}
          </span>
        )}
      </div>
      {run.symptom_before && <p className="text-ink-2">{run.symptom_before.text}</p>}
      <Plan plan={run.plan} />
      {run.held_by !== null && <p className="text-xs text-ink-3">Held back: {run.held_by}.</p>}
    </li>
  );
}

function RunTable({
  runs,
  actions,
  decide,
  mayDecide,
}: {
  readonly runs: readonly HealingRun[];
  readonly actions: ReadonlyMap<string, HealingAction>;
  readonly decide: (run: HealingRun, decision: Decision) => void;
  readonly mayDecide: (action: HealingAction | undefined) => boolean;
}): ReactNode {
  if (runs.length === 0) return <Empty title="Nothing was done yet">Runs appear here, with their symptom before and after.</Empty>;
  return (
    <div className="overflow-x-auto" role="region" aria-label="Healing runs" tabIndex={0}>
      <table className="w-full min-w-[60rem] border-collapse text-left">
        <caption className="sr-only">Healing runs, newest first</caption>
        <thead className="text-xs text-ink-2">
          <tr className={headRow}>
            <th scope="col">State</th>
            <th scope="col">Action</th>
            <th scope="col">Target</th>
            <th scope="col">Before</th>
            <th scope="col">After</th>
            <th scope="col" className="text-right">
              Proposed
            </th>
            <th scope="col" className="relative">
              <span className="sr-only">Commands</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {runs.map((run) => {
            const { colour, icon, label } = looks[run.state];
            const action = actions.get(run.action);
            const canUndo =
              ['effective', 'ineffective', 'failed'].includes(run.state) && action !== undefined && action.undo !== 'irreversible';
            return (
              <tr key={run.run_id} className={bodyRow}>
                <td>
                  <span
                    className={`inline-flex items-center gap-2 align-middle whitespace-nowrap ${colour}`}
                    title={run.reason ?? run.held_by ?? undefined}
                  >
                    <Icon name={icon} className="size-3.5" />
                    {label}
                  </span>
                </td>
                <td>{action?.title ?? run.action}</td>
                <td>
                  <code className="text-xs [overflow-wrap:anywhere]">{run.target}</code>
                </td>
                <td className="text-ink-2">{run.symptom_before?.text ?? '–'}</td>
                <td className="text-ink-2">{run.symptom_after?.text ?? run.reason ?? run.held_by ?? '–'}</td>
                <td className="text-right">
                  <Ago at={run.proposed_at} />
                </td>
                <td className="text-right">
                  {canUndo && mayDecide(action) && (run.undo === null || run.undo === 'failed') && (
                    <Button
                      kind="ghost"
                      icon="restart"
                      onClick={() => decide(run, 'undo')}
                      aria-label={`Undo ${run.action} at ${run.target}`}
                    >
                      Undo
                    </Button>
                  )}
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}
