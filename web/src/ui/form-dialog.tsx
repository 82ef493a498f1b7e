import { useMutation, useQueryClient } from '@tanstack/react-query';
import type { FormEvent, ReactNode } from 'react';
import { type ApiProblem, problemOf } from '../api/problem.ts';
import { Dialog } from './dialog.tsx';
import { Button, Prose } from './primitives.tsx';

/** What the server said of the field at a pointer, or of anything within it. */
export type FaultOf = (pointer: string) => string | undefined;

export const faultsOf =
  (problem: ApiProblem | undefined): FaultOf =>
  (pointer) =>
    problem?.errors.find((each) => each.pointer === pointer || each.pointer.startsWith(`${pointer}/`))?.message;

/** What was wrong as a whole, where no single field that is shown is to blame. */
export function FormProblem({ problem }: { readonly problem: ApiProblem | undefined }): ReactNode {
  return (
    <div role="alert" className="empty:hidden">
      {problem && (
        <p className="text-bad">
          <Prose text={problem.message} /> {problem.errors.length === 0 && problem.remedy !== undefined && <Prose text={problem.remedy} />}
        </p>
      )}
    </div>
  );
}

/** A form in a dialog: what is typed stays until the server has taken it, with its word beside each field. */
export function FormDialog({
  title,
  verb,
  send,
  concerns,
  onClose,
  children,
}: {
  readonly title: string;
  readonly verb: string;
  readonly send: (given: FormData) => Promise<unknown>;
  readonly concerns: readonly string[];
  readonly onClose: () => void;
  readonly children: (faultOf: FaultOf) => ReactNode;
}): ReactNode {
  const client = useQueryClient();
  const { error, isError, isPending, mutate } = useMutation({
    mutationFn: send,
    onSuccess: onClose,
    onSettled: () => Promise.all(concerns.map((key) => client.invalidateQueries({ queryKey: [key] }))),
  });
  const problem = isError ? problemOf(error) : undefined;
  return (
    <Dialog title={title} onClose={onClose}>
      <form
        noValidate
        className="flex flex-col gap-3"
        onSubmit={(event: FormEvent<HTMLFormElement>) => {
          event.preventDefault();
          mutate(new FormData(event.currentTarget));
        }}
      >
        {children(faultsOf(problem))}
        <FormProblem problem={problem} />
        <div className="mt-1 flex justify-end gap-2">
          <Button onClick={onClose}>Cancel</Button>
          <Button kind="primary" type="submit" disabled={isPending}>
            {verb}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

export function textOf(given: FormData, name: string): string {
  const value = given.get(name);
  return typeof value === 'string' ? value.trim() : '';
}
