import { queryOptions, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { call } from '../../api/client.ts';
import { problemOf } from '../../api/problem.ts';
import { Mark } from '../../ui/look.tsx';
import { Button } from '../../ui/primitives.tsx';
import { type Notification, notificationLooks } from './types.ts';

const isOver = (state: Notification['state']): boolean => state !== 'pending' && state !== 'sending';

const notificationOf = (id: string | undefined) =>
  queryOptions({
    queryKey: ['notification', id],
    queryFn: ({ signal }) => call<Notification>(`/notifications/${id ?? ''}`, { signal }),
    enabled: id !== undefined,
    refetchInterval: ({ state: { data } }) => (data !== undefined && isOver(data.state) ? false : 500),
  });

/** Sends a test message, and says what came of it: it goes the way of every message. */
export function TestButton({ name }: { readonly name: string }): ReactNode {
  const client = useQueryClient();
  const send = useMutation({
    mutationFn: () => call<Notification>(`/channels/${encodeURIComponent(name)}/test`, { method: 'POST' }),
    onSettled: () => Promise.all(['channels', 'channel', 'notifications'].map((key) => client.invalidateQueries({ queryKey: [key] }))),
  });
  const followed = useQuery(notificationOf(send.data?.notification_id));
  const test = followed.data ?? send.data;
  return (
    <span className="inline-flex flex-col items-end gap-1">
      <Button kind="ghost" icon="run_now" disabled={send.isPending} onClick={() => send.mutate()} aria-label={`Send a test to ${name}`}>
        Send a test
      </Button>
      <span role="status" className="max-w-[24rem] text-xs [overflow-wrap:anywhere]">
        {send.isError && <span className="text-bad">{problemOf(send.error).message}</span>}
        {test && (
          <>
            <Mark look={notificationLooks[test.state]} /> <span className="text-ink-2">{resultOf(test)}</span>
          </>
        )}
      </span>
    </span>
  );
}

function resultOf({ attempts, last_error: error, ledger, state }: Notification): string {
  const last = ledger.at(-1);
  const answer = last?.status === null || last?.status === undefined ? '' : `, HTTP ${last.status}`;
  if (state === 'delivered') return last?.duration_ms === null || last === undefined ? answer : `in ${last.duration_ms} ms${answer}`;
  if (error !== null) return `${error}${isOver(state) ? '' : `, after ${attempts} ${attempts === 1 ? 'attempt' : 'attempts'}`}`;
  return attempts === 0 ? 'for the agent of delivery' : '';
}
