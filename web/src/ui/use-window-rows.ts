import { type RefObject, useEffect, useState } from 'react';

export interface VisibleRows {
  readonly first: number;
  /** One past the last. */
  readonly end: number;
}

/** Rows drawn beyond the edges of the screen, so that a fast scroll or Tab finds them there. */
const overscan = 8;

/** Which rows of one height are on the screen: a thousand rows cost as much as forty. */
export function useWindowRows(body: RefObject<HTMLElement | null>, count: number, rowHeight: number): VisibleRows {
  const [rows, setRows] = useState<VisibleRows>({ first: 0, end: Math.min(count, 40) });
  useEffect(() => {
    let frame = 0;
    const measure = (): void => {
      frame = 0;
      const element = body.current;
      if (!element) return;
      const top = element.getBoundingClientRect().top;
      const first = Math.max(0, Math.floor(-top / rowHeight) - overscan);
      const end = Math.min(count, Math.ceil((innerHeight - top) / rowHeight) + overscan);
      setRows((before) => (before.first === first && before.end === end ? before : { first, end: Math.max(first, end) }));
    };
    const soon = (): void => {
      if (frame === 0) frame = requestAnimationFrame(measure);
    };
    soon();
    // Also where not the page scrolls but a pane of it.
    addEventListener('scroll', soon, { passive: true, capture: true });
    addEventListener('resize', soon);
    return () => {
      cancelAnimationFrame(frame);
      removeEventListener('scroll', soon, { capture: true });
      removeEventListener('resize', soon);
    };
  }, [body, count, rowHeight]);
  return { first: Math.min(rows.first, count), end: Math.min(rows.end, count) };
}
