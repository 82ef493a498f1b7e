import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import { call } from '../../../api/client.ts';
import { problemOf } from '../../../api/problem.ts';
import { useMay } from '../../../api/use-may.ts';
import { CopyButton } from '../../../ui/copy-button.tsx';
import { Dialog } from '../../../ui/dialog.tsx';
import { SelectField } from '../../../ui/field.tsx';
import { FormProblem } from '../../../ui/form-dialog.tsx';
import { formatFull } from '../../../ui/format.ts';
import { Button } from '../../../ui/primitives.tsx';
import { traceQueries } from '../queries.ts';
import type { Share } from '../types.ts';

const spans = [
  ['1d', 'a day'],
  ['7d', 'seven days'],
  ['30d', 'thirty days'],
  ['', 'until it is ended'],
] as const;

/** An address under which whoever has it reads the trace without signing in; made, copied and ended here. */
export function ShareButton({ runId }: { readonly runId: string }): ReactNode {
  const { data } = useQuery(traceQueries.run(runId));
  const may = useMay('traces:write');
  const [open, setOpen] = useState(false);
  const share = data?.share ?? undefined;
  if (data === undefined || (!may && share === undefined)) return null;
  return (
    <>
      {open && <ShareDialog runId={runId} share={share} may={may} onClose={() => setOpen(false)} />}
      <Button kind="ghost" icon="share" onClick={() => setOpen(true)}>
        {share === undefined ? 'Share' : 'Shared'}
      </Button>
    </>
  );
}

function ShareDialog({
  runId,
  share,
  may,
  onClose,
}: {
  readonly runId: string;
  readonly share: Share | undefined;
  readonly may: boolean;
  readonly onClose: () => void;
}): ReactNode {
  const client = useQueryClient();
  const [span, setSpan] = useState<string>('7d');
  const path = `/traces/runs/${encodeURIComponent(runId)}/share`;
  const onSettled = (): Promise<void> => client.invalidateQueries({ queryKey: ['traces', 'run'] });
  const make = useMutation({
    mutationFn: async () => {
      const made = await call<Share>(path, { method: 'PUT', body: span === '' ? {} : { expires_in: span } });
      return { ...made, isCopied: await copied(made.url) };
    },
    onSettled,
  });
  const end = useMutation({
    mutationFn: () => call<undefined>(path, { method: 'DELETE' }),
    onSuccess: () => {
      make.reset();
      onClose();
    },
    onSettled,
  });
  const shown = share ?? make.data;
  const failed = [make, end].find(({ isError }) => isError);
  return (
    <Dialog title="Share this trace" onClose={onClose}>
      <p className="text-ink-2">
        Whoever has the address reads the whole trace, all that was said and all that failed, without signing in. Nobody guesses it.
      </p>
      {shown === undefined ? (
        <SelectField label="For how long" value={span} onChange={(event) => setSpan(event.target.value)}>
          {spans.map(([value, label]) => (
            <option key={value} value={value}>
              {label}
            </option>
          ))}
        </SelectField>
      ) : (
        <div className="flex flex-col gap-1">
          <p className="flex items-center gap-2 rounded-md bg-raised p-2.5">
            <code className="min-w-0 flex-1 text-xs [overflow-wrap:anywhere] select-all">{shown.url}</code>
            <CopyButton label="Copy the address" text={() => shown.url} />
          </p>
          <p className="text-xs text-ink-3" aria-live="polite">
            {make.data?.isCopied === true && 'Copied. '}
            {shown.expires_at === null ? 'It holds until it is ended.' : `It holds until ${formatFull(Date.parse(shown.expires_at))}.`}
          </p>
        </div>
      )}
      <FormProblem problem={failed ? problemOf(failed.error) : undefined} />
      <div className="mt-1 flex flex-wrap justify-end gap-2">
        <Button onClick={onClose}>Close</Button>
        {may &&
          (shown === undefined ? (
            <Button kind="primary" autoFocus disabled={make.isPending} onClick={() => make.mutate()}>
              Share and copy the address
            </Button>
          ) : (
            <Button kind="danger" disabled={end.isPending} onClick={() => end.mutate()}>
              End the share
            </Button>
          ))}
      </div>
    </Dialog>
  );
}

/** Browsers give the clipboard to secure pages only: over plain HTTP elsewhere than on this machine there is none, and the address stands there. */
async function copied(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}
