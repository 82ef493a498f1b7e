import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import { Link } from 'wouter';
import { problemOf } from '../../../api/problem.ts';
import { useMay } from '../../../api/use-may.ts';
import { Answered } from '../../../ui/answered.tsx';
import { Card } from '../../../ui/card.tsx';
import { DataTable, dataRow } from '../../../ui/data-table.tsx';
import { FormProblem } from '../../../ui/form-dialog.tsx';
import { formatRatio, formatUsd, grouped } from '../../../ui/format.ts';
import { Gauge } from '../../../ui/gauge.tsx';
import { type Look, Mark } from '../../../ui/look.tsx';
import { Menu } from '../../../ui/menu.tsx';
import { Button, Empty } from '../../../ui/primitives.tsx';
import { useQuestion } from '../../../ui/use-question.tsx';
import { listAddress } from '../address.ts';
import { JudgeForm } from './judge-form.tsx';
import { dropJudge, givenOf, type Judge, putJudge, qualityQueries } from './queries.ts';

/** Models that judge models: what each looks at, what it may cost a day, and what it has. */
export function JudgesCard(): ReactNode {
  const query = useQuery(qualityQueries.judges());
  const may = useMay('traces:manage');
  const [edited, setEdited] = useState<Judge | 'new'>();
  return (
    <Card
      title="Judges"
      flush
      aside={
        may && (
          <Button kind="ghost" onClick={() => setEdited('new')}>
            New judge
          </Button>
        )
      }
    >
      {edited !== undefined && <JudgeForm judge={edited === 'new' ? undefined : edited} onClose={() => setEdited(undefined)} />}
      <Answered query={query}>
        {({ items }) =>
          items.length === 0 ? (
            <Empty title="No model judges" icon="spark">
              A judge is a model that reads answers and scores them by criteria in words, through a provider of the gateway, for a share of
              the runs and within a budget a day.
            </Empty>
          ) : (
            <JudgeTable items={items} onEdit={may ? setEdited : undefined} />
          )
        }
      </Answered>
    </Card>
  );
}

function JudgeTable({
  items,
  onEdit,
}: {
  readonly items: readonly Judge[];
  readonly onEdit: ((judge: Judge) => void) | undefined;
}): ReactNode {
  const { ask, dialog } = useQuestion();
  const client = useQueryClient();
  const pause = useMutation({
    mutationFn: (judge: Judge) => putJudge(judge.name, { ...givenOf(judge), enabled: !judge.enabled }),
    onSettled: () => client.invalidateQueries({ queryKey: ['judges'] }),
  });
  return (
    <>
      {dialog}
      <FormProblem problem={pause.isError ? problemOf(pause.error) : undefined} />
      <DataTable
        label="Models that judge"
        columns={[
          { title: 'Judge' },
          { title: 'State' },
          { title: 'Judges' },
          { title: 'Calls today' },
          { title: 'Cost today' },
          { title: 'Scores today', right: true },
          { title: 'Actions', hidden: true },
        ]}
      >
        {items.map((judge) => (
          <tr key={judge.name} className={dataRow}>
            <th scope="row">
              <Link
                href={listAddress({ filter: `eq(feedback_key, ${JSON.stringify(judge.name)})`, all: true })}
                className="font-medium hover:underline"
              >
                {judge.name}
              </Link>
              <span className="block text-xs text-ink-3">{judge.model}</span>
            </th>
            <td>
              <Mark look={lookOf(judge)} />
              {judge.enabled && judge.today.errors > 0 && (
                <span className="block max-w-64 text-xs text-ink-2 [overflow-wrap:anywhere]">{judge.today.last_error}</span>
              )}
              {judge.enabled && judge.quiet_because !== null && (
                <span className="block max-w-64 text-xs text-ink-2 [overflow-wrap:anywhere]">{judge.quiet_because}</span>
              )}
            </td>
            <td className="[overflow-wrap:anywhere]">
              {formatRatio(judge.share)} of {judge.project ?? 'all projects'}
              {judge.model_judged !== null && <span className="block text-xs text-ink-3">only {judge.model_judged}</span>}
              {judge.filter !== null && <code className="block text-xs text-ink-3 [overflow-wrap:anywhere]">{judge.filter}</code>}
            </td>
            <td>
              <Gauge name={`Calls of ${judge.name} today`} used={judge.today.calls} limit={judge.budget_runs} format={grouped} />
              {judge.waiting > 0 && <span className="block text-xs text-ink-3">{grouped(judge.waiting)} wait</span>}
            </td>
            <td>
              <Gauge name={`Cost of ${judge.name} today`} used={judge.today.cost_usd} limit={judge.budget_usd} format={formatUsd} />
            </td>
            <td className="text-right">
              {grouped(judge.today.scores)}
              {judge.today.left_out > 0 && (
                <span className="block text-xs text-warn" title="The budget was spent, or too much waited">
                  {grouped(judge.today.left_out)} left out
                </span>
              )}
              {judge.today.no_answer > 0 && (
                <span className="block text-xs text-ink-3" title="The run failed, said nothing, is too large or gone">
                  {grouped(judge.today.no_answer)} without an answer
                </span>
              )}
            </td>
            <td className="text-right">
              {onEdit && (
                <Menu
                  label={`Actions for ${judge.name}`}
                  items={[
                    { id: 'change', label: 'Change', icon: 'tool', onSelect: () => onEdit(judge) },
                    {
                      id: 'pause',
                      label: judge.enabled ? 'Pause' : 'Resume',
                      icon: judge.enabled ? 'pause' : 'resume',
                      onSelect: () => pause.mutate(judge),
                    },
                    {
                      id: 'remove',
                      label: 'Remove',
                      icon: 'close',
                      onSelect: () =>
                        ask({
                          title: `Remove the judge ${judge.name}?`,
                          text: 'It judges no more. The scores it gave stay with their runs.',
                          verb: 'Remove',
                          isGrave: true,
                          act: () => dropJudge(judge.name),
                          concerns: ['judges'],
                        }),
                    },
                  ]}
                />
              )}
            </td>
          </tr>
        ))}
      </DataTable>
    </>
  );
}

function lookOf({ budget_runs: mostCalls, budget_usd: mostUsd, enabled, quiet_because: quiet, today }: Judge): Look {
  if (!enabled) return { icon: 'pause', colour: 'text-ink-2', label: 'Paused' };
  if (today.calls >= mostCalls || today.cost_usd >= mostUsd) return { icon: 'clock', colour: 'text-warn', label: 'Budget spent' };
  if (today.errors > 0 && today.scores === 0) return { icon: 'critical', colour: 'text-bad', label: 'Failing' };
  if (today.errors > 0) return { icon: 'warning', colour: 'text-warn', label: `${grouped(today.errors)} failed` };
  if (quiet !== null) return { icon: 'clock', colour: 'text-ink-2', label: 'Nothing judged today' };
  return { icon: 'check', colour: 'text-ok', label: 'Judging' };
}
