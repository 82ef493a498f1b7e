import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, type ReactNode, useState } from 'react';
import { address } from '../../../api/client.ts';
import { problemOf } from '../../../api/problem.ts';
import { Answered } from '../../../ui/answered.tsx';
import { Card } from '../../../ui/card.tsx';
import { DataTable, dataRow } from '../../../ui/data-table.tsx';
import { SelectField, TextField } from '../../../ui/field.tsx';
import { FormProblem, textOf } from '../../../ui/form-dialog.tsx';
import { grouped } from '../../../ui/format.ts';
import { Icon } from '../../../ui/icons.tsx';
import { Ago, Button } from '../../../ui/primitives.tsx';
import { useQuestion } from '../../../ui/use-question.tsx';
import { type Erasure, eraseSubject, peopleQueries, type Removed, type Subject, subjectKinds } from './people.ts';

/** What there is of somebody who asks for it: to be counted, handed out, and erased; and what was erased before. */
export function PeopleCards(): ReactNode {
  const client = useQueryClient();
  const { ask, dialog } = useQuestion();
  const [subject, setSubject] = useState<Subject>();
  const found = useMutation({ mutationFn: (whom: Subject) => eraseSubject(whom, { dry_run: true }), onMutate: setSubject });
  const erased = useMutation({ mutationFn: (whom: Subject) => eraseSubject(whom, { verify: true }) });
  const problem = found.isError ? problemOf(found.error) : undefined;
  return (
    <>
      {dialog}
      <Card title="What there is of somebody">
        <form
          noValidate
          className="flex flex-col gap-3"
          onSubmit={(event: FormEvent<HTMLFormElement>) => {
            event.preventDefault();
            const given = new FormData(event.currentTarget);
            erased.reset();
            found.mutate({ kind: textOf(given, 'kind') as Subject['kind'], value: textOf(given, 'whom') });
          }}
        >
          <div className="flex flex-wrap items-end gap-2">
            <SelectField label="Known by" name="kind" className="w-44">
              {Object.entries(subjectKinds).map(([kind, label]) => (
                <option key={kind} value={kind}>
                  {label}
                </option>
              ))}
            </SelectField>
            <TextField
              label="Whom it is about"
              name="whom"
              required
              autoComplete="off"
              spellCheck={false}
              className="min-w-56 flex-1"
              error={problem?.errors.find(({ pointer }) => pointer === '/id')?.message}
            />
            <Button kind="primary" type="submit" disabled={found.isPending}>
              Look
            </Button>
          </div>
          <p className="text-xs text-ink-3">
            An address or a number that was redacted is found by its pseudonym: type it as the person wrote it. Whole traces are meant,
            because what belongs to one question is not told apart by who said it.
          </p>
          <FormProblem problem={problem} />
        </form>
        <div aria-live="polite" className="empty:hidden">
          {found.isPending && <p className="mt-3 text-ink-2">It looks through everything that is kept …</p>}
          {found.data && subject && !erased.data && !found.isPending && (
            <div className="mt-3 flex flex-wrap items-center gap-x-3 gap-y-2 border-t border-line pt-3">
              <p className="min-w-0">
                {Object.keys(found.data.removed).length === 0 ? (
                  'There is nothing.'
                ) : (
                  <>
                    <span className="font-medium">
                      {grouped(found.data.traces)} {found.data.traces === 1 ? 'trace' : 'traces'}
                    </span>
                    : <Rows removed={found.data.removed} />
                  </>
                )}
              </p>
              {Object.keys(found.data.removed).length > 0 && (
                <span className="ml-auto flex gap-2">
                  <a
                    href={address(`/traces/subjects/${encodeURIComponent(subject.value)}/export`, { kind: subject.kind })}
                    download="subject.ndjson"
                    className="inline-flex h-8 items-center gap-1.5 rounded-md border border-line-strong px-3 font-medium hover:bg-raised"
                  >
                    <Icon name="download" />
                    Export
                  </a>
                  <Button
                    kind="danger"
                    onClick={() =>
                      ask({
                        title: 'Erase it for good?',
                        text: `What there is of ${subject.value} goes: ${grouped(found.data.traces)} whole traces with all that belongs to them, in search, figures, datasets and the gateway's memory, too. Backups keep it until they are old; the ledger below erases it again from one that is restored.`,
                        verb: 'Erase',
                        isGrave: true,
                        act: () => erased.mutateAsync(subject),
                        concerns: ['traces'],
                        after: () => void client.invalidateQueries({ queryKey: ['traces'] }),
                      })
                    }
                  >
                    Erase
                  </Button>
                </span>
              )}
            </div>
          )}
          {erased.data && (
            <p className="mt-3 border-t border-line pt-3">
              <span className="font-medium text-ok">
                Erased: {grouped(erased.data.traces)} {erased.data.traces === 1 ? 'trace' : 'traces'}.
              </span>{' '}
              <Rows removed={erased.data.removed} />
              {erased.data.still_in !== null && Object.keys(erased.data.still_in).length > 0 ? (
                <span className="block text-warn">
                  It still stands in <Rows removed={erased.data.still_in} />: in what people of yours wrote themselves. Look there.
                </span>
              ) : (
                <span className="block text-ink-2">Every table was looked through afterwards: nothing holds it any more.</span>
              )}
            </p>
          )}
        </div>
      </Card>
      <Ledger />
    </>
  );
}

/** Rows by table, in words. */
function Rows({ removed }: { readonly removed: Removed }): ReactNode {
  return Object.entries(removed)
    .map(([table, count]) => `${grouped(count)} in ${table.replace(/^trace_/, '').replaceAll('_', ' ')}`)
    .join(', ');
}

function Ledger(): ReactNode {
  const erasures = useQuery(peopleQueries.erasures());
  if (erasures.data?.items.length === 0 || erasures.isError) return null;
  return (
    <Card title="Erasures" flush>
      <Answered query={erasures}>
        {({ items }) => (
          <DataTable
            label="The ledger of erasures, newest first"
            columns={[{ title: 'Asked for' }, { title: 'By' }, { title: 'Whom' }, { title: 'Traces', right: true }, { title: 'State' }]}
          >
            {items.map((erasure) => (
              <Row key={erasure.erasure_id} erasure={erasure} />
            ))}
          </DataTable>
        )}
      </Answered>
    </Card>
  );
}

function Row({ erasure: { finished_at, kind, requested_at, requested_by, subject, traces } }: { readonly erasure: Erasure }): ReactNode {
  return (
    <tr className={dataRow}>
      <th scope="row">
        <Ago at={requested_at} />
      </th>
      <td className="[overflow-wrap:anywhere]">{requested_by}</td>
      <td>
        {subjectKinds[kind] ?? kind}, <code title="A pseudonym: the same for the same subject">{subject}</code>
      </td>
      <td className="text-right">{grouped(traces.length)}</td>
      <td>{finished_at === null ? <span className="text-warn">broken off: ask again</span> : 'done'}</td>
    </tr>
  );
}
