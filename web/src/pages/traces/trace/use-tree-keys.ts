import type { KeyboardEvent } from 'react';
import type { Tree, TreeNode } from './tree.ts';

export interface TreeMoves {
  readonly rows: readonly TreeNode[];
  readonly at: number;
  readonly tree: Tree;
  readonly folded: ReadonlySet<string>;
  readonly go: (index: number) => void;
  readonly fold: (runId: string, folded: boolean) => void;
}

/** The keys of a tree as WAI-ARIA describes them: arrows move, unfold and fold. */
export function onTreeKey(event: KeyboardEvent, { rows, at, tree, folded, go, fold }: TreeMoves): void {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const page = Math.max(1, Math.floor(innerHeight / 28) - 6);
  const here = rows[at];
  const to = {
    ArrowDown: at + 1,
    ArrowUp: at - 1,
    j: at + 1,
    k: at - 1,
    Home: 0,
    End: rows.length - 1,
    PageDown: at + page,
    PageUp: at - page,
  }[event.key];
  if (to !== undefined) go(to);
  else if (here === undefined) return;
  else if (event.key === 'ArrowRight') {
    if (here.below > 0 && folded.has(here.run.run_id)) fold(here.run.run_id, false);
    else if (here.below > 0) go(at + 1);
  } else if (event.key === 'ArrowLeft') {
    if (here.below > 0 && !folded.has(here.run.run_id)) fold(here.run.run_id, true);
    else go(parentOf(rows, at, tree));
  } else return;
  event.preventDefault();
}

function parentOf(rows: readonly TreeNode[], at: number, tree: Tree): number {
  const depth = rows[at]?.depth ?? 0;
  for (let index = at - 1; index >= 0; index--) if ((rows[index]?.depth ?? 0) < depth) return index;
  return tree.nodes.length === 0 ? -1 : at;
}
