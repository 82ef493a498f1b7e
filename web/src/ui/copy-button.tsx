import { type ReactNode, useEffect, useState } from 'react';
import { Button } from './primitives.tsx';

const saidMs = 1_500;

/** Puts a text on the clipboard, and says so. */
export function CopyButton({
  label,
  text,
  children,
}: {
  readonly label: string;
  /** Made only when it is wanted: it may be large. */
  readonly text: () => string;
  readonly children?: ReactNode;
}): ReactNode {
  const [said, setSaid] = useState<'copied' | 'refused'>();
  useEffect(() => {
    if (said === undefined) return undefined;
    const timer = setTimeout(() => setSaid(undefined), saidMs);
    return () => clearTimeout(timer);
  }, [said]);
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(text());
      setSaid('copied');
    } catch {
      // Browsers give the clipboard to secure pages only: over plain HTTP elsewhere than on this machine there is none.
      setSaid('refused');
    }
  };
  return (
    <Button kind="ghost" icon={said === 'copied' ? 'check' : 'copy'} onClick={() => void copy()} aria-label={label} title={label}>
      {said === 'refused' ? 'No clipboard here' : said === 'copied' && children !== undefined ? 'Copied' : children}
    </Button>
  );
}
