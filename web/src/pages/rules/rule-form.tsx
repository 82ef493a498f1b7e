import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, type ReactNode, useState } from 'react';
import { useLocation } from 'wouter';
import { call } from '../../api/client.ts';
import { problemOf } from '../../api/problem.ts';
import { Card } from '../../ui/card.tsx';
import { AreaField, SelectField, TextField } from '../../ui/field.tsx';
import { type FaultOf, faultsOf, FormProblem } from '../../ui/form-dialog.tsx';
import { words } from '../../ui/format.ts';
import { Button, PageHeader, Skeleton } from '../../ui/primitives.tsx';
import { Segmented } from '../../ui/segmented.tsx';
import { levelLooks, levels } from '../alerts/looks.ts';
import { channelsOf } from '../channels/channels.tsx';
import { definitionOf, type Draft, type DraftLine, draftOf, emptyDraft, has } from './draft.ts';
import { ruleQueries } from './queries.ts';
import { ReplayCard } from './replay.tsx';
import { type Definition, ruleAddress, ruleKinds, type RuleKind, type RuleRecord } from './types.ts';

const meanings: Readonly<Record<RuleKind, string>> = {
  threshold: 'The newest value, or one of a window, compared with a threshold.',
  rate: 'How much a counter grows a second.',
  ratio: 'One metric divided by another, series by series.',
  absence: 'Nobody reports the metric at all.',
  staleness: 'One of its series went silent.',
  forecast: 'Where the trend of the window leads within a time: a disk full within 4 days.',
  burn_rate: 'Bad events eat the error budget of an objective too fast, in a long and a short window.',
  composite: 'Other rules fire, all of them or any.',
  anomaly: 'Unlike itself. No detector is installed yet: such a rule says no data.',
};
const whom = [
  { value: 'all', label: 'All channels, if critical' },
  { value: 'named', label: 'These channels' },
] as const;
const operators = ['>', '>=', '<', '<=', '==', '!='];
const aggregates = ['last', 'avg', 'min', 'max', 'sum'];

/** A new rule; `from` names one to begin with. */
export function NewRule({ from }: { readonly from: string }): ReactNode {
  const copied = useQuery({ ...ruleQueries.rule(from), enabled: from !== '' });
  if (from !== '' && copied.isPending) return <Skeleton className="h-40" />;
  const before = copied.data?.definition;
  return (
    <RuleForm title="New rule" before={before} start={before === undefined ? emptyDraft : { ...draftOf(before), name: `${from} copy` }} />
  );
}

export function EditRule({ rule }: { readonly rule: RuleRecord }): ReactNode {
  // The form keeps what it began with: somebody else's change meanwhile is refused by the revision, and not mixed in.
  const [began] = useState(rule);
  return <RuleForm title={`Edit ${began.name}`} before={began.definition} start={draftOf(began.definition)} revision={began.revision} />;
}

function RuleForm({
  title,
  before,
  start,
  revision,
}: {
  readonly title: string;
  readonly before: Definition | undefined;
  readonly start: Draft;
  readonly revision?: number;
}): ReactNode {
  const client = useQueryClient();
  const [, navigate] = useLocation();
  const [draft, setDraft] = useState(start);
  const definition = definitionOf(draft, before);
  const save = useMutation({
    mutationFn: () =>
      revision === undefined
        ? call<RuleRecord>('/rules', { method: 'POST', body: definition })
        : call<RuleRecord>(`/rules/${encodeURIComponent(start.name)}`, { method: 'PUT', body: definition, ifMatch: `"${revision}"` }),
    onSuccess: (rule) => navigate(ruleAddress(rule.name)),
    onSettled: () => Promise.all(['rules', 'rule'].map((key) => client.invalidateQueries({ queryKey: [key] }))),
  });
  const problem = save.isError ? problemOf(save.error) : undefined;
  const change = (next: Partial<Draft>): void => setDraft((now) => ({ ...now, ...next }));
  const parts = { draft, change, faultOf: faultsOf(problem) };
  return (
    <form
      noValidate
      className="flex min-w-0 flex-col gap-4"
      onSubmit={(event: FormEvent) => {
        event.preventDefault();
        save.mutate();
      }}
    >
      <PageHeader title={title}>
        <Button onClick={() => navigate(revision === undefined ? '/rules' : ruleAddress(start.name))}>Cancel</Button>
        <Button kind="primary" type="submit" disabled={save.isPending}>
          Save
        </Button>
      </PageHeader>
      <FormProblem problem={problem} />
      <div className="grid gap-4 lg:grid-cols-2">
        <Condition {...parts} isNamed={revision !== undefined} />
        <div className="flex min-w-0 flex-col gap-4">
          <Patience {...parts} />
          <Telling {...parts} />
        </div>
      </div>
      <ReplayCard definition={definition} />
    </form>
  );
}

