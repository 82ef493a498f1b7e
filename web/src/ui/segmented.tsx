import { type ReactNode, useId } from 'react';

export interface Option<Value extends string> {
  readonly value: Value;
  readonly label: string;
  /** For ears, where the label is terse. */
  readonly spoken?: string;
}

/** One of a few: radio buttons in a row, so that arrow keys work as everywhere. */
export function Segmented<Value extends string>({
  legend,
  options,
  value,
  onChange,
}: {
  readonly legend: string;
  readonly options: readonly Option<Value>[];
  readonly value: Value;
  readonly onChange: (value: Value) => void;
}): ReactNode {
  const name = useId();
  return (
    <fieldset className="inline-flex h-8 items-stretch rounded-md border border-line-strong bg-surface p-0.5">
      <legend className="sr-only">{legend}</legend>
      {options.map((option) => (
        <label
          key={option.value}
          className="relative flex cursor-pointer items-center rounded-sm px-2.5 text-xs font-medium text-ink-2 hover:text-ink has-checked:bg-raised has-checked:text-ink has-focus-visible:outline-2 has-focus-visible:outline-accent"
        >
          <input
            type="radio"
            name={name}
            className="absolute inset-0 cursor-pointer appearance-none opacity-0"
            checked={option.value === value}
            onChange={() => onChange(option.value)}
            {...(option.spoken === undefined ? {} : { 'aria-label': option.spoken })}
          />
          {option.label}
        </label>
      ))}
    </fieldset>
  );
}
