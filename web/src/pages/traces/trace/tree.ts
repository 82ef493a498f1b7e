import { isUnpriced } from '../money.ts';
import type { TreeRun } from '../types.ts';

export interface TreeNode {
  readonly run: TreeRun;
  readonly depth: number;
  /** How many runs are below it, at any depth. */
  readonly below: number;
  /** Place in the whole tree, in the order it is read. */
  readonly place: number;
}

export interface Tree {
  /** Parents before their children, children by their beginning. */
  readonly nodes: readonly TreeNode[];
  /** Milliseconds since 1970: what the waterfall spans. */
  readonly from: number;
  readonly to: number;
  readonly placeOf: ReadonlyMap<string, number>;
}

/**
 * The runs of a trace as a tree. Whose parent is not there, or stands in a circle, stands at the top: nothing is left out. Without recursion,
 * because a chain of 10,000 runs is deeper than the stack.
 */
export function treeOf(runs: readonly TreeRun[], now: number): Tree {
  const known = new Map(runs.map((run) => [run.run_id, run]));
  const children = new Map<string, TreeRun[]>();
  const roots: TreeRun[] = [];
  for (const run of known.values()) {
    const parent = run.parent_run_id;
    if (parent === null || parent === run.run_id || !known.has(parent)) roots.push(run);
    else {
      const siblings = children.get(parent);
      if (siblings) siblings.push(run);
      else children.set(parent, [run]);
    }
  }
  for (const list of [roots, ...children.values()]) list.sort(byBeginning);
  const nodes: { run: TreeRun; depth: number; below: number; place: number }[] = [];
  const placeOf = new Map<string, number>();
  const walk = (top: TreeRun): void => {
    const waiting: { run: TreeRun; depth: number }[] = [{ run: top, depth: 0 }];
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      const { depth, run } = next;
      if (placeOf.has(run.run_id)) continue;
      placeOf.set(run.run_id, nodes.length);
      nodes.push({ run, depth, below: 0, place: nodes.length });
      for (const child of (children.get(run.run_id) ?? []).toReversed()) waiting.push({ run: child, depth: depth + 1 });
    }
  };
  for (const root of roots) walk(root);
  // Only circles are left.
  for (const run of known.values()) if (!placeOf.has(run.run_id)) walk(run);
  countBelow(nodes);
  const { from, to } = spanOf(known.values(), now);
  return { nodes, from, to, placeOf };
}

/** ISO times of one form sort as text. */
const byBeginning = (a: TreeRun, b: TreeRun): number =>
  a.start_time < b.start_time ? -1 : a.start_time > b.start_time ? 1 : a.run_id < b.run_id ? -1 : 1;

function countBelow(nodes: { readonly depth: number; below: number }[]): void {
  const open: { readonly depth: number; below: number; readonly at: number }[] = [];
  const close = (depth: number, at: number): void => {
    for (let last = open.at(-1); last !== undefined && last.depth >= depth; last = open.at(-1)) {
      const node = nodes[last.at];
      if (node) node.below = at - last.at - 1;
      open.pop();
    }
  };
  for (const [at, { depth }] of nodes.entries()) {
    close(depth, at);
    open.push({ depth, below: 0, at });
  }
  close(0, nodes.length);
}

function spanOf(runs: Iterable<TreeRun>, now: number): { readonly from: number; readonly to: number } {
  let from = Infinity;
  let to = -Infinity;
  for (const run of runs) {
    const start = Date.parse(run.start_time);
    from = Math.min(from, start);
    to = Math.max(to, endOf(run, now));
  }
  return Number.isFinite(from) ? { from, to: Math.max(to, from) } : { from: 0, to: 0 };
}

/** What has no end yet lasts until now, if it began before: a clock may be ahead of ours. */
export const endOf = (run: TreeRun, now: number): number => {
  const start = Date.parse(run.start_time);
  return Math.max(start, run.end_time === null ? (run.status === 'pending' ? now : start) : Date.parse(run.end_time));
};

/** What a run and all below it add up to. Of models alone: an agent that repeats what its model used is not counted twice. */
export interface Sums {
  readonly runs: number;
  readonly errors: number;
  readonly tokens: number;
  /** null: nothing was priced. */
  readonly cost: number | null;
  /** Calls that are in no sum, because nobody knows what they cost. */
  readonly unpriced: number;
}

export function sumsOf(tree: Tree, runId: string): Sums {
  const place = tree.placeOf.get(runId);
  const node = place === undefined ? undefined : tree.nodes[place];
  const runs = node === undefined ? [] : tree.nodes.slice(node.place, node.place + 1 + node.below).map(({ run }) => run);
  const models = runs.filter(({ run_type: type }) => type === 'llm' || type === 'embedding');
  const costs = models.flatMap(({ total_cost: cost }) => (cost === null ? [] : [Number(cost)]));
  return {
    runs: runs.length,
    errors: runs.filter(({ status }) => status === 'error').length,
    tokens: models.reduce((sum, run) => sum + (run.total_tokens ?? 0), 0),
    cost: costs.length === 0 ? null : costs.reduce((sum, each) => sum + each, 0),
    unpriced: models.filter(isUnpriced).length,
  };
}

/** The rows that are seen: less what lies below a folded run. */
export function unfolded(nodes: readonly TreeNode[], folded: ReadonlySet<string>): readonly TreeNode[] {
  if (folded.size === 0) return nodes;
  const rows: TreeNode[] = [];
  for (let at = 0; at < nodes.length; at++) {
    const node = nodes[at];
    if (node === undefined) break;
    rows.push(node);
    if (folded.has(node.run.run_id)) at += node.below;
  }
  return rows;
}

/** Where a run's bar begins and how long it is, as parts of the whole; and where in it the first token came. */
export function barOf(
  run: TreeRun,
  { from, to }: Pick<Tree, 'from' | 'to'>,
  now: number,
): { left: number; width: number; first: number | null } {
  const span = to - from;
  const start = Date.parse(run.start_time);
  const length = endOf(run, now) - start;
  if (span <= 0) return { left: 0, width: 1, first: null };
  const first = run.first_token_seconds === null || length <= 0 ? null : Math.min(1, (run.first_token_seconds * 1_000) / length);
  return { left: (start - from) / span, width: length / span, first };
}

/** What the bars are measured by, as parts of the whole from left to right, in seconds; nothing where all happened at once. */
export const scaleOf = ({ from, to }: Pick<Tree, 'from' | 'to'>): readonly number[] =>
  to > from ? [0, 0.5, 1].map((part) => ((to - from) * part) / 1_000) : [];

/** The runs above one, from the top down. */
export function pathTo(tree: Tree, runId: string): readonly TreeRun[] {
  const path: TreeRun[] = [];
  let at = tree.placeOf.get(runId);
  let depth = at === undefined ? 0 : (tree.nodes[at]?.depth ?? 0);
  for (; at !== undefined && at >= 0 && depth > 0; at--) {
    const node = tree.nodes[at];
    if (node !== undefined && node.depth === depth - 1) {
      path.unshift(node.run);
      depth--;
    }
  }
  return path;
}

/** Which runs a text is found in, by name, model and error. Their contents are searched by the server. */
export function matching(tree: Tree, text: string): readonly string[] {
  const sought = text.trim().toLowerCase();
  if (sought === '') return [];
  return tree.nodes
    .filter(({ run }) => [run.name, run.model, run.run_type, run.error_preview].some((each) => (each ?? '').toLowerCase().includes(sought)))
    .map(({ run }) => run.run_id);
}
