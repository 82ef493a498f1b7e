import { type ReactNode, useEffect, useRef, useState } from 'react';
import { useLocation } from 'wouter';
import { Dialog } from '../ui/dialog.tsx';
import { Button, Kbd } from '../ui/primitives.tsx';
import { places } from './navigation.ts';

const chordMs = 1_200;

/** Keys that work everywhere, unless somebody is typing: ? for help, / to search, g and a letter to go. */
export function Shortcuts(): ReactNode {
  const [, navigate] = useLocation();
  const [helping, setHelping] = useState(false);
  const chordUntil = useRef(0);

  useEffect(() => {
    const pressed = (event: KeyboardEvent): void => {
      if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
      if (event.key === '?') setHelping(true);
      else if (event.key === '/') {
        const search = document.querySelector<HTMLInputElement>('input[type=search]');
        if (!search) return;
        event.preventDefault();
        search.focus();
      } else if (event.key === 'g') chordUntil.current = event.timeStamp + chordMs;
      else if (event.timeStamp < chordUntil.current) {
        chordUntil.current = 0;
        const place = places.find((each) => each.letter === event.key);
        if (place) navigate(place.path);
      }
    };
    addEventListener('keydown', pressed);
    return () => removeEventListener('keydown', pressed);
  }, [navigate]);

  if (!helping) return null;
  return (
    <Dialog title="Keyboard" onClose={() => setHelping(false)}>
      <dl className="grid grid-cols-[auto_1fr] items-center gap-x-4 gap-y-2 text-ink-2">
        {places.map((place) => (
          <Row key={place.path} keys={['g', place.letter]} text={`Go to ${place.label}`} />
        ))}
        <Row keys={['/']} text="Search or filter" />
        <Row keys={['↑', '↓', 'Home', 'End']} text="Move in a list or a tree" />
        <Row keys={['Enter']} text="Open what is there" />
        <Row keys={['→']} text="Go to an agent's actions" />
        <Row keys={['x']} text="Mark a run: to compare, to add to a dataset or a queue" />
        <Row keys={['←', '→']} text="Fold and unfold runs in the tree of a trace" />
        <Row keys={['1', '…', '9']} text="Answer the question that is open, in a queue" />
        <Row keys={['d', 's', 'o']} text="Done, skip, open the trace, in a queue" />
        <Row keys={['?']} text="This help" />
      </dl>
      <Button className="self-end" onClick={() => setHelping(false)}>
        Close
      </Button>
    </Dialog>
  );
}

function Row({ keys, text }: { readonly keys: readonly string[]; readonly text: string }): ReactNode {
  return (
    <>
      <dt className="flex gap-1">
        {keys.map((key) => (
          <Kbd key={key}>{key}</Kbd>
        ))}
      </dt>
      <dd>{text}</dd>
    </>
  );
}

function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable || target.closest('input:not([type=radio]), textarea, select, dialog') !== null)
  );
}
