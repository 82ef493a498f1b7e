import { type InputHTMLAttributes, type ReactNode, type SelectHTMLAttributes, type TextareaHTMLAttributes, useId } from 'react';
import { Icon } from './icons.tsx';
import { Prose } from './primitives.tsx';

const box = 'w-full rounded-md border border-line-strong bg-surface px-2.5 text-ink placeholder:text-ink-3 aria-invalid:border-bad';

interface Said {
  readonly label: string;
  readonly hint?: string | undefined;
  /** What the server said of it. */
  readonly error?: string | undefined;
  readonly className?: string;
}

interface Ties {
  readonly id: string;
  readonly 'aria-describedby': string | undefined;
  readonly 'aria-invalid': true | undefined;
}

/** A label, what belongs into the field, and what is wrong with it, tied together for ears too. */
function Field({ label, hint, error, className = '', children }: Said & { readonly children: (ties: Ties) => ReactNode }): ReactNode {
  const id = useId();
  const said = [hint === undefined ? '' : `${id}-hint`, error === undefined ? '' : `${id}-error`].filter((each) => each !== '').join(' ');
  return (
    <div className={`flex min-w-0 flex-col gap-1 ${className}`}>
      <label htmlFor={id} className="text-xs font-medium text-ink-2">
        {label}
      </label>
      {children({ id, 'aria-describedby': said === '' ? undefined : said, 'aria-invalid': error === undefined ? undefined : true })}
      {hint !== undefined && (
        <p id={`${id}-hint`} className="text-xs text-ink-3">
          <Prose text={hint} />
        </p>
      )}
      {error !== undefined && (
        <p id={`${id}-error`} className="text-xs text-bad">
          {error}
        </p>
      )}
    </div>
  );
}

export function TextField({ label, hint, error, className, ...rest }: Said & InputHTMLAttributes<HTMLInputElement>): ReactNode {
  return (
    <Field {...{ label, hint, error }} {...(className === undefined ? {} : { className })}>
      {(ties) => <input {...rest} {...ties} className={`h-8 ${box}`} />}
    </Field>
  );
}

export function AreaField({ label, hint, error, className, ...rest }: Said & TextareaHTMLAttributes<HTMLTextAreaElement>): ReactNode {
  return (
    <Field {...{ label, hint, error }} {...(className === undefined ? {} : { className })}>
      {(ties) => <textarea rows={3} {...rest} {...ties} className={`py-1.5 ${box}`} />}
    </Field>
  );
}

export function SelectField({
  label,
  hint,
  error,
  className,
  children,
  ...rest
}: Said & SelectHTMLAttributes<HTMLSelectElement>): ReactNode {
  return (
    <Field {...{ label, hint, error }} {...(className === undefined ? {} : { className })}>
      {(ties) => (
        <span className="relative flex items-center">
          <select {...rest} {...ties} className={`h-8 appearance-none pr-8 ${box}`}>
            {children}
          </select>
          <Icon name="down" className="pointer-events-none absolute right-2 size-3.5 text-ink-3" />
        </span>
      )}
    </Field>
  );
}
