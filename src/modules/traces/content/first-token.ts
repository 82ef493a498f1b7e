import type { JsonText, Micros } from '../run/operation.ts';
import { objectOf, parsed } from './values.ts';

/** JavaScript's SDK sends an event a chunk: the first one matters, so the rest is not read. */
const LOOKED_THROUGH = 65_536;
const LONGEST_MS = 86_400_000;

/** When the first token came: the time of the first `new_token` event, where it lies within a day after the beginning. */
export function firstTokenTime(events: JsonText | undefined, startTime: Micros | undefined): Micros | undefined {
  if (events === undefined || !events.includes('"new_token"')) return undefined;
  for (const event of firstObjects(events)) {
    const said = objectOf(parsed(event));
    if (said?.['name'] !== 'new_token') continue;
    const at = microsOf(said['time']);
    if (at === undefined || startTime === undefined) return at;
    return at >= startTime && at - startTime <= LONGEST_MS * 1_000 ? at : undefined;
  }
  return undefined;
}

/** The objects of a JSON array one by one, without reading what follows them. */
function* firstObjects(text: string): Iterable<string> {
  let depth = 0;
  let from = 0;
  let quoted = false;
  const end = Math.min(text.length, LOOKED_THROUGH);
  for (let at = 0; at < end; at++) {
    const char = text.charCodeAt(at);
    if (quoted) {
      if (char === 0x5c) at++;
      else if (char === 0x22) quoted = false;
    } else if (char === 0x22) quoted = true;
    else if (char === 0x7b && depth++ === 0) from = at;
    else if (char === 0x7d && --depth === 0) yield text.slice(from, at + 1);
  }
}

/** ISO 8601 with up to six digits of a second, or milliseconds since 1970. A time without a zone is UTC. */
function microsOf(time: unknown): Micros | undefined {
  if (typeof time === 'number') return time > 0 && time < 9e12 ? Math.round(time * 1_000) : undefined;
  if (typeof time !== 'string' || time.length > 40) return undefined;
  const ms = Date.parse(/(?:Z|[+-]\d\d:?\d\d)$/.test(time) ? time : `${time}Z`);
  if (Number.isNaN(ms)) return undefined;
  const below = /\.\d{3}(\d{1,3})/.exec(time)?.[1] ?? '';
  return ms * 1_000 + Number(below.padEnd(3, '0'));
}
