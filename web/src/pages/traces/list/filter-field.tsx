import { type KeyboardEvent, type ReactNode, useEffect, useId, useRef, useState } from 'react';
import { suggest, type Suggestion } from './filter-language.ts';

/** A field for the filter language that offers what may come next: arrows choose, Enter or Tab takes, Enter with nothing chosen filters. */
export function FilterField({
  value,
  onChange,
  className = '',
}: {
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly className?: string;
}): ReactNode {
  const id = useId();
  const input = useRef<HTMLInputElement>(null);
  const [text, setText] = useState(value);
  const [given, setGiven] = useState(value);
  const [caret, setCaret] = useState(0);
  const [chosen, setChosen] = useState(-1);
  const [open, setOpen] = useState(false);
  const wantedCaret = useRef<number>(undefined);
  // Changed from outside, by the address or a button: that wins over what was typed.
  if (value !== given) {
    setGiven(value);
    setText(value);
  }
  useEffect(() => {
    if (wantedCaret.current === undefined) return;
    input.current?.setSelectionRange(wantedCaret.current, wantedCaret.current);
    wantedCaret.current = undefined;
  });
  const { from, to, options } = suggest(text, caret);
  const shown = open ? options.slice(0, 8) : [];

  const take = (option: Suggestion): void => {
    const at = from + (option.caret ?? option.text.length);
    setText(text.slice(0, from) + option.text + text.slice(to));
    setCaret(at);
    wantedCaret.current = at;
    setChosen(-1);
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const option = shown[chosen];
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      if (!open) setOpen(true);
      const step = event.key === 'ArrowDown' ? 1 : -1;
      setChosen(shown.length === 0 ? -1 : (chosen + step + shown.length + (chosen === -1 && step === -1 ? 1 : 0)) % shown.length);
    } else if ((event.key === 'Enter' || event.key === 'Tab') && option) take(option);
    else if (event.key === 'Enter') {
      setOpen(false);
      onChange(text.trim());
    } else if (event.key === 'Escape' && open && shown.length > 0) setOpen(false);
    else return;
    event.preventDefault();
  };
  const at = chosen >= 0 && chosen < shown.length ? `${id}-${chosen}` : undefined;
  return (
    <span className={`relative flex ${className}`}>
      <input
        ref={input}
        role="combobox"
        aria-label="Filter, in LangSmith's language"
        aria-expanded={shown.length > 0}
        aria-controls={`${id}-list`}
        aria-autocomplete="list"
        aria-activedescendant={at}
        placeholder={'and(eq(run_type, "llm"), gt(latency, "5s"))'}
        spellCheck={false}
        autoCapitalize="none"
        autoComplete="off"
        value={text}
        onChange={(event) => {
          setText(event.target.value);
          setCaret(event.target.selectionStart ?? event.target.value.length);
          setOpen(true);
          setChosen(-1);
        }}
        onSelect={(event) => setCaret(event.currentTarget.selectionStart ?? 0)}
        onFocus={() => setOpen(true)}
        onBlur={() => {
          setOpen(false);
          if (text.trim() !== value) onChange(text.trim());
        }}
        onKeyDown={onKeyDown}
        className="h-8 w-full rounded-md border border-line-strong bg-surface px-2.5 font-mono text-xs placeholder:text-ink-3"
      />
      <div
        id={`${id}-list`}
        role="listbox"
        aria-label="What may come next"
        hidden={shown.length === 0}
        className="absolute top-full left-0 z-20 mt-1 w-full min-w-64 rounded-lg border border-line-strong bg-surface p-1 shadow-[0_12px_32px_-8px_var(--shadow)]"
      >
        {shown.map((option, index) => (
          <div
            key={option.text}
            id={`${id}-${index}`}
            role="option"
            tabIndex={-1}
            aria-selected={index === chosen}
            // Before the field loses the focus, which would close the list.
            onMouseDown={(event) => {
              event.preventDefault();
              take(option);
            }}
            className="flex cursor-pointer items-baseline gap-3 rounded-md px-2.5 py-1 hover:bg-raised aria-selected:bg-raised"
          >
            <code>{option.text}</code>
            <span className="ml-auto truncate text-xs text-ink-3">{option.note}</span>
          </div>
        ))}
      </div>
    </span>
  );
}
