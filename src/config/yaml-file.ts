import { readFileSync, statSync } from 'node:fs';
import { LineCounter, isMap, isPair, isScalar, isSeq, parseDocument, visit, type Document, type Node } from 'yaml';
import { messageOf } from '../base/errors.ts';
import type { Finding } from './finding.ts';
import { interpolate } from './interpolate.ts';

/** A configuration file is written by hand: whatever is larger is a mistake, or an attack. */
const MAX_BYTES = 256 * 1024;
const MAX_ALIASES = 100;

export type KeyPath = readonly PropertyKey[];

export interface YamlFile {
  /** As messages name it: relative to the working folder. */
  readonly name: string;
  /** Plain values; null where the file is empty. */
  readonly value: unknown;
  /** `name:line:column` of a key, or of its value; of the nearest thing above it that exists. */
  locate(path: KeyPath, part?: 'key' | 'value'): string;
  readonly findings: readonly Finding[];
}

/** Reads and parses one file and replaces its `${…}`. Undefined where there is no such file. Never throws. */
export function readYamlFile(path: string, name: string, environment: Readonly<Record<string, string | undefined>>): YamlFile | undefined {
  let text: string;
  try {
    const stat = statSync(path);
    if (!stat.isFile()) return broken(name, 'is not a file', 'Put a file there, or remove it: every setting has a default.');
    if (stat.size > MAX_BYTES)
      return broken(name, `is larger than ${MAX_BYTES / 1024} KiB`, 'A configuration is a few kilobytes: check that it is the right file.');
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    return broken(name, `cannot be read: ${messageOf(error)}`, 'Make it readable for the user that runs Muster.');
  }
  return parseYaml(text, name, environment);
}

/** The same, for a text at hand. */
export function parseYaml(text: string, name: string, environment: Readonly<Record<string, string | undefined>>): YamlFile {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: true, strict: true });
  const at = (offset: number): string => {
    const { line, col } = lines.linePos(offset);
    return `${name}:${Math.max(line, 1)}:${Math.max(col, 1)}`;
  };
  const findings: Finding[] = document.errors.map((error) => ({
    severity: 'error',
    where: at(error.pos[0]),
    message: `not valid YAML: ${error.message}`,
    remedy: 'Mend the line; indent with spaces, and quote a text that holds ": " or "#".',
  }));
  let value: unknown = null;
  if (findings.length === 0) {
    replaceReferences(document, environment, (offset, failure) => findings.push({ severity: 'error', where: at(offset), ...failure }));
    try {
      value = document.toJS({ maxAliasCount: MAX_ALIASES });
    } catch (error) {
      findings.push({
        severity: 'error',
        where: at(0),
        message: `not valid YAML: ${messageOf(error)}`,
        remedy: 'Write the values out instead of aliasing them.',
      });
    }
  }
  return { name, value, findings, locate: (path, part = 'value') => at(offsetOf(document, path, part)) };
}

function replaceReferences(
  document: Document,
  environment: Readonly<Record<string, string | undefined>>,
  report: (offset: number, failure: { message: string; remedy: string }) => void,
): void {
  visit(document, {
    Scalar(key, node) {
      if (key === 'key' || typeof node.value !== 'string' || !node.value.includes('${')) return;
      const outcome = interpolate(node.value, environment);
      if ('failure' in outcome) report(node.range?.[0] ?? 0, outcome.failure);
      else node.value = outcome.value;
    },
  });
}

function offsetOf(document: Document, path: KeyPath, part: 'key' | 'value'): number {
  let node: unknown = document.contents;
  let offset = startOf(node);
  for (const [depth, step] of path.entries()) {
    if (isMap(node)) {
      const pair = node.items.find((item) => isPair(item) && isScalar(item.key) && String(item.key.value) === String(step));
      if (pair === undefined) return offset;
      const wantsKey = part === 'key' && depth === path.length - 1;
      offset = wantsKey || pair.value === null || startOf(pair.value) === 0 ? startOf(pair.key) : startOf(pair.value);
      node = pair.value;
    } else if (isSeq(node)) {
      node = node.items[Number(step)];
      if (node === undefined) return offset;
      offset = startOf(node);
    } else return offset;
  }
  return offset;
}

const startOf = (node: unknown): number => (node as Node | null | undefined)?.range?.[0] ?? 0;

function broken(name: string, message: string, remedy: string): YamlFile {
  return { name, value: null, findings: [{ severity: 'error', where: name, message, remedy }], locate: () => name };
}
