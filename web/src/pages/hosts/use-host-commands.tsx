import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import { call } from '../../api/client.ts';
import { problemOf } from '../../api/problem.ts';
import { queries } from '../../api/queries.ts';
import type { Host } from '../../api/types.ts';
import { Dialog } from '../../ui/dialog.tsx';
import { Button, Prose } from '../../ui/primitives.tsx';

export type HostCommand = 'drain' | 'resume';

interface Asked {
  readonly host: Host;
  readonly command: HostCommand;
  /** Agents that the other hosts have no room for. */
  readonly homeless: number;
}

/** Drains and resumes hosts, after a question; `dialog` must be rendered somewhere on the page. */
export function useHostCommands(): {
  readonly allowed: boolean;
  readonly ask: (asked: Asked) => void;
  readonly dialog: ReactNode;
} {
  const client = useQueryClient();
  const session = useQuery(queries.session());
  const [asked, setAsked] = useState<Asked>();
  const send = useMutation({
    mutationFn: ({ host, command }: Asked) => call<Host>(`/hosts/${host.host_id}/commands`, { method: 'POST', body: { command } }),
    onSuccess: () => setAsked(undefined),
    onSettled: () => client.invalidateQueries({ queryKey: ['hosts'] }),
  });
  const close = (): void => {
    send.reset();
    setAsked(undefined);
  };
  const problem = send.isError ? problemOf(send.error) : undefined;
  return {
    // Unknown while the session is being read; the server decides in any case.
    allowed: session.data === undefined || session.data.role !== 'viewer',
    ask: setAsked,
    dialog: asked && (
      <Dialog title={`${asked.command === 'drain' ? 'Drain' : 'Resume'} ${asked.host.hostname}, pid ${asked.host.pid}?`} onClose={close}>
        <p className="text-ink-2">{consequenceOf(asked)}</p>
        {problem && (
          <p role="alert" className="text-bad">
            {problem.message} {problem.remedy !== undefined && <Prose text={problem.remedy} />}
          </p>
        )}
        <div className="mt-2 flex justify-end gap-2">
          <Button onClick={close}>Cancel</Button>
          <Button
            kind="primary"
            icon={asked.command === 'drain' ? 'pause' : 'resume'}
            autoFocus
            disabled={send.isPending}
            onClick={() => send.mutate(asked)}
          >
            {asked.command === 'drain' ? 'Drain' : 'Resume'}
          </Button>
        </div>
      </Dialog>
    ),
  };
}

function consequenceOf({ host, command, homeless }: Asked): string {
  if (command === 'resume') return 'It takes agents again: those that wait at once, and its share of the others within a minute.';
  const agents = `${host.agents} ${host.agents === 1 ? 'agent' : 'agents'}`;
  const given = host.agents === 0 ? 'It takes no agents' : `Its ${agents} are ended and started on other hosts; it takes no new ones`;
  return `${given} until somebody resumes it.${homeless > 0 ? ` The other hosts have no room for ${homeless} of them: these wait.` : ''}`;
}
