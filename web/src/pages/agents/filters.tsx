import { type ReactNode, useCallback, useMemo } from 'react';
import type { Agent } from '../../api/types.ts';
import { words } from '../../ui/format.ts';
import { SearchField } from '../../ui/search-field.tsx';
import { Select } from '../../ui/select.tsx';
import { standingOrder, standings } from '../../ui/standing.ts';
import type { View } from './list.ts';

export function Filters({
  agents,
  view,
  onChange,
}: {
  readonly agents: readonly Agent[];
  readonly view: View;
  readonly onChange: (change: Partial<View>) => void;
}): ReactNode {
  const types = useMemo(() => [...new Set(agents.map((agent) => agent.agent_type))].toSorted(), [agents]);
  const search = useCallback((text: string) => onChange({ search: text }), [onChange]);
  return (
    <search className="grid grid-cols-2 gap-2 sm:flex">
      <SearchField label="Search by id or name" className="col-span-2 sm:w-80" value={view.search} onChange={search} />
      <Select label="Status" value={view.standing} onChange={(event) => onChange({ standing: event.target.value as View['standing'] })}>
        <option value="all">Any status</option>
        <option value="trouble">Needs somebody</option>
        {standingOrder.map((standing) => (
          <option key={standing} value={standing}>
            {standings[standing].label}
          </option>
        ))}
      </Select>
      <Select label="Type" className="sm:max-w-52" value={view.type} onChange={(event) => onChange({ type: event.target.value })}>
        <option value="">Any type</option>
        {types.map((type) => (
          <option key={type} value={type}>
            {words(type)}
          </option>
        ))}
      </Select>
    </search>
  );
}
