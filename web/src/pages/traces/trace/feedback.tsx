import { type ReactNode, useState } from 'react';
import { useMay } from '../../../api/use-may.ts';
import { AreaField, TextField } from '../../../ui/field.tsx';
import { FormDialog, textOf } from '../../../ui/form-dialog.tsx';
import { formatCount } from '../../../ui/format.ts';
import { Icon } from '../../../ui/icons.tsx';
import { Ago, Button } from '../../../ui/primitives.tsx';
import { addFeedback } from '../queries.ts';
import type { Feedback, RunDetail } from '../types.ts';
import { Part } from './part.tsx';

const sources: Readonly<Record<string, string>> = {
  api: 'by the application',
  app: 'by hand',
  model: 'by a model',
  heuristic: 'by a check',
};

/** What people, models and checks thought of it; and a score of one's own. */
export function FeedbackPart({ run }: { readonly run: RunDetail }): ReactNode {
  const [adding, setAdding] = useState(false);
  const may = useMay('traces:write');
  return (
    <Part
      title="Feedback"
      aside={
        may && (
          <Button kind="ghost" icon="star" onClick={() => setAdding(true)}>
            Score
          </Button>
        )
      }
    >
      {adding && <ScoreForm runId={run.run_id} onClose={() => setAdding(false)} />}
      {run.feedback_items.length === 0 ? (
        <p className="text-ink-3">Nobody has judged it.</p>
      ) : (
        <ul className="flex flex-col gap-2">
          {run.feedback_items.map((each) => (
            <FeedbackItem key={each.feedback_id} feedback={each} />
          ))}
        </ul>
      )}
    </Part>
  );
}

function FeedbackItem({ feedback }: { readonly feedback: Feedback }): ReactNode {
  const { comment, correction, created_at: at, key, score, source, value } = feedback;
  return (
    <li className="min-w-0 [overflow-wrap:anywhere]">
      <span className="inline-flex items-center gap-1.5">
        <Icon name="star" className="size-3.5 text-ink-3" />
        <span className="font-medium">{key}</span>
        {score !== null && <span>{formatCount(score)}</span>}
        {value !== null && value !== undefined && <span>{typeof value === 'string' ? value : JSON.stringify(value)}</span>}
      </span>{' '}
      <span className="text-xs text-ink-3">
        {sources[source] ?? source}, <Ago at={at} />
      </span>
      {comment !== null && <p className="whitespace-pre-wrap text-ink-2">{comment}</p>}
      {correction !== null && correction !== undefined && (
        <p className="text-xs text-ink-2">
          Should have been: <code>{typeof correction === 'string' ? correction : JSON.stringify(correction)}</code>
        </p>
      )}
    </li>
  );
}

function ScoreForm({ runId, onClose }: { readonly runId: string; readonly onClose: () => void }): ReactNode {
  return (
    <FormDialog
      title="Score this run"
      verb="Score"
      concerns={['traces']}
      onClose={onClose}
      send={(given) => {
        const text = (name: string): string => textOf(given, name);
        const comment = text('comment');
        return addFeedback({
          run_id: runId,
          key: text('key'),
          ...(text('score') === '' ? {} : { score: Number(text('score')) }),
          ...(comment === '' ? {} : { comment }),
        });
      }}
    >
      {(faultOf) => (
        <>
          <TextField label="What is judged" name="key" defaultValue="quality" required autoFocus error={faultOf('/key')} />
          <TextField
            label="Score"
            name="score"
            type="number"
            step="any"
            hint="Higher is better; 0 to 1 by custom"
            error={faultOf('/score')}
          />
          <AreaField label="Comment" name="comment" error={faultOf('/comment')} />
        </>
      )}
    </FormDialog>
  );
}
