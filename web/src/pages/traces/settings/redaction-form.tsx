import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, type ReactNode, useState } from 'react';
import { call } from '../../../api/client.ts';
import { problemOf } from '../../../api/problem.ts';
import { Dialog } from '../../../ui/dialog.tsx';
import { AreaField, SelectField, TextField } from '../../../ui/field.tsx';
import { type FaultOf, faultsOf, FormProblem } from '../../../ui/form-dialog.tsx';
import { grouped } from '../../../ui/format.ts';
import { Button } from '../../../ui/primitives.tsx';
import {
  kinds,
  mostPatterns,
  type Redaction,
  withNewPattern,
  withoutPattern,
  withPattern,
  withPseudonym,
  withSwitch,
} from './redaction.ts';

const box = 'size-3.5 accent-[var(--accent)]';

/** What is redacted, tried on a text before it is saved: what was stored once is not redacted afterwards. */
export function RedactionForm({
  title,
  redaction,
  send,
  onClose,
}: {
  readonly title: string;
  readonly redaction: Redaction;
  readonly send: (redaction: Redaction) => Promise<unknown>;
  readonly onClose: () => void;
}): ReactNode {
  const [draft, setDraft] = useState(redaction);
  const client = useQueryClient();
  const save = useMutation({
    mutationFn: () => send(draft),
    onSuccess: onClose,
    onSettled: () => client.invalidateQueries({ queryKey: ['traces'] }),
  });
  const problem = save.isError ? problemOf(save.error) : undefined;
  const faultOf = faultsOf(problem);
  return (
    <Dialog title={title} onClose={onClose}>
      <form
        noValidate
        className="flex flex-col gap-3"
        onSubmit={(event: FormEvent) => {
          event.preventDefault();
          save.mutate();
        }}
      >
        <Kinds draft={draft} onChange={setDraft} />
        <SelectField
          label="Attachments"
          value={draft.attachments}
          onChange={(event) => setDraft({ ...draft, attachments: event.target.value === 'drop' ? 'drop' : 'keep' })}
          error={faultOf('/redaction/attachments')}
        >
          <option value="keep">kept: texts redacted, other files as they came</option>
          <option value="drop">not stored</option>
        </SelectField>
        <Patterns draft={draft} onChange={setDraft} faultOf={faultOf} />
        <Trial draft={draft} />
        <FormProblem problem={problem} />
        <div className="mt-1 flex justify-end gap-2">
          <Button onClick={onClose}>Cancel</Button>
          <Button kind="primary" type="submit" disabled={save.isPending}>
            Save
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

interface DraftProps {
  readonly draft: Redaction;
  readonly onChange: (draft: Redaction) => void;
}

function Kinds({ draft, onChange }: DraftProps): ReactNode {
  return (
    <fieldset>
      <legend className="mb-1 text-xs font-medium text-ink-2">Redacted, before anything is stored</legend>
      <ul className="flex flex-col gap-1.5">
        {kinds.map(({ key, label, pseudonym }) => (
          <li key={key} className="flex flex-wrap items-center gap-x-4 gap-y-1">
            <label className="flex items-center gap-2">
              <input
                type="checkbox"
                checked={draft[key]}
                onChange={(event) => onChange(withSwitch(draft, key, event.target.checked))}
                className={box}
              />
              {label}
            </label>
            {pseudonym !== undefined && (
              <label
                className="ml-auto flex items-center gap-1.5 text-xs text-ink-2"
                title="The same value gets the same mark: who is who can be counted, and not read"
              >
                <input
                  type="checkbox"
                  aria-label={`A pseudonym in place of ${label}`}
                  checked={draft.pseudonyms.includes(pseudonym)}
                  disabled={!draft[key]}
                  onChange={(event) => onChange(withPseudonym(draft, pseudonym, event.target.checked))}
                  className={box}
                />
                pseudonym
              </label>
            )}
          </li>
        ))}
      </ul>
    </fieldset>
  );
}

function Patterns({ draft, onChange, faultOf }: DraftProps & { readonly faultOf: FaultOf }): ReactNode {
  return (
    <fieldset className="flex flex-col gap-2">
      <legend className="mb-1 text-xs font-medium text-ink-2">Patterns of your own</legend>
      {draft.custom.map(({ ignore_case: ignoresCase, name, pattern }, at) => (
        // Fields of a list that is only appended to and cut: its places are its identity.
        <div key={at} className="grid grid-cols-[8rem_minmax(0,1fr)_auto] items-start gap-2">
          <TextField
            label="Name"
            placeholder="order_no"
            spellCheck={false}
            value={name}
            onChange={(event) => onChange(withPattern(draft, at, { name: event.target.value }))}
            error={faultOf(`/redaction/custom/${at}/name`)}
          />
          <TextField
            label="Regular expression"
            placeholder="ORD-\d{8}"
            spellCheck={false}
            className="[&_input]:font-mono"
            value={pattern}
            onChange={(event) => onChange(withPattern(draft, at, { pattern: event.target.value }))}
            error={faultOf(`/redaction/custom/${at}/pattern`)}
          />
          <Button
            kind="ghost"
            icon="close"
            className="mt-5.5"
            aria-label={`Remove the pattern ${name === '' ? at + 1 : name}`}
            onClick={() => onChange(withoutPattern(draft, at))}
          />
          <label className="col-span-3 -mt-1 flex items-center gap-2 text-xs text-ink-2">
            <input
              type="checkbox"
              checked={ignoresCase}
              onChange={(event) => onChange(withPattern(draft, at, { ignore_case: event.target.checked }))}
              className={box}
            />
            whatever the case of letters
          </label>
        </div>
      ))}
      {draft.custom.length < mostPatterns && (
        <Button kind="ghost" className="self-start" onClick={() => onChange(withNewPattern(draft))}>
          Add a pattern
        </Button>
      )}
    </fieldset>
  );
}

interface Tried {
  readonly text: string;
  readonly counts: Readonly<Record<string, number>>;
}

/** Shows what the draft makes of a text. The server does it, as it would to a run; nothing is kept. */
function Trial({ draft }: { readonly draft: Redaction }): ReactNode {
  const [text, setText] = useState('');
  const attempt = useMutation({
    mutationFn: () => call<Tried>('/traces/settings/redaction/try', { method: 'POST', body: { redaction: draft, text } }),
  });
  const problem = attempt.isError ? problemOf(attempt.error) : undefined;
  const found = Object.entries(attempt.data?.counts ?? {});
  return (
    <section aria-label="Try it" className="flex flex-col gap-2 rounded-md bg-raised p-3">
      <AreaField
        label="Try it on a text, or on JSON"
        rows={2}
        maxLength={20_000}
        spellCheck={false}
        value={text}
        onChange={(event) => setText(event.target.value)}
      />
      <Button className="self-start" disabled={text === '' || attempt.isPending} onClick={() => attempt.mutate()}>
        Try it
      </Button>
      <FormProblem problem={problem} />
      <div aria-live="polite" className="empty:hidden">
        {attempt.data && (
          <>
            <p className="max-h-32 overflow-auto font-mono text-xs whitespace-pre-wrap [overflow-wrap:anywhere]">{attempt.data.text}</p>
            <p className="mt-1 text-xs text-ink-2">
              {found.length === 0 ? 'Nothing was found.' : `Found: ${found.map(([kind, n]) => `${kind} ${grouped(n)}`).join(', ')}`}
            </p>
          </>
        )}
      </div>
    </section>
  );
}
