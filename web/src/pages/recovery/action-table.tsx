import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import { call } from '../../api/client.ts';
import { problemOf } from '../../api/problem.ts';
import { Button, Empty, Prose } from '../../ui/primitives.tsx';
import { Select } from '../../ui/select.tsx';
import { DryRunDialog } from './dry-run.tsx';
import { bodyRow, headRow } from './rows.ts';
import { type HealingAction, type Mode, modes } from './types.ts';

interface Change {
  readonly name: string;
  readonly what: 'mode' | 'resume';
  readonly body?: Readonly<Record<string, unknown>>;
}

export function ActionTable({
  actions,
  mayManage,
}: {
  readonly actions: readonly HealingAction[];
  readonly mayManage: boolean;
}): ReactNode {
  const [tried, setTried] = useState<HealingAction>();
  const client = useQueryClient();
  const send = useMutation({
    mutationFn: ({ name, what, body }: Change) => call<HealingAction>(`/recovery/actions/${name}/${what}`, { method: 'POST', body }),
    onSettled: () => client.invalidateQueries({ queryKey: ['recovery'] }),
  });
  const problem = send.isError ? problemOf(send.error) : undefined;
  if (actions.length === 0) return <Empty title="No actions yet">The self-healing agent declares them when it starts.</Empty>;
  return (
    <div className="overflow-x-auto" role="region" aria-label="Healing actions" tabIndex={0}>
      {tried && <DryRunDialog action={tried} onClose={() => setTried(undefined)} />}
      {problem && (
        <p role="alert" className="px-4 py-2 text-bad">
          {problem.message} {problem.remedy !== undefined && <Prose text={problem.remedy} />}
        </p>
      )}
      <table className="w-full min-w-[56rem] border-collapse text-left">
        <caption className="sr-only">Healing actions</caption>
        <thead className="text-xs text-ink-2">
          <tr className={headRow}>
            <th scope="col">Action</th>
            <th scope="col">Mode</th>
            <th scope="col">At most</th>
            <th scope="col" title="Counted from runs whose symptom was measured afterwards, or that failed">
              Effective
            </th>
            <th scope="col">Undo</th>
            <th scope="col" className="relative">
              <span className="sr-only">Commands</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {actions.map((action) => (
            <tr key={action.name} className={bodyRow}>
              <td>
                <span className="block font-medium" title={action.description}>
                  {action.title}
                </span>
                <span className="block font-mono text-2xs text-ink-3">{action.name}</span>
              </td>
              <td>
                {action.stopped_at !== null && <span className="mb-1 block text-bad">Stopped: {action.stopped_reason}</span>}
                {mayManage ? (
                  <ModeChoice
                    action={action}
                    onChange={(mode) => send.mutate({ name: action.name, what: 'mode', body: { mode, level: 'any' } })}
                  />
                ) : (
                  modesOf(action)
                )}
              </td>
              <td>{action.ceiling}</td>
              <td>{action.success.text}</td>
              <td className="text-ink-2 [overflow-wrap:anywhere]">{action.undo}</td>
              <td className="text-right whitespace-nowrap">
                {mayManage && action.stopped_at !== null && (
                  <Button
                    kind="ghost"
                    icon="resume"
                    disabled={send.isPending}
                    onClick={() => send.mutate({ name: action.name, what: 'resume' })}
                    aria-label={`Resume ${action.name}`}
                  >
                    Resume
                  </Button>
                )}
                <Button kind="ghost" icon="search" onClick={() => setTried(action)} aria-label={`Dry run of ${action.name}`}>
                  Dry run
                </Button>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** For alerts of every level; where they differ, that stays as it is until one mode is chosen for all. */
function ModeChoice({ action, onChange }: { readonly action: HealingAction; readonly onChange: (mode: Mode) => void }): ReactNode {
  const now = modesOf(action);
  const offered = modes.slice(0, modes.indexOf(action.ceiling) + 1);
  return (
    <Select label={`Mode of ${action.name}`} value={now} onChange={(event) => onChange(event.target.value as Mode)}>
      {!offered.some((mode) => mode === now) && <option>{now}</option>}
      {offered.map((mode) => (
        <option key={mode}>{mode}</option>
      ))}
    </Select>
  );
}

/** One word where all levels have the same mode. */
function modesOf({ modes: set }: HealingAction): string {
  const distinct = new Set(Object.values(set));
  return distinct.size === 1
    ? set.warning
    : Object.entries(set)
        .map(([level, mode]) => `${level}: ${mode}`)
        .join(', ');
}
