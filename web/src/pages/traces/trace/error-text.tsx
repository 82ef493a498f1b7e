import { type ReactNode, useState } from 'react';
import { Button } from '../../../ui/primitives.tsx';

const shown = 12;

/** What went wrong, and its stack: the first lines say most. */
export function ErrorText({ text }: { readonly text: string }): ReactNode {
  const [whole, setWhole] = useState(false);
  const lines = text.slice(0, 200_000).split('\n');
  return (
    <>
      <pre
        className="overflow-x-auto rounded-md border border-line px-3 py-2 text-xs leading-5 whitespace-pre-wrap tint-bad [overflow-wrap:anywhere]"
        tabIndex={0}
        role="region"
        aria-label="What went wrong"
      >
        {(whole ? lines : lines.slice(0, shown)).join('\n')}
      </pre>
      {lines.length > shown && !whole && (
        <Button kind="ghost" icon="down" className="mt-1" onClick={() => setWhole(true)}>
          {lines.length - shown} more lines
        </Button>
      )}
    </>
  );
}
