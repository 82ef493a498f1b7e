import { useMutation } from '@tanstack/react-query';
import { type ReactNode, type FormEvent, useState } from 'react';
import { call } from '../../api/client.ts';
import { problemOf } from '../../api/problem.ts';
import { Dialog } from '../../ui/dialog.tsx';
import { Button, Prose } from '../../ui/primitives.tsx';
import { Select } from '../../ui/select.tsx';
import { type DryRun, type HealingAction, type Level, levels } from './types.ts';
import { Plan } from './use-decisions.tsx';

/** Asks what an action would do to a target, and shows it: nothing of it is done. */
export function DryRunDialog({ action, onClose }: { readonly action: HealingAction; readonly onClose: () => void }): ReactNode {
  const [target, setTarget] = useState('');
  const [level, setLevel] = useState<Level>('critical');
  const ask = useMutation({
    mutationFn: () => call<DryRun>(`/recovery/actions/${action.name}/dry-run`, { method: 'POST', body: { target, level } }),
  });
  const problem = ask.isError ? problemOf(ask.error) : undefined;
  const submit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    ask.mutate();
  };
  return (
    <Dialog title={`Dry run: ${action.title}`} onClose={onClose}>
      <p className="text-ink-2">{action.description} Here it is only shown what would be done.</p>
      <form className="flex flex-wrap items-end gap-2" onSubmit={submit}>
        <label className="flex min-w-0 flex-1 flex-col gap-1 text-xs text-ink-2">
          Target, as labels
          <input
            className="h-8 rounded-md border border-line-strong bg-surface px-2 font-mono text-sm text-ink"
            placeholder="agent=a1"
            required
            autoFocus
            maxLength={500}
            value={target}
            onChange={(event) => setTarget(event.target.value)}
          />
        </label>
        <Select label="Level of the alert" value={level} onChange={(event) => setLevel(event.target.value as Level)}>
          {levels.map((each) => (
            <option key={each}>{each}</option>
          ))}
        </Select>
        <Button kind="primary" type="submit" disabled={ask.isPending}>
          Show
        </Button>
      </form>
      {problem && (
        <p role="alert" className="text-bad">
          {problem.message} {problem.remedy !== undefined && <Prose text={problem.remedy} />}
        </p>
      )}
      {ask.data && <Outcome found={ask.data} />}
      <div className="mt-2 flex justify-end">
        <Button onClick={onClose}>Close</Button>
      </div>
    </Dialog>
  );
}

function Outcome({ found }: { readonly found: DryRun }): ReactNode {
  return (
    <div aria-live="polite" className="flex max-h-96 flex-col gap-3 overflow-auto">
      {found.refused !== null && <p className="text-warn">Refused: {found.refused}.</p>}
      {found.targets.map((one) => (
        <section key={one.target} aria-label={one.target} className="flex flex-col gap-1">
          <code className="text-xs [overflow-wrap:anywhere]">{one.target}</code>
          {one.symptom && <p className="text-ink-2">{one.symptom.present ? one.symptom.text : `Nothing to cure: ${one.symptom.text}`}</p>}
          <Plan plan={one.plan} />
          <p className="text-xs text-ink-3">{one.held_by === null ? 'No limit holds it back.' : `Held back: ${one.held_by}.`}</p>
        </section>
      ))}
    </div>
  );
}
