import { deserialize, serialize } from 'node:v8';
import { boundedMessage } from '../../agent/run-ledger.ts';
import { storable } from '../../agent/storable.ts';
import { ERRORS, MusterError, type ErrorCode } from '../../base/errors.ts';

/** What one value may come to on its way: what an agent asks, and what it is answered. */
export const MOST_ASKED_BYTES = 8 * 1_048_576;
export const MOST_ANSWERED_BYTES = 32 * 1_048_576;
const MOST_STACK = 4_000;
const MOST_FACTS = 8_192;

/** A value as it crosses. Packed by the sender, so that its size is known before it is sent. */
export type Packed = Uint8Array;

/** Throws INVALID_INPUT for what cannot cross (functions, promises, class internals), TOO_LARGE beyond `most` bytes. */
export function pack(value: unknown, most: number, what: string): Packed {
  let packed: Buffer;
  try {
    packed = serialize(value);
  } catch (error) {
    throw new MusterError('INVALID_INPUT', `${what} cannot leave the agent's own thread or process: ${boundedMessage(error)}`, {
      remedy: 'Pass plain values: text, numbers, dates, buffers, lists and objects of them.',
    });
  }
  if (packed.byteLength <= most) return packed;
  throw new MusterError('TOO_LARGE', `${what} is ${packed.byteLength} bytes; ${most} may cross at once`, {
    remedy: 'Ask for less at once, or page through it; an agent that needs more runs without isolation.',
  });
}

export const unpack = (packed: Packed): unknown => deserialize(packed) as unknown;

/** An error as it crosses: bounded, and an error again on the other side, with its code and remedy. */
export interface CrossedError {
  readonly name: string;
  readonly message: string;
  readonly code?: string;
  readonly remedy?: string;
  readonly stack?: string;
  /** What PostgreSQL told of a fault: agents decide by it. */
  readonly detail?: Readonly<Record<string, string>>;
  /** `data` of a MusterError, as JSON. */
  readonly facts?: string;
}

const DETAILS = ['detail', 'hint', 'schema', 'table', 'column', 'constraint', 'dataType'] as const;

/** Whatever was thrown, and whatever it does when it is looked at. */
export function crossError(thrown: unknown): CrossedError {
  try {
    const { name, code, stack, remedy, data } = (typeof thrown === 'object' && thrown !== null ? thrown : {}) as Record<string, unknown>;
    const detail = detailsOf(thrown);
    const facts = data === undefined ? undefined : factsOf(data);
    return {
      name: typeof name === 'string' ? storable(name, 100) : 'Error',
      message: boundedMessage(thrown),
      ...(typeof code === 'string' && { code: code.slice(0, 100) }),
      ...(typeof remedy === 'string' && { remedy: storable(remedy, 2_000) }),
      ...(typeof stack === 'string' && { stack: stack.slice(0, MOST_STACK) }),
      ...(detail !== undefined && { detail }),
      ...(facts !== undefined && { facts }),
    };
  } catch {
    return { name: 'Error', message: 'an error that cannot be described' };
  }
}

function detailsOf(thrown: unknown): Record<string, string> | undefined {
  if (typeof thrown !== 'object' || thrown === null) return undefined;
  const given = thrown as Readonly<Record<string, unknown>>;
  const found = DETAILS.flatMap((key) => (typeof given[key] === 'string' ? [[key, given[key].slice(0, 1_000)] as const] : []));
  return found.length === 0 ? undefined : Object.fromEntries(found);
}

function factsOf(data: unknown): string | undefined {
  const json = JSON.stringify(data) as string | undefined;
  return json !== undefined && json.length <= MOST_FACTS ? json : undefined;
}

/** A MusterError where it was one, else an Error that looks as it did. */
export function revive(crossed: CrossedError): Error {
  const { code, message, remedy, facts, name, stack, detail } = crossed;
  if (code !== undefined && isCode(code) && remedy !== undefined)
    return new MusterError(code, message, {
      remedy,
      data: facts === undefined ? undefined : (JSON.parse(facts) as Record<string, unknown>),
    });
  const error = Object.assign(new Error(message), { name, ...(code !== undefined && { code }), ...detail });
  if (stack !== undefined) error.stack = stack;
  return error;
}

const isCode = (code: string): code is ErrorCode => Object.hasOwn(ERRORS, code);
