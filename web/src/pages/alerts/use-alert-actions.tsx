import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, type ReactNode, useState } from 'react';
import { call } from '../../api/client.ts';
import { problemOf } from '../../api/problem.ts';
import { queries } from '../../api/queries.ts';
import type { Alert } from '../../api/types.ts';
import { Dialog } from '../../ui/dialog.tsx';
import { Button, Prose } from '../../ui/primitives.tsx';
import { Select } from '../../ui/select.tsx';

export type AlertAction = 'acknowledge' | 'unacknowledge' | 'silence';

interface Asked {
  readonly alert: Alert;
  readonly action: AlertAction;
}

interface Answer extends Asked {
  readonly duration: string;
  readonly reason: string;
}

const titles: Readonly<Record<AlertAction, string>> = { acknowledge: 'Take on', unacknowledge: 'Give back', silence: 'Silence' };
const consequences: Readonly<Record<AlertAction, string>> = {
  acknowledge: 'Nobody is told of it again until it is over, its level changes, or the time has passed.',
  unacknowledge: 'It is told again: nobody has it.',
  silence: 'Nobody is told of it, nor of others with the same rule and target. What still fires at the end is told then.',
};

/** Takes alerts on, gives them back and silences them, after a question; `dialog` must be rendered somewhere on the page. */
export function useAlertActions(): {
  readonly allowed: boolean;
  readonly ask: (alert: Alert, action: AlertAction) => void;
  readonly dialog: ReactNode;
} {
  const client = useQueryClient();
  const session = useQuery(queries.session());
  const [asked, setAsked] = useState<Asked>();
  const send = useMutation({
    mutationFn: perform,
    onSuccess: () => setAsked(undefined),
    onSettled: () => Promise.all(['alerts', 'alert'].map((key) => client.invalidateQueries({ queryKey: [key] }))),
  });
  const close = (): void => {
    send.reset();
    setAsked(undefined);
  };
  const problem = send.isError ? problemOf(send.error) : undefined;
  return {
    // Unknown while the session is being read; the server decides in any case.
    allowed: session.data === undefined || session.data.role !== 'viewer',
    ask: (alert, action) => setAsked({ alert, action }),
    dialog: asked && (
      <Dialog title={`${titles[asked.action]}: ${asked.alert.summary}`} onClose={close}>
        <p className="text-ink-2">{consequences[asked.action]}</p>
        <form
          className="flex flex-col gap-3"
          onSubmit={(event: FormEvent<HTMLFormElement>) => {
            event.preventDefault();
            const given = new FormData(event.currentTarget);
            send.mutate({ ...asked, duration: textOf(given.get('duration')), reason: textOf(given.get('reason')) });
          }}
        >
          {asked.action !== 'unacknowledge' && (
            <Select label="For how long" name="duration" defaultValue={asked.action === 'silence' ? '1h' : ''}>
              {asked.action === 'acknowledge' && <option value="">Until it is over</option>}
              {['30m', '1h', '4h', '24h', '7d'].map((each) => (
                <option key={each} value={each}>
                  {`For ${each}`}
                </option>
              ))}
            </Select>
          )}
          <input
            name="reason"
            aria-label={asked.action === 'silence' ? 'Why' : 'Note'}
            placeholder={asked.action === 'silence' ? 'Why' : 'Note (may be left out)'}
            required={asked.action === 'silence'}
            maxLength={2_000}
            autoFocus
            className="h-8 rounded-md border border-line-strong bg-surface px-2.5 placeholder:text-ink-3"
          />
          {problem && (
            <p role="alert" className="text-bad">
              {problem.message} {problem.remedy !== undefined && <Prose text={problem.remedy} />}
            </p>
          )}
          <div className="mt-1 flex justify-end gap-2">
            <Button onClick={close}>Cancel</Button>
            <Button kind="primary" type="submit" disabled={send.isPending}>
              {titles[asked.action]}
            </Button>
          </div>
        </form>
      </Dialog>
    ),
  };
}

const textOf = (value: FormDataEntryValue | null): string => (typeof value === 'string' ? value.trim() : '');

function perform({ action, alert, duration, reason }: Answer): Promise<unknown> {
  const note = reason === '' ? {} : { note: reason };
  if (action === 'silence') {
    const matchers = [`rule=${alert.rule}`, ...(alert.target === '' ? [] : [`target=${alert.target}`])];
    return call('/silences', { method: 'POST', body: { matchers, reason, duration } });
  }
  const body = action === 'acknowledge' ? { ...note, ...(duration === '' ? {} : { for: duration }) } : note;
  return call(`/alerts/${encodeURIComponent(alert.alert_id)}/${action}`, { method: 'POST', body });
}
