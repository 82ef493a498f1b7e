import { formatUsd } from '../../ui/format.ts';

/** A cost as it comes, a decimal text. null is no price, which is not the same as nothing to pay. */
export function formatCost(cost: string | number | null | undefined): string {
  if (cost === null || cost === undefined || cost === '') return '–';
  const value = Number(cost);
  return Number.isFinite(value) ? formatUsd(value) : '–';
}
