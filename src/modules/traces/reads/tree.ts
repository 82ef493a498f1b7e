import type { RunRecord } from './run-record.ts';

/** A run at its place in the tree. */
export interface Node {
  readonly run: RunRecord;
  /** 0: the root. */
  readonly depth: number;
  /** Its parent is not there, or it would be its own ancestor: it stands below the root, so that nothing is hidden. */
  readonly isOrphan: boolean;
}

/**
 * The runs of a trace as a tree, parents before their children and those in the order they came in. Every run stands there once, whatever its
 * client said of its parents. Pure, and a stack instead of recursion: traces are deep.
 */
export function treeOf(runs: readonly RunRecord[]): readonly Node[] {
  const known = new Map(runs.map((run) => [run.runId, run]));
  const children = new Map<string, RunRecord[]>();
  const tops: RunRecord[] = [];
  for (const run of runs) {
    const parent = run.parentRunId;
    if (parent === null || parent === run.runId || !known.has(parent)) tops.push(run);
    else if (!children.get(parent)?.push(run)) children.set(parent, [run]);
  }
  const placed = new Set<string>();
  const nodes: Node[] = [];
  const place = (top: RunRecord, isOrphan: boolean): void => {
    const stack: Node[] = [{ run: top, depth: isOrphan ? 1 : 0, isOrphan }];
    for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
      const { run, depth } = node;
      if (placed.has(run.runId)) continue;
      placed.add(run.runId);
      nodes.push(node);
      for (const child of (children.get(run.runId) ?? []).toReversed()) stack.push({ run: child, depth: depth + 1, isOrphan: false });
    }
  };
  for (const run of tops) if (run.parentRunId === null) place(run, false);
  for (const run of tops) if (run.parentRunId !== null) place(run, true);
  // What is left goes round in circles.
  for (const run of runs) if (!placed.has(run.runId)) place(run, true);
  return nodes;
}
