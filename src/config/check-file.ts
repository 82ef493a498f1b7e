import type * as z from 'zod';
import type { Finding } from './finding.ts';
import { nearest } from './nearest.ts';
import { describe } from './scalars.ts';
import type { KeyPath, YamlFile } from './yaml-file.ts';

/** Parses a file by its schema; every problem becomes a finding at its line and column. */
export function checkFile<Schema extends z.ZodType>(
  file: YamlFile,
  schema: Schema,
): { readonly value: z.output<Schema> | undefined; readonly findings: readonly Finding[] } {
  if (file.findings.length > 0) return { value: undefined, findings: file.findings };
  const parsed = schema.safeParse(file.value);
  if (parsed.success) return { value: parsed.data, findings: [] };
  return { value: undefined, findings: parsed.error.issues.flatMap((issue) => findingsOf(issue, file, schema)) };
}

function findingsOf(issue: z.core.$ZodIssue, file: YamlFile, schema: z.ZodType): readonly Finding[] {
  const dotted = issue.path.map(String).join('.');
  if (issue.code === 'unrecognized_keys') {
    const valid = keysAt(schema, issue.path);
    return issue.keys.map((key) => {
      const meant = nearest(key, valid) ?? elsewhere(schema, key);
      return {
        severity: 'error',
        where: file.locate([...issue.path, key], 'key'),
        message: `unknown key "${key}"${dotted === '' ? '' : ` in ${dotted}`}`,
        remedy: `${meant === undefined ? '' : `Did you mean "${meant}"? `}Valid here: ${valid.join(', ')}.`,
      };
    });
  }
  const where = file.locate(issue.path);
  if (issue.code === 'invalid_type' && issue.expected === 'object') {
    const valid = keysAt(schema, issue.path);
    return [
      {
        severity: 'error',
        where,
        message: `${dotted === '' ? 'the file' : dotted}: expected a section, found ${describe(valueAt(file.value, issue.path))}`,
        remedy: `Write its keys on lines of their own, indented: ${valid.join(', ')}.`,
      },
    ];
  }
  const remedy: unknown = issue.code === 'custom' ? issue.params?.['remedy'] : undefined;
  return [
    {
      severity: 'error',
      where,
      message: `${dotted}: ${issue.message}`,
      remedy: typeof remedy === 'string' ? remedy : 'See docs/reference/configuration.md.',
    },
  ];
}

/** The valid keys of the section at a path. */
export function keysAt(schema: z.ZodType, path: KeyPath): readonly string[] {
  let node: unknown = schema;
  for (const step of path) node = shapeOf(node)?.[String(step)] ?? valueOf(node);
  return Object.keys(shapeOf(node) ?? {});
}

export interface Leaf {
  readonly path: readonly string[];
  readonly schema: z.ZodType;
}

/** Every key of a schema that holds a value, sections left out. */
export function leaves(schema: z.ZodType, path: readonly string[] = []): readonly Leaf[] {
  const shape = shapeOf(schema);
  if (shape === undefined) return [{ path, schema }];
  return Object.entries(shape).flatMap(([key, child]) => leaves(child, [...path, key]));
}

/** A key that would be right in another section. */
function elsewhere(schema: z.ZodType, key: string): string | undefined {
  return leaves(schema)
    .find(({ path }) => path.at(-1) === key || path.at(-2) === key)
    ?.path.join('.');
}

/** The keys and schemas of a section. */
const shapeOf = (schema: unknown): Readonly<Record<string, z.ZodType>> | undefined => core(schema)?.shape;

/** What every value of a section of free names, or every item of a list, must be. */
const valueOf = (schema: unknown): z.ZodType | undefined => core(schema)?.valueType ?? core(schema)?.element;

interface Core {
  readonly type: string;
  readonly shape?: Record<string, z.ZodType>;
  readonly valueType?: z.ZodType;
  readonly element?: z.ZodType;
  readonly out?: z.ZodType;
  readonly innerType?: z.ZodType;
}

/** The object, record or list inside the wrappers that default and preprocess it. */
function core(schema: unknown): Core | undefined {
  let node = schema as z.ZodType | undefined;
  for (let depth = 0; depth < 8 && node !== undefined; depth++) {
    const def = node._zod.def as Core;
    if (def.type === 'object' || def.type === 'record' || def.type === 'array') return def;
    node = def.type === 'pipe' ? def.out : def.innerType;
  }
  return undefined;
}

function valueAt(value: unknown, path: KeyPath): unknown {
  return path.reduce(
    (node: unknown, step) => (typeof node === 'object' && node !== null ? (node as Record<PropertyKey, unknown>)[step] : undefined),
    value,
  );
}
