import { createHash } from 'node:crypto';
import type { NewBlob } from '../intake/run-row.ts';
import { endOfString, membersOf } from '../json/slices.ts';
import type { JsonText } from '../run/operation.ts';
import { referenceTo } from './reference.ts';

/** Shorter parts stay where they are: a reference costs 24 bytes, a blob a row. */
const SHORTEST = 200;
const LONGEST = 1_048_576;
/** What is looked at of a part to see whether it was met before; whether it is the same is then compared in full. */
const SAMPLES = 48;
const MOST_MET = 65_536;
const MOST_KNOWN_CHARS = 16 * 1_048_576;
/** Members of inputs that are the same in every call. */
const OFTEN_THE_SAME = /"(?:tools|functions|response_format|invocation_params|text_format)"/;

interface Known {
  readonly body: string;
  readonly hash: string;
  readonly reference: string;
  /** Where the blob is committed: keepDays and day in one number. */
  readonly places: Set<number>;
}

/**
 * Finds the parts of JSON texts that come again: long strings, tool definitions, runtime descriptions. The first time a part stays in its
 * run; from the second time on it is a blob of its day. Memory is bounded: two generations of what was met and what is known.
 */
export class Repeats {
  #met = new Set<number>();
  #metBefore = new Set<number>();
  #known = new Map<number, Known>();
  #knownBefore = new Map<number, Known>();
  #chars = 0;

  /** The text with references in place of what repeats; `blobs` gets those that are not yet known to be committed at that place. */
  strings(text: JsonText, place: number, blobs: NewBlob[]): JsonText {
    if (text.length < SHORTEST) return text;
    let shortened = '';
    let from = 0;
    for (let at = text.indexOf('"'); at !== -1;) {
      const end = endOfString(text, at);
      if (end - at >= SHORTEST) {
        const reference = this.#reference(text.slice(at, end), place, blobs);
        if (reference !== undefined) {
          shortened += text.slice(from, at) + reference;
          from = end;
        }
      }
      at = text.indexOf('"', end);
    }
    return from === 0 ? text : shortened + text.slice(from);
  }

  /** A field that is the same in many runs as a whole. */
  whole(text: JsonText, place: number, blobs: NewBlob[]): JsonText {
    return text.length < SHORTEST ? text : (this.#reference(text, place, blobs) ?? this.strings(text, place, blobs));
  }

  /** An object whose members are often the same as a whole: runtime, invocation parameters. */
  members(text: JsonText, place: number, blobs: NewBlob[]): JsonText {
    if (text.length < SHORTEST) return text;
    const members = membersOf(text);
    if (members === undefined) return this.strings(text, place, blobs);
    let shortened = '';
    let from = 0;
    for (const { start, end } of members) {
      if (end - start < SHORTEST) continue;
      shortened += text.slice(from, start) + this.whole(text.slice(start, end), place, blobs);
      from = end;
    }
    return from === 0 ? text : shortened + text.slice(from);
  }

  inputs(text: JsonText, place: number, blobs: NewBlob[]): JsonText {
    return text.length > SHORTEST && OFTEN_THE_SAME.test(text) ? this.members(text, place, blobs) : this.strings(text, place, blobs);
  }

  /** Blobs may be gone: none is taken to be there. */
  forget(): void {
    this.#known.clear();
    this.#knownBefore.clear();
    this.#chars = 0;
  }

  /** To be told after the commit: from then on other runs of that place only refer to them. */
  committed(blobs: readonly NewBlob[], place: number): void {
    for (const { body } of blobs) this.#find(sampled(body), body)?.places.add(place);
  }

  #reference(part: string, place: number, blobs: NewBlob[]): string | undefined {
    if (part.length > LONGEST) return undefined;
    const key = sampled(part);
    const known = this.#find(key, part) ?? (this.#wasMet(key) ? this.#learn(key, part) : undefined);
    if (known === undefined) return undefined;
    if (!known.places.has(place)) blobs.push({ hash: known.hash, body: known.body });
    return known.reference;
  }

  #find(key: number, part: string): Known | undefined {
    const young = this.#known.get(key);
    if (young !== undefined) return young.body === part ? young : undefined;
    const old = this.#knownBefore.get(key);
    if (old?.body !== part) return undefined;
    this.#keep(key, old);
    return old;
  }

  #wasMet(key: number): boolean {
    if (this.#met.has(key) || this.#metBefore.has(key)) return true;
    this.#met.add(key);
    if (this.#met.size >= MOST_MET) {
      this.#metBefore = this.#met;
      this.#met = new Set();
    }
    return false;
  }

  #learn(key: number, part: string): Known {
    // A copy of its own: a slice would hold the whole request in memory.
    const body = Buffer.from(part, 'utf8').toString('utf8');
    const hash = createHash('sha256').update(body, 'utf8').digest().subarray(0, 16).toString('base64url');
    const known = { body, hash, reference: referenceTo(hash), places: new Set<number>() };
    this.#keep(key, known);
    return known;
  }

  #keep(key: number, known: Known): void {
    this.#known.set(key, known);
    this.#chars += known.body.length;
    if (this.#chars < MOST_KNOWN_CHARS) return;
    this.#knownBefore = this.#known;
    this.#known = new Map();
    this.#chars = 0;
  }
}

/** A number for a text, from its length and characters spread over it: 0.1 µs whatever its length. */
function sampled(text: string): number {
  const step = Math.max(1, text.length / SAMPLES);
  let high = text.length | 0;
  let low = 0x811c9dc5;
  for (let at = 0; at < text.length; at += step) {
    const code = text.charCodeAt(at | 0);
    low = Math.imul(low ^ code, 0x01000193);
    high = Math.imul(high ^ code, 0x85ebca6b) ^ (high >>> 13);
  }
  return (high & 0x1fffff) * 4_294_967_296 + (low >>> 0);
}