interface Part {
  readonly draft: Draft;
  readonly change: (next: Partial<Draft>) => void;
  readonly faultOf: FaultOf;
}

function Condition({ draft, change, faultOf, isNamed }: Part & { readonly isNamed: boolean }): ReactNode {
  const names = useQuery(ruleQueries.metricNames());
  const { kind } = draft;
  return (
    <Card title="What it watches for">
      <div className="flex flex-col gap-3">
        <TextField
          label="Name"
          value={draft.name}
          readOnly={isNamed}
          spellCheck={false}
          autoFocus={!isNamed}
          hint={isNamed ? 'A rule keeps its name; a copy gets another.' : undefined}
          error={faultOf('/name')}
          onChange={(event) => change({ name: event.target.value })}
        />
        <SelectField
          label="Kind"
          value={kind}
          hint={meanings[kind]}
          error={faultOf('/kind')}
          onChange={(event) => change({ kind: event.target.value as RuleKind })}
        >
          {ruleKinds.map((each) => (
            <option key={each} value={each}>
              {words(each)}
            </option>
          ))}
        </SelectField>
        <datalist id="metric-names">
          {(names.data?.items ?? []).map(({ metric_name: name }) => (
            <option key={name} value={name} />
          ))}
        </datalist>
        {has(kind, 'metric') && (
          <div className="grid gap-3 sm:grid-cols-2">
            <TextField
              label={kind === 'burn_rate' ? 'Metric of the bad events' : 'Metric'}
              value={draft.metric}
              list="metric-names"
              spellCheck={false}
              error={faultOf('/metric_name')}
              onChange={(event) => change({ metric: event.target.value })}
            />
            <TextField
              label="Only series with"
              value={draft.match}
              placeholder="label=value, …"
              spellCheck={false}
              error={faultOf('/match')}
              onChange={(event) => change({ match: event.target.value })}
            />
          </div>
        )}
        {has(kind, 'divisor') && (
          <div className="grid gap-3 sm:grid-cols-2">
            <TextField
              label={kind === 'burn_rate' ? 'Metric of all events' : 'Divided by'}
              value={draft.divisor}
              list="metric-names"
              spellCheck={false}
              error={faultOf('/of')}
              onChange={(event) => change({ divisor: event.target.value })}
            />
            <TextField
              label="Only series with"
              value={draft.divisorMatch}
              placeholder="label=value, …"
              spellCheck={false}
              error={faultOf('/of/match')}
              onChange={(event) => change({ divisorMatch: event.target.value })}
            />
          </div>
        )}
        {kind === 'ratio' && (
          <label className="flex items-center gap-2">
            <input type="checkbox" checked={draft.counters} onChange={(event) => change({ counters: event.target.checked })} />
            Both are counters: what they grew by in the window is divided
          </label>
        )}
        {has(kind, 'operands') && (
          <>
            <TextField
              label="All of these rules fire"
              value={draft.all}
              placeholder="host_disk_full, not database_down"
              hint="Names with commas between them; `not` before one turns it around"
              spellCheck={false}
              error={faultOf('/all')}
              onChange={(event) => change({ all: event.target.value })}
            />
            <TextField
              label="Any of these rules fires"
              value={draft.any}
              spellCheck={false}
              error={faultOf('/any')}
              onChange={(event) => change({ any: event.target.value })}
            />
          </>
        )}
        <div className="grid gap-3 sm:grid-cols-2">
          {has(kind, 'aggregate') && (
            <SelectField
              label="Which value"
              value={draft.aggregate}
              error={faultOf('/aggregate')}
              onChange={(event) => change({ aggregate: event.target.value })}
            >
              {aggregates.map((each) => (
                <option key={each} value={each}>
                  {each === 'last' ? 'the newest' : `${each} of the window`}
                </option>
              ))}
            </SelectField>
          )}
          {has(kind, 'window') && !(kind === 'threshold' && draft.aggregate === 'last') && (
            <TextField
              label={kind === 'absence' || kind === 'staleness' ? 'Silent for' : 'Window'}
              value={draft.window}
              placeholder={kind === 'forecast' ? '6h' : '5m'}
              error={faultOf('/window')}
              onChange={(event) => change({ window: event.target.value })}
            />
          )}
          {has(kind, 'horizon') && (
            <TextField
              label="Within"
              value={draft.horizon}
              error={faultOf('/horizon')}
              onChange={(event) => change({ horizon: event.target.value })}
            />
          )}
          {has(kind, 'objective') && (
            <TextField
              label="Objective: share of events that must be good"
              value={draft.objective}
              inputMode="decimal"
              error={faultOf('/objective')}
              onChange={(event) => change({ objective: event.target.value })}
            />
          )}
        </div>
        {has(kind, 'lines') && <Lines draft={draft} change={change} faultOf={faultOf} />}
        {!has(kind, 'lines') && kind !== 'burn_rate' && (
          <LevelField
            value={draft.lines[0]?.level ?? 'warning'}
            error={faultOf('/level')}
            onChange={(level) => change({ lines: [{ threshold: '', clear: '', ...draft.lines[0], level }] })}
          />
        )}
      </div>
    </Card>
  );
}

