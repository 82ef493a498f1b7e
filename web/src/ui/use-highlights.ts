import { type RefObject, useEffect } from 'react';

/** More would not be looked at, and cost the page. */
const mostRanges = 2_000;

/**
 * Marks stretches of the text within an element by the browser's own highlights (styles.css says how they look). No element is added, so what
 * is found may stand across bold words, and hostile text stays text. Browsers without them show the text unmarked. `find` must keep its identity
 * while it finds the same.
 */
export function useHighlights(
  holder: RefObject<HTMLElement | null>,
  name: 'found' | 'redacted',
  find: ((text: string) => readonly (readonly [from: number, to: number])[]) | undefined,
): void {
  useEffect(() => {
    const element = holder.current;
    // Firefox before 140 has none.
    if (!element || find === undefined || !('highlights' in CSS)) return;
    let frame = 0;
    const mark = (): void => {
      const ranges: Range[] = [];
      const texts = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
      for (let node = texts.nextNode(); node !== null && ranges.length < mostRanges; node = texts.nextNode())
        for (const [from, to] of find(node.nodeValue ?? '')) {
          const range = new Range();
          range.setStart(node, from);
          range.setEnd(node, to);
          ranges.push(range);
        }
      CSS.highlights.set(name, new Highlight(...ranges));
    };
    const soon = (): void => {
      cancelAnimationFrame(frame);
      frame = requestAnimationFrame(mark);
    };
    mark();
    const changes = new MutationObserver(soon);
    changes.observe(element, { childList: true, characterData: true, subtree: true });
    return () => {
      changes.disconnect();
      cancelAnimationFrame(frame);
      CSS.highlights.delete(name);
    };
  }, [holder, name, find]);
}
