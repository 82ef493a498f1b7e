import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import { call } from '../../api/client.ts';
import { problemOf } from '../../api/problem.ts';
import { queries } from '../../api/queries.ts';
import { Dialog } from '../../ui/dialog.tsx';
import { Button, Prose } from '../../ui/primitives.tsx';
import type { HealingAction, HealingRun, PlannedSteps } from './types.ts';

export type Decision = 'approve' | 'reject' | 'undo';

interface Asked {
  readonly run: HealingRun;
  readonly action: HealingAction | undefined;
  readonly decision: Decision;
}

const words: Readonly<Record<Decision, string>> = { approve: 'Approve', reject: 'Reject', undo: 'Undo' };

/** Approves, rejects and undoes runs, after a question that shows exactly what would be done; `dialog` must be on the page. */
export function useDecisions(): {
  /** Whether this person may say how far actions go by themselves. */
  readonly mayManage: boolean;
  /** Whether this person may decide about an action. */
  readonly mayDecide: (action: HealingAction | undefined) => boolean;
  readonly ask: (asked: Asked) => void;
  readonly dialog: ReactNode;
} {
  const client = useQueryClient();
  const session = useQuery(queries.session());
  const [asked, setAsked] = useState<Asked>();
  const send = useMutation({
    mutationFn: ({ decision, run }: Asked) =>
      call<HealingRun>(`/recovery/runs/${run.run_id}/${decision}`, { method: 'POST', ...(decision === 'reject' ? { body: {} } : {}) }),
    onSuccess: () => setAsked(undefined),
    onSettled: () => client.invalidateQueries({ queryKey: ['recovery'] }),
  });
  const close = (): void => {
    send.reset();
    setAsked(undefined);
  };
  const problem = send.isError ? problemOf(send.error) : undefined;
  const role = session.data?.role;
  return {
    mayManage: role === undefined || role === 'administrator',
    // Unknown while the session is being read; the server decides in any case.
    mayDecide: (action) => role === undefined || role === 'administrator' || (role === 'operator' && action?.approver !== 'administrator'),
    ask: setAsked,
    dialog: asked && (
      <Dialog title={`${words[asked.decision]}: ${asked.action?.title ?? asked.run.action}?`} onClose={close}>
        <p className="text-ink-2">{consequenceOf(asked)}</p>
        {asked.decision === 'approve' && <Plan plan={asked.run.plan} />}
        {problem && (
          <p role="alert" className="text-bad">
            {problem.message} {problem.remedy !== undefined && <Prose text={problem.remedy} />}
          </p>
        )}
        <div className="mt-2 flex justify-end gap-2">
          <Button onClick={close}>Cancel</Button>
          <Button kind="primary" autoFocus disabled={send.isPending} onClick={() => send.mutate(asked)}>
            {words[asked.decision]}
          </Button>
        </div>
      </Dialog>
    ),
  };
}

export function Plan({ plan }: { readonly plan: PlannedSteps }): ReactNode {
  return (
    <pre className="max-h-48 overflow-auto rounded-md bg-raised p-2 font-mono text-xs whitespace-pre-wrap">
      {plan.map(({ text }) => text).join('\n')}
    </pre>
  );
}

function consequenceOf({ action, decision, run }: Asked): string {
  if (decision === 'reject') return `It is not done, and not proposed again for the same alert: ${run.target}.`;
  if (decision === 'undo') return `${run.target}: ${action?.undo ?? 'by the undo of its action'}.`;
  const back = action?.undo === 'irreversible' || action === undefined ? 'It cannot be undone.' : `It can be undone: ${action.undo}.`;
  return `${run.target}: exactly this is done as soon as no limit holds it back. ${back}`;
}
