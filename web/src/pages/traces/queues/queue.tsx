import { useQuery } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import { useLocation } from 'wouter';
import { useMay } from '../../../api/use-may.ts';
import { Answered } from '../../../ui/answered.tsx';
import { grouped } from '../../../ui/format.ts';
import { Menu } from '../../../ui/menu.tsx';
import { PageHeader } from '../../../ui/primitives.tsx';
import { Segmented } from '../../../ui/segmented.tsx';
import { useQuestion } from '../../../ui/use-question.tsx';
import { DoneTable } from './done.tsx';
import { changeQueue, dropQueue, queueQueries, type WholeQueue } from './queries.ts';
import { QueueForm } from './queue-form.tsx';
import { Review } from './review.tsx';

type Shown = 'waiting' | 'done';

/** One queue: the run to look at now, or those that were looked at. */
export function QueuePage({ id }: { readonly id: string }): ReactNode {
  const query = useQuery(queueQueries.one(id));
  const queue = query.data;
  const [shown, setShown] = useState<Shown>('waiting');
  if (queue === undefined)
    return (
      <>
        <PageHeader title="Queue" />
        <div className="card">
          <Answered query={query}>{() => null}</Answered>
        </div>
      </>
    );
  return (
    <>
      <Header queue={queue} shown={shown} onShow={setShown} />
      {shown === 'waiting' ? <Review queue={queue} /> : <DoneTable queue={queue} />}
    </>
  );
}

function Header({
  queue,
  shown,
  onShow,
}: {
  readonly queue: WholeQueue;
  readonly shown: Shown;
  readonly onShow: (shown: Shown) => void;
}): ReactNode {
  const may = useMay('traces:write');
  const [, navigate] = useLocation();
  const [changing, setChanging] = useState(false);
  const { ask, dialog } = useQuestion();
  const remove = (): void =>
    ask({
      title: `Delete ${queue.name}?`,
      text: 'Its runs stay, and so does what was said of them.',
      verb: 'Delete',
      isGrave: true,
      act: () => dropQueue(queue.queue_id),
      concerns: ['queues'],
      after: () => navigate('/traces/queues'),
    });
  return (
    <>
      {dialog}
      {changing && (
        <QueueForm
          title={`Change ${queue.name}`}
          verb="Save"
          queue={queue}
          onClose={() => setChanging(false)}
          send={(given) => changeQueue(queue.queue_id, given)}
        />
      )}
      <PageHeader title={queue.name}>
        <Segmented<Shown>
          legend="Which runs"
          options={[
            { value: 'waiting', label: `${grouped(queue.waiting)} waiting` },
            { value: 'done', label: `${grouped(queue.runs - queue.waiting)} done` },
          ]}
          value={shown}
          onChange={onShow}
        />
        {may && (
          <Menu
            label="More of this queue"
            items={[
              { id: 'change', label: 'Change the queue', icon: 'more', onSelect: () => setChanging(true) },
              { id: 'remove', label: 'Delete the queue', icon: 'close', onSelect: remove },
            ]}
          />
        )}
      </PageHeader>
      {queue.description !== null && queue.description !== '' && <p className="text-ink-2 [overflow-wrap:anywhere]">{queue.description}</p>}
    </>
  );
}
