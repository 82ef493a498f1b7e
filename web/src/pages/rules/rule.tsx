import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { Link, useLocation, useSearch } from 'wouter';
import { call } from '../../api/client.ts';
import { problemOf } from '../../api/problem.ts';
import { useMay } from '../../api/use-may.ts';
import { Answered } from '../../ui/answered.tsx';
import { Card, Fact, Facts } from '../../ui/card.tsx';
import { DataTable, dataRow } from '../../ui/data-table.tsx';
import { formatCount, grouped, words } from '../../ui/format.ts';
import { Mark } from '../../ui/look.tsx';
import { Ago, Button, Empty, PageHeader, ProblemNote, Skeleton } from '../../ui/primitives.tsx';
import { useQuestion } from '../../ui/use-question.tsx';
import { levelLooks } from '../alerts/looks.ts';
import { channelAddress } from '../channels/types.ts';
import { ruleQueries } from './queries.ts';
import { ReplayCard } from './replay.tsx';
import { EditRule } from './rule-form.tsx';
import { lengthText, sentenceOf } from './sentence.ts';
import { isBuiltIn, type RuleRecord, type RuleTarget, ruleStanding, sources, verdictLooks } from './types.ts';

/** One rule: what it watches for, what of it is not well now, when it would have fired. With `?edit`: the form. */
export function RulePage({ name }: { readonly name: string }): ReactNode {
  const { data: rule, error, isPending, refetch } = useQuery({ ...ruleQueries.rule(name), enabled: !isBuiltIn(name) });
  const isEditing = new URLSearchParams(useSearch()).has('edit');
  if (rule) return isEditing ? <EditRule rule={rule} /> : <Shown rule={rule} />;
  return (
    <>
      <PageHeader title={name} />
      {isBuiltIn(name) ? (
        <div className="card">
          <Empty title="The fleet tells of it by itself">
            {words(name)} is no rule that can be changed: hosts and agents that are lost, and agents that crash again and again, are always
            told. Whom: the setting <code>channels</code> of the agent <code>alerting_system</code>, all channels by default.
          </Empty>
        </div>
      ) : isPending ? (
        <Skeleton className="h-40" />
      ) : (
        <div className="card">
          <ProblemNote problem={problemOf(error)} retry={() => void refetch()} />
        </div>
      )}
    </>
  );
}

