import type { FastifyRequest } from 'fastify';
import { MusterError } from '../../../base/errors.ts';
import { isTooDeep, MOST_LEVELS } from '../json/depth.ts';
import { uuidOf } from '../run/uuid.ts';

/** Reading of queries and bodies that clients of LangSmith send: what is unknown is let be, what is wrong says which it is. */
export class QueryValues {
  readonly #query: Readonly<Record<string, unknown>>;

  constructor(request: FastifyRequest) {
    this.#query = request.query as Record<string, unknown>;
  }

  text(name: string): string | undefined {
    const value = this.list(name)?.[0];
    return value === '' ? undefined : value;
  }

  list(name: string): readonly string[] | undefined {
    const value = this.#query[name];
    if (value === undefined) return undefined;
    return [value].flat().filter((item) => typeof item === 'string');
  }

  ids(name: string): readonly string[] | undefined {
    return this.list(name)?.map((id) => idOf(id, name));
  }

  whole(name: string, otherwise: number, most: number): number {
    const text = this.text(name);
    if (text === undefined) return otherwise;
    if (!/^\d{1,9}$/.test(text)) throw wrong(name, 'is a whole number');
    return Math.min(Number(text), most);
  }

  time(name: string): Date | undefined {
    const text = this.text(name);
    return text === undefined ? undefined : timeOf(text, name);
  }

  object(name: string): Readonly<Record<string, unknown>> | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const value = jsonIn(text, name);
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw wrong(name, 'is a JSON object');
    return value as Record<string, unknown>;
  }
}

export function idOf(text: unknown, name: string): string {
  const id = uuidOf(text);
  if (id === undefined) throw wrong(name, 'is a UUID');
  return id;
}

export function timeOf(text: string, name: string): Date {
  // Clients write microseconds and offsets in several ways; what has no zone is UTC, as they mean it.
  const at = new Date(/(?:Z|[+-]\d{2}:?\d{2})$/i.test(text) ? text.replace(' ', '+') : `${text}Z`);
  if (Number.isNaN(at.getTime())) throw wrong(name, 'is a time as in ISO 8601');
  return at;
}

function jsonIn(text: string, name: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw wrong(name, 'is JSON');
  }
}

export const wrong = (name: string, what: string): MusterError => new MusterError('INVALID_INPUT', `${name} ${what}`);

/** A body of JSON that can be read, and written again. */
export function jsonBody(body: Buffer): unknown {
  const text = body.toString('utf8');
  const value = jsonIn(text, 'the body');
  if (isTooDeep(text)) throw wrong('the body', `is nested deeper than ${MOST_LEVELS} levels`);
  return value;
}

/** A body of JSON that is an object. */
export function objectIn(body: Buffer): Readonly<Record<string, unknown>> {
  const value = jsonBody(body);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw wrong('the body', 'is a JSON object');
  return value as Record<string, unknown>;
}
