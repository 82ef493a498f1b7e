import { type ReactNode, useState } from 'react';
import { grouped } from '../../../ui/format.ts';
import { Icon } from '../../../ui/icons.tsx';
import { isObject } from './json.ts';

/** Entries drawn of one object or list at a time, and letters of one text. */
const entriesAtOnce = 100;
const lettersAtOnce = 2_000;
/** Deeper than people look at once: opened by hand. */
const openDepth = 2;

/** JSON as a tree that folds. What is folded does not exist on the page, so a large value costs what is seen of it. */
export function JsonView({ value, label }: { readonly value: unknown; readonly label: string }): ReactNode {
  return (
    <div className="min-w-0 overflow-x-auto font-mono text-xs leading-5" role="region" aria-label={label} tabIndex={0}>
      <Value value={value} depth={0} />
    </div>
  );
}

function Value({ value, depth, name }: { readonly value: unknown; readonly depth: number; readonly name?: string }): ReactNode {
  const key = name === undefined ? null : <span className="text-ink-2">{name}: </span>;
  if (!Array.isArray(value) && !isObject(value))
    return (
      <div className="pl-4.5">
        {key}
        <Scalar value={value} />
      </div>
    );
  return <Branch value={value} depth={depth} name={key} />;
}

function Branch({
  value,
  depth,
  name,
}: {
  readonly value: readonly unknown[] | Readonly<Record<string, unknown>>;
  readonly depth: number;
  readonly name: ReactNode;
}): ReactNode {
  const entries = Object.entries(value);
  const [open, setOpen] = useState(depth < openDepth && entries.length <= entriesAtOnce);
  const [room, setRoom] = useState(entriesAtOnce);
  const count = entries.length;
  const isList = Array.isArray(value);
  if (count === 0)
    return (
      <div className="pl-4.5">
        {name}
        <span className="text-ink-3">{isList ? '[]' : '{}'}</span>
      </div>
    );
  return (
    <div>
      <button
        type="button"
        aria-expanded={open}
        className="flex items-center gap-0.5 rounded-sm text-left hover:bg-raised"
        onClick={() => setOpen(!open)}
      >
        <Icon name={open ? 'down' : 'right'} className="size-4 text-ink-3" />
        <span>
          {name}
          <span className="text-ink-3">
            {isList ? '[' : '{'} {grouped(count)} {isList ? (count === 1 ? 'item' : 'items') : count === 1 ? 'field' : 'fields'}{' '}
            {isList ? ']' : '}'}
          </span>
        </span>
      </button>
      {open && (
        <div className="ml-2 border-l border-line pl-2">
          {entries.slice(0, room).map(([key, each]) => (
            <Value key={key} value={each} depth={depth + 1} name={key} />
          ))}
          {count > room && (
            <button
              type="button"
              className="rounded-sm pl-4.5 text-accent hover:underline"
              onClick={() => setRoom(room + 10 * entriesAtOnce)}
            >
              {grouped(count - room)} more
            </button>
          )}
        </div>
      )}
    </div>
  );
}

function Scalar({ value }: { readonly value: unknown }): ReactNode {
  const [whole, setWhole] = useState(false);
  if (typeof value !== 'string') return <span className={value === null ? 'text-ink-3' : 'text-accent'}>{String(value)}</span>;
  const shown = whole ? value : value.slice(0, lettersAtOnce);
  return (
    <span className="whitespace-pre-wrap [overflow-wrap:anywhere]">
      {shown}
      {shown.length < value.length && (
        <button type="button" className="ml-1 rounded-sm text-accent hover:underline" onClick={() => setWhole(true)}>
          … all {grouped(value.length)} characters
        </button>
      )}
    </span>
  );
}
