import { type RefObject, useCallback, useMemo } from 'react';
import { useHighlights } from '../../ui/use-highlights.ts';
import { marksIn, placesOf, soughtIn, type Stretch } from './found.ts';

/** Marks within an element what somebody searches for, and what redaction left in place of what it took out. */
export function useFound(holder: RefObject<HTMLElement | null>, sought: string): void {
  const pieces = useMemo(() => soughtIn(sought), [sought]);
  const find = useCallback((text: string): readonly Stretch[] => placesOf(text, pieces), [pieces]);
  useHighlights(holder, 'found', pieces.length === 0 ? undefined : find);
  useHighlights(holder, 'redacted', marksIn);
}
