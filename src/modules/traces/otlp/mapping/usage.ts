import type { Value } from '../span.ts';
import { isObject, numberOf, type Obj } from './read-value.ts';

const field = <Name extends string>(name: Name) => ({ name, field: `usage.${name}`, prefix: `usage.${name}.` });
const TOTALS = ['input_tokens', 'output_tokens', 'total_tokens', 'input_cost', 'output_cost', 'total_cost'].map(field);
const DETAILS = ['input_token_details', 'output_token_details'].map(field);

/**
 * `usage_metadata` as LangSmith has it: details are parts of the totals. Where a sender counts input without what came from the cache (as
 * Anthropic's API does), the cached exceeds the input, and is added. Undefined where nothing was said.
 */
export function usageOf(fields: ReadonlyMap<string, Value>): Obj | undefined {
  const whole = fields.get('usage');
  // Said in LangSmith's own words: it is right as it is.
  if (isObject(whole)) return whole;
  const usage: Record<string, Value> = {};
  for (const total of TOTALS) {
    const value = fields.get(total.field);
    if (value !== undefined) usage[total.name] = value;
  }
  for (const kind of DETAILS) {
    const details = detailsOf(fields, kind);
    if (details !== undefined) usage[kind.name] = details;
  }
  if (Object.keys(usage).length === 0) return undefined;
  addExclusiveCache(usage);
  const { input_tokens: input, output_tokens: output } = usage;
  if (usage['total_tokens'] === undefined && (typeof input === 'number' || typeof output === 'number'))
    usage['total_tokens'] = (numberOf(input ?? 0) ?? 0) + (numberOf(output ?? 0) ?? 0);
  return usage;
}

function detailsOf(fields: ReadonlyMap<string, Value>, kind: { readonly field: string; readonly prefix: string }): Obj | undefined {
  const whole = fields.get(kind.field);
  let details: Record<string, Value> | undefined = isObject(whole) ? { ...whole } : undefined;
  for (const name of fields.keys())
    if (name.startsWith(kind.prefix)) (details ??= {})[name.slice(kind.prefix.length)] = fields.get(name) ?? null;
  return details === undefined || Object.keys(details).length === 0 ? undefined : details;
}

function addExclusiveCache(usage: Record<string, Value>): void {
  const details = usage['input_token_details'];
  const input = usage['input_tokens'];
  if (!isObject(details) || typeof input !== 'number') return;
  const cached = (numberOf(details['cache_read'] ?? 0) ?? 0) + (numberOf(details['cache_creation'] ?? 0) ?? 0);
  if (cached <= input) return;
  usage['input_tokens'] = input + cached;
  // A total that counted the same way was too small as well.
  const { total_tokens: total, output_tokens: output } = usage;
  if (typeof total === 'number' && total === input + (typeof output === 'number' ? output : 0)) usage['total_tokens'] = total + cached;
}
