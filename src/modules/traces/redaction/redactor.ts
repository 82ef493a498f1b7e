import { createHmac } from 'node:crypto';
import type { JsonText } from '../run/operation.ts';
import { withoutMembers } from './members.ts';
import { findPattern, parsePattern, type Pattern } from './pattern.ts';
import { Scan, sightsFor, type Finding } from './scan.ts';
import { REDACTION_KINDS, type RedactionKind, type RedactionSettings } from './settings.ts';

/** The parts of a run that hold JSON. */
export type RedactedField = 'inputs' | 'outputs' | 'error' | 'extra' | 'events' | 'serialized' | 'rest' | 'feedback';

export interface Redactor {
  /** Valid JSON in, valid JSON out; the very same string where nothing was found. */
  json(text: JsonText, field: RedactedField): JsonText;
  /** For what is no JSON: names, tags, comments. */
  text(text: string): string;
  /** What was redacted since this was asked last, by kind; `environment` counts members dropped. */
  takeCounts(): Readonly<Record<string, number>>;
}

export interface RedactorOptions {
  /** Makes pseudonyms: whoever has it can tell whether a value he guesses is the one behind a mark. Without it, marks tell the kind alone. */
  readonly pseudonymKey?: Buffer | undefined;
}

const ENVIRONMENT = ['LANGSMITH_', 'LANGCHAIN_'] as const;

export function createRedactor(settings: RedactionSettings, { pseudonymKey }: RedactorOptions = {}): Redactor {
  const wanted = {
    secret: settings.secrets,
    email: settings.email,
    phone: settings.phone,
    iban: settings.iban,
    card: settings.card,
  };
  const sights = sightsFor(wanted);
  const scans = REDACTION_KINDS.some((kind) => wanted[kind]);
  const customs = settings.custom.map(({ name, pattern, ignore_case }) => ({ name, pattern: compiled(pattern, ignore_case) }));
  const pseudonyms = new Set<RedactionKind>(pseudonymKey === undefined ? [] : settings.pseudonyms);
  let counts: Record<string, number> = {};
  const count = (kind: string, times = 1): void => void (counts[kind] = (counts[kind] ?? 0) + times);

  const markOf = (text: string, { kind, start, end, quote }: Finding): string => {
    count(kind);
    const suffix = pseudonymKey !== undefined && pseudonyms.has(kind) ? `:${pseudonymOf(pseudonymKey, kind, text.slice(start, end))}` : '';
    return `${quote}[redacted:${kind}${suffix}]${quote}`;
  };

  const builtIn = (text: string): string => {
    const scan = new Scan(text, wanted, sights);
    if (!scan.escaped) return replaced(text, scan.findings, markOf);
    // What was written with escapes is read again without them.
    const plain = withoutEscapes(text);
    const { findings } = new Scan(plain, wanted, sights);
    return findings.length === 0 ? text : replaced(plain, findings, markOf);
  };

  const custom = (text: string): string => {
    let result = text;
    for (const { name, pattern } of customs) result = eachString(result, (content) => replacePattern(content, pattern, name, count));
    return result;
  };

  const json = (text: string, field: RedactedField | undefined): string => {
    let result = text;
    if (settings.environment && field === 'extra' && ENVIRONMENT.some((prefix) => text.includes(prefix))) {
      const { text: without, dropped } = withoutMembers(text, ENVIRONMENT);
      if (dropped > 0) count('environment', dropped);
      result = without;
    }
    if (scans) result = builtIn(result);
    return customs.length === 0 ? result : custom(result);
  };

  return {
    json,
    text(text) {
      const written = JSON.stringify(text);
      const result = json(written, undefined);
      return result === written ? text : (JSON.parse(result) as string);
    },
    takeCounts() {
      const taken = counts;
      counts = {};
      return taken;
    },
  };
}

/** The same for the same value however it is written: lower case, without the spaces and dashes of numbers. */
export function pseudonymOf(key: Buffer, kind: RedactionKind, value: string): string {
  const plain =
    kind === 'email'
      ? value.replace('%40', '@').toLowerCase()
      : kind === 'secret'
        ? value
        : value.replace(/[^A-Za-z0-9]/g, '').toUpperCase();
  return createHmac('sha256', key).update(`${kind}\0${plain}`).digest('hex').slice(0, 12);
}

function replaced(text: string, findings: readonly Finding[], markOf: (text: string, finding: Finding) => string): string {
  if (findings.length === 0) return text;
  let result = '';
  let from = 0;
  for (const finding of findings) {
    result += text.slice(from, finding.start) + markOf(text, finding);
    from = finding.end;
  }
  return result + text.slice(from);
}

/** Escapes of printable ASCII, and of slashes, as what they mean: one level of them, at the depth of any string within a string. */
function withoutEscapes(text: string): string {
  return text.replace(/(\\+)(?:u(00[2-7][0-9a-fA-F])|\/)/g, (whole, backslashes: string, hex: string | undefined) => {
    const depth = Math.log2(backslashes.length);
    const character = hex === undefined ? '/' : String.fromCharCode(Number.parseInt(hex, 16));
    if (character === '"' || character === '\\') return whole;
    if (Number.isInteger(depth)) return character;
    return backslashes.length % 2 === 1 ? backslashes.slice(1) + character : whole;
  });
}

/** A JSON text with what each of its strings says put through `change`. */
function eachString(text: string, change: (content: string) => string): string {
  let result = '';
  let from = 0;
  for (let start = text.indexOf('"'); start >= 0; start = text.indexOf('"', from)) {
    let end = start + 1;
    let plain = true;
    for (; end < text.length && text.charCodeAt(end) !== 34; end++) {
      if (text.charCodeAt(end) !== 92) continue;
      plain = false;
      end += 1;
    }
    const literal = text.slice(start, end + 1);
    const content = plain ? literal.slice(1, -1) : parsed(literal);
    const changed = content === undefined ? content : change(content);
    result += text.slice(from, start) + (changed === undefined || changed === content ? literal : JSON.stringify(changed));
    from = end + 1;
  }
  return from === 0 ? text : result + text.slice(from);
}

function parsed(literal: string): string | undefined {
  try {
    return JSON.parse(literal) as string;
  } catch {
    return undefined; // Only a text that is no JSON has such: it stays as it is.
  }
}

function replacePattern(content: string, pattern: Pattern, name: string, count: (kind: string, times: number) => void): string {
  const found = findPattern(pattern, content);
  if (found.length === 0) return content;
  count(name, found.length);
  let result = '';
  let from = 0;
  for (const { start, end } of found) {
    result += `${content.slice(from, start)}[redacted:${name}]`;
    from = end;
  }
  return result + content.slice(from);
}

function compiled(source: string, ignoreCase: boolean): Pattern {
  const pattern = parsePattern(source, ignoreCase);
  if ('problem' in pattern) throw new Error(`a pattern that was checked when it was set cannot be read: ${pattern.problem}`);
  return pattern;
}
