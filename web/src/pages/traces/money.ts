import { formatUsd } from '../../ui/format.ts';
import type { RunSummary } from './types.ts';

/** A cost as it comes, a decimal text. null is no price, which is not the same as nothing to pay. */
export function formatCost(cost: string | number | null | undefined): string {
  if (cost === null || cost === undefined || cost === '') return '–';
  const value = Number(cost);
  return Number.isFinite(value) ? formatUsd(value) : '–';
}

/** A call of a model whose cost nobody knows, as the server counts it: not one that failed before it used anything. */
export const isUnpriced = (run: Pick<RunSummary, 'run_type' | 'status' | 'total_tokens' | 'total_cost'>): boolean =>
  (run.run_type === 'llm' || run.run_type === 'embedding') &&
  run.total_cost === null &&
  (run.total_tokens !== null || run.status === 'success');