function LevelField({
  value,
  error,
  onChange,
}: {
  readonly value: DraftLine['level'];
  readonly error: string | undefined;
  readonly onChange: (level: DraftLine['level']) => void;
}): ReactNode {
  return (
    <SelectField label="Level" value={value} error={error} onChange={(event) => onChange(event.target.value as DraftLine['level'])}>
      {levels.map((each) => (
        <option key={each} value={each}>
          {levelLooks[each].label}
        </option>
      ))}
    </SelectField>
  );
}

/** Where each level begins, and where it is good again. */
function Lines({ draft, change, faultOf }: Part): ReactNode {
  const { lines } = draft;
  const at = (index: number, field: string): string => (lines.length > 1 ? `/levels/${index}/${field}` : `/${field}`);
  const put = (index: number, next: Partial<DraftLine>): void =>
    change({ lines: lines.map((line, place) => (place === index ? { ...line, ...next } : line)) });
  const free = levels.find((level) => !lines.some((line) => line.level === level));
  return (
    <fieldset className="flex min-w-0 flex-col gap-2">
      <legend className="sr-only">Levels</legend>
      <SelectField
        label="Bad where it is"
        value={draft.operator}
        className="sm:w-1/2 sm:pr-1.5"
        error={faultOf('/operator')}
        onChange={(event) => change({ operator: event.target.value })}
      >
        {operators.map((each) => (
          <option key={each}>{each}</option>
        ))}
      </SelectField>
      {lines.map((line, index) => (
        <div key={index} className="grid grid-cols-3 items-start gap-2">
          <LevelField value={line.level} error={faultOf(at(index, 'level'))} onChange={(level) => put(index, { level })} />
          <TextField
            label="Threshold"
            value={line.threshold}
            inputMode="decimal"
            error={faultOf(at(index, 'threshold'))}
            onChange={(event) => put(index, { threshold: event.target.value })}
          />
          <TextField
            label="Good again at"
            value={line.clear}
            placeholder="the same"
            inputMode="decimal"
            error={faultOf(at(index, 'clear_threshold'))}
            onChange={(event) => put(index, { clear: event.target.value })}
          />
        </div>
      ))}
      <span className="flex gap-2">
        {free !== undefined && (
          <Button kind="ghost" onClick={() => change({ lines: [...lines, { level: free, threshold: '', clear: '' }] })}>
            One more level
          </Button>
        )}
        {lines.length > 1 && (
          <Button kind="ghost" onClick={() => change({ lines: lines.slice(0, -1) })}>
            One level less
          </Button>
        )}
      </span>
    </fieldset>
  );
}

