import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import { problemOf } from '../api/problem.ts';
import { Dialog } from './dialog.tsx';
import { Button, Prose } from './primitives.tsx';

export interface Question {
  readonly title: string;
  /** What follows from it. */
  readonly text: string;
  readonly verb: string;
  readonly isGrave?: boolean;
  readonly act: () => Promise<unknown>;
  /** First parts of the keys of what is no longer true then. */
  readonly concerns: readonly string[];
  readonly after?: () => void;
}

/** Does something after a question; `dialog` must be rendered somewhere on the page. */
export function useQuestion(): { readonly ask: (question: Question) => void; readonly dialog: ReactNode } {
  const client = useQueryClient();
  const [question, setQuestion] = useState<Question>();
  const send = useMutation({
    mutationFn: ({ act }: Question) => act(),
    onSuccess: (_, { after }) => {
      setQuestion(undefined);
      after?.();
    },
    onSettled: (_, __, { concerns }) => Promise.all(concerns.map((key) => client.invalidateQueries({ queryKey: [key] }))),
  });
  const close = (): void => {
    send.reset();
    setQuestion(undefined);
  };
  const problem = send.isError ? problemOf(send.error) : undefined;
  return {
    ask: setQuestion,
    dialog: question && (
      <Dialog title={question.title} onClose={close}>
        <p className="text-ink-2">{question.text}</p>
        {problem && (
          <p role="alert" className="text-bad">
            {problem.message} {problem.remedy !== undefined && <Prose text={problem.remedy} />}
          </p>
        )}
        <div className="mt-2 flex justify-end gap-2">
          <Button onClick={close}>Cancel</Button>
          <Button
            kind={question.isGrave === true ? 'danger' : 'primary'}
            autoFocus
            disabled={send.isPending}
            onClick={() => send.mutate(question)}
          >
            {question.verb}
          </Button>
        </div>
      </Dialog>
    ),
  };
}
