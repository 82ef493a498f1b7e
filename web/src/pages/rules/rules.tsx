import { useQuery } from '@tanstack/react-query';
import { type ReactNode, useCallback, useMemo } from 'react';
import { Link, useLocation, useSearch } from 'wouter';
import { useMay } from '../../api/use-may.ts';
import { Answered } from '../../ui/answered.tsx';
import { DataTable, dataRow } from '../../ui/data-table.tsx';
import { grouped, words } from '../../ui/format.ts';
import { Mark } from '../../ui/look.tsx';
import { AsOf, Button, Empty, PageHeader } from '../../ui/primitives.tsx';
import { SearchField } from '../../ui/search-field.tsx';
import { Select } from '../../ui/select.tsx';
import { ruleQueries } from './queries.ts';
import { NewRule } from './rule-form.tsx';
import { sentenceOf } from './sentence.ts';
import { ruleAddress, ruleKinds, type RuleRecord, type RuleStanding, ruleStanding, sources, verdictLooks } from './types.ts';

const order = Object.keys(verdictLooks) as readonly RuleStanding[];

interface View {
  readonly search: string;
  readonly state: string;
  readonly kind: string;
  readonly source: string;
}

const viewOf = (search: string): View => {
  const given = new URLSearchParams(search);
  return {
    search: given.get('search') ?? '',
    state: given.get('state') ?? '',
    kind: given.get('kind') ?? '',
    source: given.get('source') ?? '',
  };
};

/** What is watched for. With `?new` in the address: the form for one more. */
export function RulesPage(): ReactNode {
  const search = useSearch();
  const copied = new URLSearchParams(search).get('new');
  return copied === null ? <RuleList search={search} /> : <NewRule from={copied} />;
}

function RuleList({ search }: { readonly search: string }): ReactNode {
  const rules = useQuery(ruleQueries.rules());
  const [path, navigate] = useLocation();
  const view = useMemo(() => viewOf(search), [search]);
  const show = useCallback(
    (change: Partial<View>): void => {
      const next = new URLSearchParams(Object.entries({ ...view, ...change }).filter(([, value]) => value !== '')).toString();
      navigate(next === '' ? path : `${path}?${next}`, { replace: true });
    },
    [view, path, navigate],
  );
  const sought = useCallback((text: string) => show({ search: text }), [show]);
  const chosen = useMemo(() => (rules.data?.items ?? []).filter((rule) => fits(rule, view)).toSorted(worstFirst), [rules.data, view]);
  const total = rules.data?.items.length ?? 0;
  return (
    <>
      <PageHeader title="Rules" note={<AsOf at={rules.dataUpdatedAt} staleAfterMs={20_000} />}>
        <span role="status" className="text-xs text-ink-3">
          {rules.data && (chosen.length === total ? `${grouped(total)} rules` : `${grouped(chosen.length)} of ${grouped(total)} rules`)}
        </span>
        {useMay('rules:write') && (
          <Button kind="primary" onClick={() => navigate('/rules?new')}>
            New rule
          </Button>
        )}
      </PageHeader>
      <search className="grid grid-cols-2 gap-2 sm:flex">
        <SearchField label="Search by name or metric" className="col-span-2 sm:w-80" value={view.search} onChange={sought} />
        <Select label="State" value={view.state} onChange={(event) => show({ state: event.target.value })}>
          <option value="">Any state</option>
          {order.map((each) => (
            <option key={each} value={each}>
              {verdictLooks[each].label}
            </option>
          ))}
        </Select>
        <Select label="Kind" value={view.kind} onChange={(event) => show({ kind: event.target.value })}>
          <option value="">Any kind</option>
          {ruleKinds.map((each) => (
            <option key={each} value={each}>
              {words(each)}
            </option>
          ))}
        </Select>
        <Select label="From" value={view.source} onChange={(event) => show({ source: event.target.value })}>
          <option value="">From anywhere</option>
          {Object.entries(sources).map(([source, label]) => (
            <option key={source} value={source}>
              {label}
            </option>
          ))}
        </Select>
      </search>
      <div className="card min-w-0">
        <Answered query={rules}>
          {() =>
            total === 0 ? (
              <Empty title="No rules" icon="alerts">
                <code>muster up</code> and <code>muster launch</code> bring those that ship; <b>New rule</b> makes one of your own.
              </Empty>
            ) : chosen.length === 0 ? (
              <Empty title="No rule fits" icon="search">
                <Button className="mt-2" onClick={() => show({ search: '', state: '', kind: '', source: '' })}>
                  Show all {grouped(total)}
                </Button>
              </Empty>
            ) : (
              <RuleTable rules={chosen} />
            )
          }
        </Answered>
      </div>
    </>
  );
}

function RuleTable({ rules }: { readonly rules: readonly RuleRecord[] }): ReactNode {
  return (
    <DataTable
      label="Rules, those that fire first"
      minWidth="min-w-[52rem]"
      columns={[
        { title: 'State' },
        { title: 'Rule' },
        { title: 'Kind' },
        { title: 'Series', right: true },
        { title: 'Firing', right: true },
        { title: 'Tells' },
        { title: 'From' },
      ]}
    >
      {rules.map((rule) => (
        <tr key={rule.name} className={dataRow}>
          <td title={rule.report?.why}>
            <Mark look={verdictLooks[ruleStanding(rule)]} />
          </td>
          <th scope="row">
            <Link href={ruleAddress(rule.name)} className="font-medium [overflow-wrap:anywhere] hover:underline">
              {rule.name}
            </Link>
            <span className="block text-xs text-ink-2 [overflow-wrap:anywhere]">
              {rule.definition.annotations['summary'] ?? sentenceOf(rule.definition)}
            </span>
          </th>
          <td className="whitespace-nowrap">{words(rule.definition.kind)}</td>
          <td className="text-right">{rule.report === null ? '–' : grouped(rule.report.series)}</td>
          <td className="text-right">{rule.report === null ? '–' : grouped(rule.report.firing)}</td>
          <td className="[overflow-wrap:anywhere]">
            {rule.definition.channels === undefined || rule.definition.channels.length === 0 ? (
              <span className="text-ink-3">{rule.definition.channels === undefined ? 'all, if critical' : 'nobody'}</span>
            ) : (
              rule.definition.channels.join(', ')
            )}
          </td>
          <td className="whitespace-nowrap text-ink-2">{sources[rule.source]}</td>
        </tr>
      ))}
    </DataTable>
  );
}

function fits(rule: RuleRecord, view: View): boolean {
  const sought = view.search.trim().toLowerCase();
  const { annotations, kind, metric_name: metric = '' } = rule.definition;
  return (
    (sought === '' || [rule.name, metric, annotations['summary'] ?? ''].some((part) => part.toLowerCase().includes(sought))) &&
    (view.state === '' || ruleStanding(rule) === view.state) &&
    (view.kind === '' || kind === view.kind) &&
    (view.source === '' || rule.source === view.source)
  );
}

const worstFirst = (a: RuleRecord, b: RuleRecord): number =>
  order.indexOf(ruleStanding(a)) - order.indexOf(ruleStanding(b)) || (a.name < b.name ? -1 : 1);
