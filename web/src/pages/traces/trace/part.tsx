import { type ReactNode, useState } from 'react';
import { CopyButton } from '../../../ui/copy-button.tsx';
import { Icon } from '../../../ui/icons.tsx';
import { isObject } from '../conversation/json.ts';
import { JsonView } from '../conversation/json-view.tsx';

/** A part of what is known of a run, under its own heading. */
export function Part({
  title,
  aside,
  children,
}: {
  readonly title: string;
  readonly aside?: ReactNode;
  readonly children: ReactNode;
}): ReactNode {
  return (
    <section aria-label={title} className="min-w-0">
      <div className="mb-1.5 flex min-h-8 items-center gap-3">
        <h3 className="text-sm font-semibold">{title}</h3>
        {aside !== undefined && <div className="ml-auto flex items-center gap-1">{aside}</div>}
      </div>
      {children}
    </section>
  );
}

/** A part that is JSON; none where it holds nothing. `shut`: opened by hand. */
export function JsonPart({
  title,
  value,
  shut = false,
}: {
  readonly title: string;
  readonly value: unknown;
  readonly shut?: boolean;
}): ReactNode {
  const [open, setOpen] = useState(!shut);
  if (isNothing(value)) return null;
  return (
    <section aria-label={title} className="min-w-0">
      <div className="flex min-h-8 items-center gap-3">
        <h3 className="text-sm font-semibold">
          <button
            type="button"
            aria-expanded={open}
            onClick={() => setOpen(!open)}
            className="flex items-center gap-1.5 rounded-sm hover:text-ink"
          >
            {title}
            <Icon name={open ? 'down' : 'right'} className="size-3.5 text-ink-3" />
          </button>
        </h3>
        <div className="ml-auto">
          <CopyButton label={`Copy ${title.toLowerCase()}`} text={() => JSON.stringify(value, undefined, 2)} />
        </div>
      </div>
      {open && <JsonView value={value} label={`${title}, as JSON`} />}
    </section>
  );
}

export const isNothing = (value: unknown): boolean =>
  value === null ||
  value === undefined ||
  value === '' ||
  (Array.isArray(value) && value.length === 0) ||
  (isObject(value) && Object.keys(value).length === 0);
