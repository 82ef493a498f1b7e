import { useQuery } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import { Link, useLocation } from 'wouter';
import { Answered } from '../../../ui/answered.tsx';
import { Card } from '../../../ui/card.tsx';
import { DataTable, dataRow } from '../../../ui/data-table.tsx';
import { formatValue, grouped } from '../../../ui/format.ts';
import { Ago, Button, Empty } from '../../../ui/primitives.tsx';
import { listAddress } from '../address.ts';
import { comparisonAddress, type Dataset, datasetQueries, type Experiment } from './queries.ts';

/** More of them beside each other are no longer read. */
const mostCompared = 5;

/** What was tried on this dataset. Two and more are held against each other, the oldest as what the others are measured by. */
export function ExperimentsCard({ dataset }: { readonly dataset: Dataset }): ReactNode {
  const query = useQuery(datasetQueries.experiments(dataset.dataset_id));
  const [chosen, setChosen] = useState<readonly string[]>([]);
  const [, navigate] = useLocation();
  const compare = (items: readonly Experiment[]): void =>
    navigate(
      comparisonAddress(
        dataset.dataset_id,
        items
          .filter(({ name }) => chosen.includes(name))
          .toSorted((a, b) => (a.created_at < b.created_at ? -1 : 1))
          .map(({ name }) => name),
      ),
    );
  return (
    <Card
      title="Experiments"
      flush
      aside={
        query.data &&
        query.data.items.length > 1 && (
          <Button icon="compare" disabled={chosen.length < 2} onClick={() => compare(query.data.items)}>
            {chosen.length < 2 ? 'Mark two to compare' : `Compare ${chosen.length}`}
          </Button>
        )
      }
    >
      <Answered query={query}>
        {({ items }) =>
          items.length === 0 ? (
            <Empty title="Nothing was tried on it yet" icon="chart">
              <code>muster eval {JSON.stringify(dataset.name)} --target …</code> runs its examples against an address, a model or a command;
              evaluate() of LangSmith's SDK does as well.
            </Empty>
          ) : (
            <DataTable
              label="Experiments, the newest first"
              columns={[
                { title: 'Compare', hidden: true },
                { title: 'Experiment' },
                { title: 'Scores' },
                { title: 'Examples', right: true },
                { title: 'Errors', right: true },
                { title: 'Began', right: true },
              ]}
            >
              {items.map((experiment) => (
                <tr key={experiment.project_id} className={dataRow}>
                  <td className="w-8">
                    <input
                      type="checkbox"
                      aria-label={`Compare ${experiment.name}`}
                      checked={chosen.includes(experiment.name)}
                      disabled={!chosen.includes(experiment.name) && chosen.length >= mostCompared}
                      onChange={() =>
                        setChosen(
                          chosen.includes(experiment.name)
                            ? chosen.filter((name) => name !== experiment.name)
                            : [...chosen, experiment.name],
                        )
                      }
                      className="size-3.5 align-middle accent-[var(--accent)]"
                    />
                  </td>
                  <th scope="row">
                    <Link
                      href={listAddress({ project: experiment.name, range: '' })}
                      className="font-medium [overflow-wrap:anywhere] hover:underline"
                    >
                      {experiment.name}
                    </Link>
                  </th>
                  <td>
                    <ul className="flex flex-wrap gap-1">
                      {experiment.scores.map(({ key, mean, n }) => (
                        <li
                          key={key}
                          className="rounded-sm bg-raised px-1.5 text-xs whitespace-nowrap"
                          title={`${grouped(n)} ${n === 1 ? 'score' : 'scores'}`}
                        >
                          <span className="text-ink-2">{key}</span> <span className="font-medium">{formatValue(mean, '')}</span>
                        </li>
                      ))}
                    </ul>
                  </td>
                  <td className="text-right">{grouped(experiment.examples)}</td>
                  <td className={`text-right ${experiment.errors > 0 ? 'text-bad' : ''}`}>{grouped(experiment.errors)}</td>
                  <td className="text-right">
                    <Ago at={experiment.created_at} />
                  </td>
                </tr>
              ))}
            </DataTable>
          )
        }
      </Answered>
    </Card>
  );
}