function Shown({ rule }: { readonly rule: RuleRecord }): ReactNode {
  const { definition, enabled, name, report, source } = rule;
  const { ask, dialog } = useQuestion();
  const [path, navigate] = useLocation();
  const mayWrite = useMay('rules:write') && source !== 'file';
  const address = `/rules/${encodeURIComponent(name)}`;
  const turn = (): void =>
    ask({
      title: enabled ? `Switch ${name} off?` : `Switch ${name} on?`,
      text: enabled ? 'What it has open is closed, and it is not looked at until it is switched on again.' : 'It is looked at from now on.',
      verb: enabled ? 'Switch off' : 'Switch on',
      act: () => call(address, { method: 'PUT', body: { ...definition, enabled: !enabled }, ifMatch: `"${rule.revision}"` }),
      concerns: ['rules', 'rule', 'alerts'],
    });
  const remove = (): void =>
    ask({
      title: `Delete ${name}?`,
      text: 'What it has open is closed. Past alerts of it stay.',
      verb: 'Delete',
      isGrave: true,
      act: () => call(address, { method: 'DELETE', ifMatch: `"${rule.revision}"` }),
      concerns: ['rules', 'alerts'],
      after: () => navigate('/rules'),
    });
  return (
    <>
      {dialog}
      <PageHeader title={name}>
        {mayWrite && (
          <>
            <Button icon={enabled ? 'pause' : 'start'} onClick={turn}>
              {enabled ? 'Switch off' : 'Switch on'}
            </Button>
            <Button onClick={() => navigate(`${path}?edit`)}>Edit</Button>
            <Button onClick={() => navigate(`/rules?new=${encodeURIComponent(name)}`)}>Copy</Button>
            {source === 'api' && (
              <Button icon="close" onClick={remove}>
                Delete
              </Button>
            )}
          </>
        )}
      </PageHeader>
      <p className="flex flex-wrap items-center gap-4">
        <Mark look={verdictLooks[ruleStanding(rule)]} />
        <span className="text-ink-2 [overflow-wrap:anywhere]">{definition.annotations['summary'] ?? sentenceOf(definition)}</span>
      </p>
      <div className="grid gap-4 lg:grid-cols-2">
        <Card title="What it watches for">
          <Facts>
            <Fact name="Condition">{sentenceOf(definition)}</Fact>
            <Fact name="Kind">{words(definition.kind)}</Fact>
            {definition.keep_firing !== '0s' && <Fact name="Keeps firing">until it was good for {lengthText(definition.keep_firing)}</Fact>}
            <Fact name="Tells">
              {definition.channels === undefined
                ? 'all channels, of what is critical or worse: it names none'
                : definition.channels.length === 0
                  ? 'nobody: its list of channels is empty'
                  : definition.channels.map((channel, index) => (
                      <span key={channel}>
                        {index > 0 && ', '}
                        <Link href={channelAddress(channel)} className="underline">
                          {channel}
                        </Link>
                      </span>
                    ))}
            </Fact>
            {definition.runbook !== undefined && <Fact name="Runbook">{definition.runbook}</Fact>}
            {definition.annotations['description'] !== undefined && <Fact name="Description">{definition.annotations['description']}</Fact>}
            <Fact name="From">
              {sources[source]}
              {source === 'file' && ': change it there, the file is watched'}
            </Fact>
            <Fact name="Changed">
              <Ago at={rule.updated_at} /> by {rule.updated_by}
            </Fact>
          </Facts>
        </Card>
        <Card title="How it fares">
          {report === null ? (
            <p className="text-ink-2">
              {enabled ? 'It was not looked at yet: the agent alerting_system does, each second.' : 'It is off.'}
            </p>
          ) : (
            <Facts>
              <Fact name="Series">
                {grouped(report.series)}
                {report.is_truncated && ', more than a rule may have: the others are not looked at'}
              </Fact>
              <Fact name="Firing">{grouped(report.firing)}</Fact>
              <Fact name="Pending">{grouped(report.pending)}</Fact>
              <Fact name="Without data">{grouped(report.no_data)}</Fact>
              <Fact name="In error">{grouped(report.error)}</Fact>
              {report.why !== '' && <Fact name="Why">{report.why}</Fact>}
              <Fact name="Looked at">
                <Ago at={report.evaluated_at} />
              </Fact>
            </Facts>
          )}
        </Card>
      </div>
      <Targets name={name} />
      <ReplayCard definition={definition} />
    </>
  );
}

function Targets({ name }: { readonly name: string }): ReactNode {
  const targets = useQuery(ruleQueries.targets(name));
  return (
    <Card title="What is not well" flush>
      <Answered query={targets}>
        {({ items }) =>
          items.length === 0 ? (
            <Empty title="All that it looks at is well" icon="check">
              Targets that are pending, firing or in error stand here, the longest first.
            </Empty>
          ) : (
            <DataTable
              label="Targets that are not well"
              columns={[
                { title: 'State' },
                { title: 'Target' },
                { title: 'Level' },
                { title: 'Value', right: true },
                { title: 'Since', right: true },
              ]}
            >
              {items.map((target) => (
                <TargetRow key={target.target} target={target} />
              ))}
            </DataTable>
          )
        }
      </Answered>
    </Card>
  );
}

function TargetRow({ target }: { readonly target: RuleTarget }): ReactNode {
  return (
    <tr className={dataRow}>
      <td>
        <Mark look={verdictLooks[target.state]} />
      </td>
      <th scope="row">
        <code className="[overflow-wrap:anywhere]">{target.target === '' ? 'all of it' : target.target}</code>
      </th>
      <td>{target.level === null ? '–' : <Mark look={levelLooks[target.level]} />}</td>
      <td className="text-right whitespace-nowrap">
        {target.value === null ? '–' : formatCount(target.value)}
        {target.threshold !== null && <span className="block text-xs text-ink-3">threshold {formatCount(target.threshold)}</span>}
      </td>
      <td className="text-right">
        <Ago at={target.since} />
      </td>
    </tr>
  );
}
