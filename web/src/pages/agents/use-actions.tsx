import { useQuery, useQueryClient } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import { queries } from '../../api/queries.ts';
import { give } from '../../live/commands.ts';
import { Dialog } from '../../ui/dialog.tsx';
import { Button } from '../../ui/primitives.tsx';
import type { Action } from './actions.ts';

interface Asked {
  readonly agentId: string;
  readonly action: Action;
}

/** Gives commands, after a question where one hurts; `dialog` must be rendered somewhere on the page. */
export function useActions(): {
  readonly allowed: boolean;
  readonly act: (agentId: string, action: Action) => void;
  readonly dialog: ReactNode;
} {
  const client = useQueryClient();
  const session = useQuery(queries.session());
  const [asked, setAsked] = useState<Asked>();

  const send = ({ agentId, action }: Asked): void => {
    setAsked(undefined);
    void give(agentId, action.verb, () => {
      for (const key of ['agents', 'agent', 'commands']) void client.invalidateQueries({ queryKey: [key] });
    });
  };

  return {
    // Unknown while the session is being read; the server decides in any case.
    allowed: session.data === undefined || session.data.role !== 'viewer',
    act: (agentId, action) => (action.question ? setAsked({ agentId, action }) : send({ agentId, action })),
    dialog: asked?.action.question && (
      <Dialog title={asked.action.question.title} onClose={() => setAsked(undefined)}>
        <p className="text-ink-2">{asked.action.question.consequence}</p>
        <div className="mt-2 flex justify-end gap-2">
          <Button onClick={() => setAsked(undefined)}>Cancel</Button>
          <Button kind={asked.action.verb === 'stop' ? 'danger' : 'primary'} icon={asked.action.icon} autoFocus onClick={() => send(asked)}>
            {asked.action.label}
          </Button>
        </div>
      </Dialog>
    ),
  };
}
