import { useQuery } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import { serverNow } from '../../../api/server-clock.ts';
import { formatMoment } from '../../../ui/format.ts';
import { Icon } from '../../../ui/icons.tsx';
import { Button } from '../../../ui/primitives.tsx';
import { SearchField } from '../../../ui/search-field.tsx';
import { Segmented } from '../../../ui/segmented.tsx';
import { Select } from '../../../ui/select.tsx';
import { emptyView, type Range, type View } from '../address.ts';
import { statusLooks, typeNames } from '../looks.ts';
import { traceQueries } from '../queries.ts';
import { type RunStatus, runStatuses, type RunType, runTypes } from '../types.ts';
import { FilterField } from './filter-field.tsx';

export const rangeOptions = [
  { value: '1h', label: '1 h', spoken: '1 hour' },
  { value: '24h', label: '24 h', spoken: '24 hours' },
  { value: '7d', label: '7 d', spoken: '7 days' },
  { value: '30d', label: '30 d', spoken: '30 days' },
  { value: '', label: 'All', spoken: 'As far back as is kept' },
] as const;

/** What narrows by one value of a run; set by a click on it in the list, or by a link. */
const narrowed = { model: 'Model', tag: 'Tag', user: 'User', thread: 'Thread', prompt: 'Prompt', from: 'From', to: 'To' } as const;

export interface FilterBarProps {
  readonly view: View;
  readonly onChange: (view: View) => void;
  readonly children?: ReactNode;
}

export function ProjectSelect({ value, onChange }: { readonly value: string; readonly onChange: (project: string) => void }): ReactNode {
  const { data } = useQuery(traceQueries.projects());
  const names = data?.items.map(({ name }) => name) ?? [];
  return (
    <Select label="Project" className="max-w-44" value={value} onChange={(event) => onChange(event.target.value)}>
      <option value="">All projects</option>
      {(value === '' || names.includes(value) ? names : [value, ...names]).map((name) => (
        <option key={name} value={name}>
          {name}
        </option>
      ))}
    </Select>
  );
}

export function FilterBar({ view, onChange, children }: FilterBarProps): ReactNode {
  const [writes, setWrites] = useState(view.filter !== '');
  const set = (change: Partial<View>): void => onChange({ ...view, ...change });
  const chips = Object.entries(narrowed).filter(([name]) => view[name as keyof typeof narrowed] !== '') as [
    keyof typeof narrowed,
    string,
  ][];
  return (
    <search className="flex flex-col gap-2">
      <div className="flex flex-wrap items-center gap-2">
        <ProjectSelect value={view.project} onChange={(project) => set({ project })} />
        <SearchField
          label="Search in what was said"
          className="w-full sm:w-auto sm:max-w-72 sm:min-w-44 sm:flex-1"
          value={view.q}
          onChange={(q) => set({ q })}
        />
        <Select label="Status" value={view.status} onChange={(event) => set({ status: event.target.value as RunStatus | '' })}>
          <option value="">Any status</option>
          {runStatuses.map((status) => (
            <option key={status} value={status}>
              {statusLooks[status].label}
            </option>
          ))}
        </Select>
        <Select
          label="Which runs"
          value={view.type !== '' ? view.type : view.all ? 'all' : ''}
          onChange={(event) => {
            const { value } = event.target;
            set(value === 'all' || value === '' ? { all: value === 'all', type: '' } : { type: value as RunType, all: false });
          }}
        >
          <option value="">Traces</option>
          <option value="all">All runs</option>
          {runTypes.map((type) => (
            <option key={type} value={type}>
              {typeNames[type]} runs
            </option>
          ))}
        </Select>
        <Segmented<Range>
          legend="How far back"
          options={rangeOptions}
          value={view.range}
          onChange={(range) => set({ range, from: '', to: '' })}
        />
        <Button kind="ghost" aria-expanded={writes} onClick={() => setWrites(!writes)}>
          Filter
        </Button>
        {children}
      </div>
      {(writes || view.filter !== '') && <FilterField value={view.filter} onChange={(filter) => set({ filter })} />}
      {(chips.length > 0 || view.unpriced) && (
        <ul aria-label="Narrowed by" className="flex flex-wrap items-center gap-1.5">
          {chips.map(([name, label]) => (
            <Chip
              key={name}
              label={label}
              value={name === 'from' || name === 'to' ? momentOf(view[name]) : view[name]}
              onDrop={() => set({ [name]: '' })}
            />
          ))}
          {view.unpriced && <Chip label="Cost" value="no price known" onDrop={() => set({ unpriced: false })} />}
          <li>
            <Button kind="ghost" onClick={() => onChange({ ...emptyView, project: view.project, range: view.range })}>
              Show all
            </Button>
          </li>
        </ul>
      )}
    </search>
  );
}

/** A link may hold anything: what is no time is shown as it is. */
function momentOf(time: string): string {
  const at = Date.parse(time);
  return Number.isNaN(at) ? time : formatMoment(at, serverNow());
}

function Chip({ label, value, onDrop }: { readonly label: string; readonly value: string; readonly onDrop: () => void }): ReactNode {
  return (
    <li className="inline-flex h-7 max-w-full items-center gap-1.5 rounded-full border border-line-strong bg-surface pr-1 pl-3 text-xs">
      <span className="text-ink-2">{label}</span>
      <span className="max-w-60 truncate font-medium">{value}</span>
      <button
        type="button"
        aria-label={`No longer by ${label.toLowerCase()} ${value}`}
        onClick={onDrop}
        className="flex size-5 items-center justify-center rounded-full text-ink-3 hover:bg-raised hover:text-ink"
      >
        <Icon name="close" className="size-3" />
      </button>
    </li>
  );
}
