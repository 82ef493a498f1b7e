import { useCallback } from 'react';
import { useLocation, useSearch } from 'wouter';

export type RangeName = '15m' | '1h' | '6h' | '24h' | '7d';

export interface Range {
  readonly name: RangeName;
  readonly seconds: number;
  readonly points: number;
  /** How often the charts ask again: about once a bucket, never more often than the collectors write. */
  readonly everyMs: number;
}

const seconds: Readonly<Record<RangeName, number>> = { '15m': 900, '1h': 3_600, '6h': 21_600, '24h': 86_400, '7d': 604_800 };

export const rangeOptions = [
  { value: '15m', label: '15 m', spoken: '15 minutes' },
  { value: '1h', label: '1 h', spoken: '1 hour' },
  { value: '6h', label: '6 h', spoken: '6 hours' },
  { value: '24h', label: '24 h', spoken: '24 hours' },
  { value: '7d', label: '7 d', spoken: '7 days' },
] as const;

export function rangeOf(name: string | null): Range {
  const known: RangeName = name !== null && Object.hasOwn(seconds, name) ? (name as RangeName) : '15m';
  const length = seconds[known];
  const points = known === '15m' ? 180 : 300;
  return { name: known, seconds: length, points, everyMs: Math.min(60_000, Math.max(5_000, (length * 1_000) / points)) };
}

/** The range of the page, kept in its address: a link shows the same to whom it is sent. */
export function useRange(): readonly [Range, (name: RangeName) => void] {
  const search = useSearch();
  const [path, navigate] = useLocation();
  const choose = useCallback(
    (name: RangeName) => {
      const parameters = new URLSearchParams(search);
      if (name === '15m') parameters.delete('range');
      else parameters.set('range', name);
      const text = parameters.toString();
      navigate(text === '' ? path : `${path}?${text}`, { replace: true });
    },
    [search, path, navigate],
  );
  return [rangeOf(new URLSearchParams(search).get('range')), choose];
}
