import { type ReactNode, useEffect, useState } from 'react';
import { Icon } from './icons.tsx';
import { Kbd } from './primitives.tsx';

const typingMs = 150;

/** What is typed is seen at once; the list follows when the fingers rest. The key / leads here. */
export function SearchField({
  label,
  value,
  onChange,
  className = '',
}: {
  readonly label: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly className?: string;
}): ReactNode {
  const [text, setText] = useState(value);
  const [given, setGiven] = useState(value);
  // Changed from outside, by the address or a button: that wins over what was typed.
  if (value !== given) {
    setGiven(value);
    setText(value);
  }
  useEffect(() => {
    if (text === value) return undefined;
    const timer = setTimeout(() => onChange(text), typingMs);
    return () => clearTimeout(timer);
  }, [text, value, onChange]);
  return (
    <span className={`relative flex items-center ${className}`}>
      <Icon name="search" className="pointer-events-none absolute left-2.5 text-ink-3" />
      <input
        type="search"
        aria-label={label}
        placeholder={label}
        value={text}
        onChange={(event) => setText(event.target.value)}
        onKeyDown={(event) => {
          if (event.key === 'Escape') event.currentTarget.blur();
        }}
        className="peer h-8 w-full rounded-md border border-line-strong bg-surface pr-8 pl-8 placeholder:text-ink-3"
      />
      <span aria-hidden="true" className="pointer-events-none absolute right-2 hidden peer-focus:hidden sm:peer-placeholder-shown:block">
        <Kbd>/</Kbd>
      </span>
    </span>
  );
}
