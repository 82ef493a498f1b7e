import { type ReactNode, useEffect, useMemo, useState } from 'react';
import type { Agent } from '../../api/types.ts';
import { words } from '../../ui/format.ts';
import { Icon } from '../../ui/icons.tsx';
import { Kbd } from '../../ui/primitives.tsx';
import { type Standing, standingOrder, standings } from '../../ui/standing.ts';
import type { View } from './list.ts';

const select = 'h-8 rounded-md border border-line-strong bg-surface pr-7 pl-2.5 text-sm text-ink hover:bg-raised';
const typingMs = 150;

export function Filters({ agents, view, onChange }: { readonly agents: readonly Agent[]; readonly view: View; readonly onChange: (change: Partial<View>) => void }): ReactNode {
  const types = useMemo(() => [...new Set(agents.map((agent) => agent.agent_type))].toSorted(), [agents]);
  return (
    <search className="flex flex-wrap items-center gap-2">
      <Search value={view.search} onChange={(search) => onChange({ search })} />
      <label className="contents">
        <span className="sr-only">Status</span>
        <select className={select} value={view.standing} onChange={(event) => onChange({ standing: event.target.value as View['standing'] })}>
          <option value="all">Any status</option>
          <option value="trouble">Needs somebody</option>
          {standingOrder.map((standing: Standing) => (
            <option key={standing} value={standing}>
              {standings[standing].label}
            </option>
          ))}
        </select>
      </label>
      <label className="contents">
        <span className="sr-only">Type</span>
        <select className={`${select} max-w-52`} value={view.type} onChange={(event) => onChange({ type: event.target.value })}>
          <option value="">Any type</option>
          {types.map((type) => (
            <option key={type} value={type}>
              {words(type)}
            </option>
          ))}
        </select>
      </label>
    </search>
  );
}

/** What is typed is seen at once; the list follows when the fingers rest. */
function Search({ value, onChange }: { readonly value: string; readonly onChange: (value: string) => void }): ReactNode {
  const [text, setText] = useState(value);
  useEffect(() => setText(value), [value]);
  useEffect(() => {
    if (text === value) return undefined;
    const timer = setTimeout(() => onChange(text), typingMs);
    return () => clearTimeout(timer);
  });
  return (
    <label className="relative flex min-w-44 flex-1 items-center sm:max-w-80">
      <span className="sr-only">Search by id or name</span>
      <Icon name="search" className="pointer-events-none absolute left-2.5 text-ink-3" />
      <input
        type="search"
        value={text}
        placeholder="Search by id or name"
        onChange={(event) => setText(event.target.value)}
        onKeyDown={(event) => {
          if (event.key === 'Escape') event.currentTarget.blur();
        }}
        className="h-8 w-full rounded-md border border-line-strong bg-surface pr-8 pl-8 placeholder:text-ink-3"
      />
      <span aria-hidden="true" className="pointer-events-none absolute right-2 hidden sm:block">
        {text === '' && <Kbd>/</Kbd>}
      </span>
    </label>
  );
}