function Patience({ draft, change, faultOf }: Part): ReactNode {
  return (
    <Card title="How patient it is">
      <div className="grid gap-3 sm:grid-cols-3">
        <TextField label="Bad for" value={draft.for} error={faultOf('/for')} onChange={(event) => change({ for: event.target.value })} />
        <TextField
          label="Samples in a row"
          value={draft.forSamples}
          inputMode="numeric"
          error={faultOf('/for_samples')}
          onChange={(event) => change({ forSamples: event.target.value })}
        />
        <TextField
          label="Keeps firing for"
          value={draft.keepFiring}
          error={faultOf('/keep_firing')}
          onChange={(event) => change({ keepFiring: event.target.value })}
        />
      </div>
    </Card>
  );
}

function Telling({ draft, change, faultOf }: Part): ReactNode {
  const channels = useQuery(channelsOf());
  const { channels: named } = draft;
  const known = [...new Set([...(channels.data?.items ?? []).map(({ name }) => name), ...(named ?? [])])].toSorted();
  return (
    <Card title="What it says, and to whom">
      <div className="flex flex-col gap-3">
        <span>
          <Segmented
            legend="Whom it tells"
            options={whom}
            value={named === undefined ? 'all' : 'named'}
            onChange={(next) => change({ channels: next === 'all' ? undefined : (named ?? []) })}
          />
        </span>
        {named === undefined ? (
          <p className="text-xs text-ink-3">
            Or as the agent <code>alerting_system</code> is set. What is milder is shown, and nobody is told.
          </p>
        ) : (
          <fieldset className="flex flex-wrap gap-x-4 gap-y-1.5">
            <legend className="sr-only">Channels</legend>
            {known.length === 0 && <span className="text-ink-3">There is none yet: make one under Channels.</span>}
            {known.map((name) => (
              <label key={name} className="flex items-center gap-1.5">
                <input
                  type="checkbox"
                  checked={named.includes(name)}
                  onChange={(event) =>
                    change({ channels: event.target.checked ? [...named, name] : named.filter((each) => each !== name) })
                  }
                />
                {name}
              </label>
            ))}
          </fieldset>
        )}
        {faultOf('/channels') !== undefined && <p className="text-xs text-bad">{faultOf('/channels')}</p>}
        <TextField
          label="Summary"
          value={draft.summary}
          error={faultOf('/annotations')}
          onChange={(event) => change({ summary: event.target.value })}
        />
        <AreaField label="Description" value={draft.description} onChange={(event) => change({ description: event.target.value })} />
        <div className="grid gap-3 sm:grid-cols-2">
          <TextField
            label="Labels"
            value={draft.labels}
            placeholder="team=web, …"
            spellCheck={false}
            error={faultOf('/labels')}
            onChange={(event) => change({ labels: event.target.value })}
          />
          <TextField
            label="Runbook"
            value={draft.runbook}
            placeholder="https://…"
            spellCheck={false}
            error={faultOf('/runbook')}
            onChange={(event) => change({ runbook: event.target.value })}
          />
        </div>
      </div>
    </Card>
  );
}
