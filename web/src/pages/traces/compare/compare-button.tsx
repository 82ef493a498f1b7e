import { type ReactNode, useSyncExternalStore } from 'react';
import { useLocation } from 'wouter';
import { Button } from '../../../ui/primitives.tsx';
import { compareAddress } from '../address.ts';

interface Kept {
  readonly runId: string;
  readonly name: string;
}

/** The run that another is to be held against; it lasts while one goes to look for that other. */
let kept: Kept | undefined;
const listeners = new Set<() => void>();

function keep(next: Kept | undefined): void {
  kept = next;
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function CompareButton({ runId, name }: Kept): ReactNode {
  const first = useSyncExternalStore(subscribe, () => kept);
  const [, navigate] = useLocation();
  if (first === undefined || first.runId === runId)
    return (
      <Button
        kind="ghost"
        icon="compare"
        aria-pressed={first !== undefined}
        title={first === undefined ? 'Compare this run with another' : 'Open the run to compare it with, and press its button'}
        aria-label={first === undefined ? 'Compare this run with another' : 'No longer compare this run'}
        onClick={() => keep(first === undefined ? { runId, name } : undefined)}
      >
        {first === undefined ? undefined : 'Open the other'}
      </Button>
    );
  return (
    <Button
      icon="compare"
      title={`Compare with ${first.name}`}
      onClick={() => {
        keep(undefined);
        navigate(compareAddress(first.runId, runId));
      }}
    >
      Compare
    </Button>
  );
}
