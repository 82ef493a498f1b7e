import type { ReactNode } from 'react';
import { Segmented } from '../ui/segmented.tsx';
import { type RangeName, rangeOptions } from './range.ts';

export function RangePicker({ value, onChange }: { readonly value: RangeName; readonly onChange: (name: RangeName) => void }): ReactNode {
  return <Segmented<RangeName> legend="Range of the charts" options={rangeOptions} value={value} onChange={onChange} />;
}
