import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type ReactNode, useEffect, useRef, useState } from 'react';
import { useLocation } from 'wouter';
import { problemOf } from '../../../api/problem.ts';
import { AreaField, TextField } from '../../../ui/field.tsx';
import { FormProblem } from '../../../ui/form-dialog.tsx';
import { Button, Kbd } from '../../../ui/primitives.tsx';
import { runAddress } from '../address.ts';
import { addFeedback } from '../queries.ts';
import { type Answer, type Answers, choicesOf, chosenBy, feedbackOf, missingOf, openQuestion, usual } from './answers.ts';
import { markItem, type QueueItem, queueQueries, type RubricItem, type WholeQueue } from './queries.ts';

/** What somebody says of a run of a queue; then the next comes. By keys: digits answer, d is done, s skips, o opens the trace. */
export function Judgement({ queue, item }: { readonly queue: WholeQueue; readonly item: QueueItem }): ReactNode {
  const client = useQueryClient();
  const [, navigate] = useLocation();
  const [answers, setAnswers] = useState<Answers>({});
  const [comment, setComment] = useState('');
  const rubric = queue.rubric.length === 0 ? [usual] : queue.rubric;
  const missing = missingOf(rubric, answers);
  // What was kept before another failed is not sent again.
  const kept = useRef(new Set<string>());
  const leave = useMutation({
    mutationFn: async (state: 'completed' | 'skipped') => {
      if (state === 'completed')
        for (const given of feedbackOf(rubric, answers, comment)) {
          if (kept.current.has(given.key)) continue;
          await addFeedback({ run_id: item.run_id, ...given });
          kept.current.add(given.key);
        }
      await markItem(queue.queue_id, item.item_id, state);
    },
    // The next one is there already.
    onSuccess: (_, state) =>
      state === 'completed' &&
      client.setQueryData(queueQueries.next(queue.queue_id).queryKey, (before) =>
        before === undefined ? before : { items: before.items.filter(({ item_id: id }) => id !== item.item_id) },
      ),
    onSettled: () =>
      Promise.all([
        client.invalidateQueries({ queryKey: ['queues'] }),
        client.invalidateQueries({ queryKey: ['traces', 'run', item.run_id] }),
      ]),
  });
  const answer = (key: string, given: Answer): void => setAnswers((before) => ({ ...before, [key]: given }));
  const isBusy = leave.isPending || leave.isSuccess;
  const finish = (): void => {
    if (!isBusy && missing.length === 0) leave.mutate('completed');
  };
  useEffect(() => {
    const pressed = (event: KeyboardEvent): void => {
      const isTyping =
        event.target instanceof HTMLElement && event.target.closest('input:not([type=radio]), select, textarea, dialog') !== null;
      if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) finish();
      else if (isTyping || event.ctrlKey || event.metaKey || event.altKey) return;
      else if (event.key === 'd') finish();
      else if (event.key === 's' && !isBusy) leave.mutate('skipped');
      else if (event.key === 'o') navigate(runAddress(item));
      else if (/^[0-9]$/.test(event.key)) {
        const question = openQuestion(rubric, answers);
        const choice = question && chosenBy(event.key, choicesOf(question) ?? []);
        if (question === undefined || choice === undefined) return;
        answer(question.key, { score: choice.score });
      } else return;
      event.preventDefault();
    };
    addEventListener('keydown', pressed);
    return () => removeEventListener('keydown', pressed);
  });
  const open = openQuestion(rubric, answers);
  return (
    <section aria-label="Your judgement" className="card flex min-w-0 flex-col gap-4 p-4">
      <h2 className="text-sm font-semibold">Your judgement</h2>
      {rubric.map((question) => (
        <Question
          key={question.key}
          question={question}
          answer={answers[question.key]}
          isNext={question === open}
          onAnswer={(given) => answer(question.key, given)}
        />
      ))}
      <AreaField label="Comment" name="comment" value={comment} onChange={(event) => setComment(event.target.value)} />
      <FormProblem problem={leave.isError ? problemOf(leave.error) : undefined} />
      {missing.length > 0 && <p className="text-xs text-ink-3 [overflow-wrap:anywhere]">To be answered still: {missing.join(', ')}</p>}
      <div className="flex flex-wrap items-center gap-2">
        <Button kind="primary" icon="check" disabled={isBusy || missing.length > 0} onClick={finish}>
          Done
        </Button>
        <Button disabled={isBusy} onClick={() => leave.mutate('skipped')} title="It comes again after all others">
          Skip
        </Button>
      </div>
      <p className="hidden flex-wrap items-center gap-x-1.5 gap-y-1 text-xs text-ink-3 sm:flex">
        <Kbd>1</Kbd>…<Kbd>9</Kbd> answer, <Kbd>d</Kbd> done, <Kbd>s</Kbd> skip, <Kbd>o</Kbd> open
      </p>
    </section>
  );
}

function Question({
  question,
  answer,
  isNext,
  onAnswer,
}: {
  readonly question: RubricItem;
  readonly answer: Answer | undefined;
  readonly isNext: boolean;
  readonly onAnswer: (given: Answer) => void;
}): ReactNode {
  const { description, is_required: isRequired, key, meaning } = question;
  const choices = choicesOf(question);
  const label = isRequired ? `${key} (required)` : key;
  const hint = description === null || description === '' ? {} : { hint: description };
  if (choices !== undefined)
    return (
      <fieldset className="min-w-0">
        <legend className="text-xs font-medium text-ink-2 [overflow-wrap:anywhere]">{label}</legend>
        {description !== null && description !== '' && <p className="text-xs text-ink-3 [overflow-wrap:anywhere]">{description}</p>}
        <div className="mt-1 flex flex-wrap gap-1.5">
          {choices.map(({ label: name, score }, index) => (
            <label
              key={score}
              className="relative flex min-h-8 cursor-pointer items-center gap-1.5 rounded-md border border-line-strong bg-surface px-2.5 hover:bg-raised has-checked:border-accent has-checked:bg-raised has-checked:font-medium has-focus-visible:outline-2 has-focus-visible:outline-accent"
            >
              <input
                type="radio"
                name={`answer-${key}`}
                className="absolute inset-0 cursor-pointer appearance-none opacity-0"
                checked={answer?.score === score}
                onChange={() => onAnswer({ score })}
              />
              {isNext && index < 9 && name !== String(score) && (
                <span aria-hidden="true" className="text-2xs text-ink-3">
                  {index + 1}
                </span>
              )}
              <span className="[overflow-wrap:anywhere]">{name}</span>
            </label>
          ))}
        </div>
      </fieldset>
    );
  if (meaning?.type === 'freeform')
    return <AreaField label={label} {...hint} value={answer?.value ?? ''} onChange={(event) => onAnswer({ value: event.target.value })} />;
  const [min, max] = [meaning?.min ?? undefined, meaning?.max ?? undefined];
  return (
    <TextField
      label={label}
      {...hint}
      type="number"
      step="any"
      {...(min === undefined ? {} : { min })}
      {...(max === undefined ? {} : { max })}
      placeholder={min === undefined || max === undefined ? '' : `${min} to ${max}`}
      value={answer?.score ?? ''}
      onChange={(event) => onAnswer(event.target.value === '' ? {} : { score: Number(event.target.value) })}
    />
  );
}
