import type { ReactNode } from 'react';
import { formatCount } from '../../../ui/format.ts';
import { Icon } from '../../../ui/icons.tsx';
import { Ago } from '../../../ui/primitives.tsx';
import type { Feedback, RunDetail } from '../types.ts';
import { Part } from './part.tsx';

const sources: Readonly<Record<string, string>> = {
  api: 'by the application',
  app: 'by hand',
  model: 'by a model',
  heuristic: 'by a check',
};

/** What people, models and checks thought of it. */
export function FeedbackPart({ run }: { readonly run: RunDetail }): ReactNode {
  return (
    <Part title="Feedback">
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
