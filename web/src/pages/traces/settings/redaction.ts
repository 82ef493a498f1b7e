/** What is redacted before anything is stored. */
export interface Redaction {
  readonly secrets: boolean;
  readonly environment: boolean;
  readonly email: boolean;
  readonly phone: boolean;
  readonly iban: boolean;
  readonly card: boolean;
  /** Files: texts are redacted like everything else where they are kept. */
  readonly attachments: 'keep' | 'drop';
  readonly custom: readonly CustomPattern[];
  /** Kinds whose mark carries a pseudonym. */
  readonly pseudonyms: readonly string[];
}

export interface CustomPattern {
  readonly name: string;
  readonly pattern: string;
  readonly ignore_case: boolean;
}

export type Switch = Exclude<keyof Redaction, 'attachments' | 'custom' | 'pseudonyms'>;

/** What can be switched off, in words, and under which name its mark may carry a pseudonym. */
export const kinds: readonly { readonly key: Switch; readonly label: string; readonly pseudonym?: string }[] = [
  { key: 'secrets', label: 'Secrets: keys, tokens, passwords', pseudonym: 'secret' },
  { key: 'email', label: 'E-mail addresses', pseudonym: 'email' },
  { key: 'phone', label: 'Phone numbers', pseudonym: 'phone' },
  { key: 'iban', label: 'IBANs', pseudonym: 'iban' },
  { key: 'card', label: 'Numbers of cards', pseudonym: 'card' },
  { key: 'environment', label: 'LANGSMITH_* and LANGCHAIN_*, which SDKs copy from the environment' },
];

export const mostPatterns = 20;

export const withSwitch = (redaction: Redaction, key: Switch, on: boolean): Redaction => ({ ...redaction, [key]: on });

export const withPseudonym = (redaction: Redaction, kind: string, on: boolean): Redaction => ({
  ...redaction,
  pseudonyms: on ? [...redaction.pseudonyms.filter((each) => each !== kind), kind] : redaction.pseudonyms.filter((each) => each !== kind),
});

export const withPattern = (redaction: Redaction, at: number, change: Partial<CustomPattern>): Redaction => ({
  ...redaction,
  custom: redaction.custom.map((each, index) => (index === at ? { ...each, ...change } : each)),
});

export const withoutPattern = (redaction: Redaction, at: number): Redaction => ({
  ...redaction,
  custom: redaction.custom.filter((_, index) => index !== at),
});

export const withNewPattern = (redaction: Redaction): Redaction => ({
  ...redaction,
  custom: [...redaction.custom, { name: '', pattern: '', ignore_case: false }],
});

/** In a line: what goes, and what was switched off, which is what somebody must not overlook. */
export function redactionWords(redaction: Redaction): { readonly on: string; readonly off: string } {
  const names = {
    secrets: 'secrets',
    email: 'e-mail',
    phone: 'phone',
    iban: 'IBAN',
    card: 'cards',
    environment: 'the environment of SDKs',
  };
  const of = (wanted: boolean): readonly string[] => kinds.filter(({ key }) => redaction[key] === wanted).map(({ key }) => names[key]);
  const files = redaction.attachments === 'drop' ? ['attachments as a whole'] : [];
  return { on: [...of(true), ...redaction.custom.map(({ name }) => name), ...files].join(', '), off: of(false).join(', ') };
}
