import { isUtf8 } from 'node:buffer';
import { MusterError } from '../../../base/errors.ts';
import { FACES, type Face } from './face.ts';
import { outlineOf, withMembers, type Outline } from './members.ts';

/** A request as the client made it. */
export interface Asked {
  readonly face: Face;
  readonly text: string;
  readonly outline: Outline;
  readonly body: Readonly<Record<string, unknown>>;
  readonly model: string;
  readonly streams: boolean;
  /** The client asked for the usage of the stream itself. */
  readonly wantsUsage: boolean;
}

/** Schemas of tools nest; nothing that means anything nests deeper. */
const MOST_DEPTH = 256;

/** Throws MALFORMED or INVALID_INPUT. What it does not know it leaves to the provider. */
export function readAsked(face: Face, bytes: Buffer | undefined): Asked {
  if (bytes === undefined || bytes.length === 0) throw new MusterError('MALFORMED', 'the body is empty');
  if (!isUtf8(bytes)) throw new MusterError('MALFORMED', 'the body is not valid UTF-8');
  const text = bytes.toString('utf8');
  const outline = outlineOf(text);
  if (outline.depth > MOST_DEPTH)
    throw new MusterError('INVALID_INPUT', `the body is nested deeper than ${MOST_DEPTH} levels`, {
      remedy: 'Send what is nested so deeply as text, or in another shape.',
    });
  const body = parse(text);
  const { model, stream, stream_options: options } = body;
  if (typeof model !== 'string' || model === '' || model.length > 200)
    throw new MusterError('INVALID_INPUT', 'the request names no model', {
      remedy: 'Send model, as GET /openai/v1/models lists them.',
      data: { param: 'model' },
    });
  if (stream !== undefined && stream !== null && typeof stream !== 'boolean')
    throw new MusterError('INVALID_INPUT', 'stream is neither true nor false', {
      remedy: 'Send true for a stream; leave it out for a whole answer.',
      data: { param: 'stream' },
    });
  return { face, text, outline, body, model, streams: stream === true, wantsUsage: isObject(options) && options['include_usage'] === true };
}

/** What a provider is sent: the client's own text, but for its name of the model and the wish for the usage of a stream. */
export function sentText(
  { face, model, outline, body, streams, text, wantsUsage }: Asked,
  to: { readonly model: string; readonly asksUsage: boolean },
): string {
  const changes: Record<string, string> = {};
  if (to.model !== model) changes['model'] = JSON.stringify(to.model);
  if (streams && !wantsUsage && FACES[face].asksUsage && to.asksUsage) {
    const options = body['stream_options'];
    changes['stream_options'] = JSON.stringify({ ...(isObject(options) ? options : {}), include_usage: true });
  }
  return Object.keys(changes).length === 0 ? text : withMembers(text, outline, changes);
}

function parse(text: string): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new MusterError('MALFORMED', 'the body is not JSON', { cause });
  }
  if (isObject(value)) return value;
  throw new MusterError('MALFORMED', 'the body is no JSON object');
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
