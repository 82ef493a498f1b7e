import { type ReactNode } from 'react';
import { AreaField, TextField } from '../../../ui/field.tsx';
import { FormDialog, textOf } from '../../../ui/form-dialog.tsx';
import type { QueueFields, WholeQueue } from './queries.ts';
import { readRubric, writeRubric } from './rubric-text.ts';

/** What a queue is called, and what it asks of whoever works through it. */
export function QueueForm({
  title,
  verb,
  queue,
  send,
  onClose,
}: {
  readonly title: string;
  readonly verb: string;
  readonly queue?: WholeQueue;
  readonly send: (given: QueueFields) => Promise<unknown>;
  readonly onClose: () => void;
}): ReactNode {
  return (
    <FormDialog
      title={title}
      verb={verb}
      concerns={['queues']}
      onClose={onClose}
      send={(given) =>
        send({
          name: textOf(given, 'name'),
          description: textOf(given, 'description') || null,
          instructions: textOf(given, 'instructions') || null,
          rubric: readRubric(textOf(given, 'rubric')),
        })
      }
    >
      {(faultOf) => (
        <>
          <TextField label="Name" name="name" autoFocus required maxLength={512} defaultValue={queue?.name} error={faultOf('/name')} />
          <TextField label="What is in it" name="description" defaultValue={queue?.description ?? ''} error={faultOf('/description')} />
          <AreaField
            label="Instructions"
            name="instructions"
            hint="Shown beside each run"
            defaultValue={queue?.instructions ?? ''}
            error={faultOf('/instructions')}
          />
          <AreaField
            label="What is judged"
            name="rubric"
            placeholder={'correct: Is the answer right?\ntone'}
            hint="A line each: the key of the feedback, and after a colon what it asks. Without any, `quality` is asked for."
            defaultValue={queue === undefined ? '' : writeRubric(queue.rubric)}
            error={faultOf('/rubric')}
          />
        </>
      )}
    </FormDialog>
  );
}
