import { type ReactNode, useMemo, useState } from 'react';
import { Card } from '../../../ui/card.tsx';
import { grouped } from '../../../ui/format.ts';
import { Button } from '../../../ui/primitives.tsx';
import { type DiffLine, diffOf } from './diff.ts';

/** Lines of what is the same that are shown around a change. */
const around = 3;

/** Of two texts what differs, line by line and word by word. */
export function DiffCard({ title, texts }: { readonly title: string; readonly texts: readonly [string, string] }): ReactNode {
  const [whole, setWhole] = useState(false);
  const [before, after] = texts;
  const lines = useMemo(() => diffOf(before, after), [before, after]);
  if (before === '' && after === '') return null;
  const same = before === after;
  return (
    <Card
      title={title}
      aside={
        <>
          {same && <span className="text-xs text-ink-3">the same</span>}
          <Button kind="ghost" aria-pressed={whole} onClick={() => setWhole(!whole)}>
            {whole ? 'Only what changed' : 'Show all'}
          </Button>
        </>
      }
    >
      {same && !whole ? (
        <p className="text-ink-2">Both have the same here.</p>
      ) : (
        <div className="overflow-x-auto font-mono text-xs leading-5" role="region" aria-label={`${title}, what changed`} tabIndex={0}>
          {stretches(lines, whole).map((stretch, index) =>
            stretch.hidden > 0 ? (
              <p key={index} className="bg-raised px-2 text-ink-3">
                {stretch.hidden === 1 ? '1 line is the same' : `${grouped(stretch.hidden)} lines are the same`}
              </p>
            ) : (
              stretch.lines.map((line, place) => <Line key={`${index} ${place}`} line={line} />)
            ),
          )}
        </div>
      )}
    </Card>
  );
}

interface Stretch {
  readonly lines: readonly DiffLine[];
  readonly hidden: number;
}

/** Hides what is the same and far from any change. */
function stretches(lines: readonly DiffLine[], whole: boolean): readonly Stretch[] {
  if (whole) return [{ lines, hidden: 0 }];
  const near = new Set(
    lines.flatMap((line, at) => (line.kind === 'same' ? [] : Array.from({ length: 2 * around + 1 }, (_, step) => at - around + step))),
  );
  const found: { lines: DiffLine[]; hidden: number }[] = [];
  for (const [at, line] of lines.entries()) {
    const last = found.at(-1);
    if (near.has(at)) {
      if (last && last.hidden === 0) last.lines.push(line);
      else found.push({ lines: [line], hidden: 0 });
    } else if (last && last.hidden > 0) last.hidden++;
    else found.push({ lines: [], hidden: 1 });
  }
  return found;
}

const looks = {
  same: { mark: ' ', said: '', line: '', word: '' },
  gone: {
    mark: '−',
    said: 'Only in the first: ',
    line: 'tint-bad',
    word: 'rounded-xs bg-[color-mix(in_oklab,var(--bad)_30%,transparent)] line-through decoration-1',
  },
  new: { mark: '+', said: 'Only in the second: ', line: 'tint-ok', word: 'rounded-xs bg-[color-mix(in_oklab,var(--ok)_30%,transparent)]' },
} as const;

function Line({ line }: { readonly line: DiffLine }): ReactNode {
  const { line: tint, mark, said } = looks[line.kind];
  const isWhole = line.pieces.every(({ kind }) => kind === line.kind);
  return (
    <p className={`flex gap-2 px-2 whitespace-pre-wrap [overflow-wrap:anywhere] ${tint}`}>
      <span aria-hidden="true" className="w-2 shrink-0 text-ink-2">
        {mark}
      </span>
      <span className="min-w-0">
        {said !== '' && <span className="sr-only">{said}</span>}
        {line.pieces.map((piece, index) =>
          piece.kind === 'same' || isWhole ? (
            piece.text
          ) : (
            <span key={index} className={looks[piece.kind].word}>
              {piece.text}
            </span>
          ),
        )}
        {line.pieces.every(({ text }) => text === '') && '\u00a0'}
      </span>
    </p>
  );
}
