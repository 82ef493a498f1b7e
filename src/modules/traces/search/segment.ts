import { Breather } from '../../../base/breather.ts';
import { ByteReader, ByteWriter } from '../../../state/metrics/codec/bytes.ts';
import type { Micros } from '../run/operation.ts';
import { isFieldWord } from './field-words.ts';

/** A run as a segment knows it. */
export interface IndexedRun {
  /** A UUID in lower case. */
  readonly runId: string;
  readonly startTime: Micros;
  readonly projectNo: number;
}

export interface Document extends IndexedRun {
  /** Words of its text, and of its fields: field-words.ts. */
  readonly words: ReadonlySet<string>;
}

/** What is stored of a segment; see migrations/000070_search.sql and 000071_search_fields.sql. */
export interface StoredSegment {
  readonly count: number;
  readonly newest: Micros;
  readonly oldest: Micros;
  readonly runs: Buffer;
  /** Null: of a time when fields were not indexed. */
  readonly fields: string | null;
  readonly words: string;
  readonly firsts: Buffer;
  readonly blocks: readonly Buffer[];
}

export const RUN_BYTES = 28;
/** Large enough that a row's own bytes do not count, small enough that reading one word's postings costs one page. */
const BLOCK_BYTES = 4_000;
/** Merged between two looks at the clock. */
const WORDS_AT_ONCE = 64;
const RUNS_AT_ONCE = 1_000;

/** Packs documents into a segment: newest first, so that a reader who wants the newest may stop early. */
export async function packSegment(documents: readonly Document[]): Promise<StoredSegment> {
  const ordered = documents.toSorted(newestFirst);
  const places = new Map<string, number[]>();
  const breather = new Breather();
  for (const [place, { words }] of ordered.entries()) {
    for (const word of words) {
      const list = places.get(word);
      if (list === undefined) places.set(word, [place]);
      else list.push(place);
    }
    await breather.breathe();
  }
  const packing = new Packing(true);
  for (const [index, word] of [...places.keys()].toSorted().entries()) {
    packing.add(word, places.get(word) ?? []);
    if (index % WORDS_AT_ONCE === 0) await breather.breathe();
  }
  return packing.done(ordered);
}

/**
 * One segment of several. A run that stands in more than one keeps the words of all: which of them is the latest the order of segments does not tell,
 * because a merged one is young and its runs may be old. So the index leads to too many runs, never to too few. Of segments of both kinds, with fields and without,
 * the fields are lost.
 */
export async function mergeSegments(segments: readonly StoredSegment[]): Promise<StoredSegment> {
  const breather = new Breather();
  const lists: (readonly IndexedRun[])[] = [];
  for (const { runs } of segments) lists.push(await readRuns(runs, breather));
  const latest = new Map<string, IndexedRun>();
  for (const runs of lists) await each(runs, breather, (run) => latest.set(run.runId, run));
  const ordered = await inOrder(lists, latest, breather);
  const placeOf = new Map<string, number>();
  await each(ordered, breather, ({ runId }, place) => placeOf.set(runId, place));
  const sources: Source[] = [];
  for (const [index, stored] of segments.entries()) sources.push(new Source(stored, await moved(lists[index] ?? [], placeOf, breather)));
  return mergeSources(
    sources,
    ordered,
    segments.every(({ fields }) => fields !== null),
  );
}

/** The segment without some runs, and without words that stood in these alone. Undefined where nothing is left. */
export async function withoutRuns(stored: StoredSegment, isGone: (run: IndexedRun) => boolean): Promise<StoredSegment | undefined> {
  const breather = new Breather();
  const runs = await readRuns(stored.runs, breather);
  const kept: IndexedRun[] = [];
  const placeOf = new Map<string, number>();
  await each(runs, breather, (run) => {
    if (!isGone(run)) placeOf.set(run.runId, kept.push(run) - 1);
  });
  if (kept.length === 0) return undefined;
  return mergeSources([new Source(stored, await moved(runs, placeOf, breather))], kept, stored.fields !== null);
}

/** A segment may hold a hundred thousand runs: others are let through between them. */
async function each<Item>(items: readonly Item[], breather: Breather, work: (item: Item, index: number) => unknown): Promise<void> {
  for (const [index, item] of items.entries()) {
    work(item, index);
    if (index % RUNS_AT_ONCE === RUNS_AT_ONCE - 1) await breather.breathe();
  }
}

/** All runs of a segment, in their order. */
export async function readRuns(stored: Buffer, breather: Breather = new Breather()): Promise<readonly IndexedRun[]> {
  const runs: IndexedRun[] = [];
  for (let place = 0; place < stored.length / RUN_BYTES; place += 1) {
    runs.push(readRun(stored, place));
    if (place % RUNS_AT_ONCE === RUNS_AT_ONCE - 1) await breather.breathe();
  }
  return runs;
}

/** The runs of lists that are in order, in order: of each run the one that is its latest. */
async function inOrder(
  lists: readonly (readonly IndexedRun[])[],
  latest: ReadonlyMap<string, IndexedRun>,
  breather: Breather,
): Promise<readonly IndexedRun[]> {
  const ordered: IndexedRun[] = [];
  const at = lists.map(() => 0);
  for (let taken = 1; ; taken += 1) {
    let first: IndexedRun | undefined;
    let from = -1;
    for (const [index, runs] of lists.entries()) {
      const run = runs[at[index] ?? 0];
      if (run !== undefined && (first === undefined || newestFirst(run, first) < 0)) [first, from] = [run, index];
    }
    if (first === undefined) return ordered;
    at[from] = (at[from] ?? 0) + 1;
    if (latest.get(first.runId) === first) ordered.push(first);
    if (taken % RUNS_AT_ONCE === 0) await breather.breathe();
  }
}

/** By place in a segment: the new one, or -1 where the run is not in the new segment. */
async function moved(runs: readonly IndexedRun[], placeOf: ReadonlyMap<string, number>, breather: Breather): Promise<Int32Array> {
  const places = new Int32Array(runs.length);
  await each(runs, breather, ({ runId }, place) => (places[place] = placeOf.get(runId) ?? -1));
  return places;
}

/** The words of one segment, one after the other, with where their runs stand in another. */
class Source {
  readonly #words: readonly string[];
  readonly #blocks: readonly Buffer[];
  readonly #moved: Int32Array;
  #reader: ByteReader;
  #block = 0;
  #at = 0;

  constructor({ fields, words, blocks }: StoredSegment, places: Int32Array) {
    this.#words = [...linesOf(fields ?? ''), ...linesOf(words)];
    this.#blocks = blocks;
    this.#moved = places;
    this.#reader = new ByteReader(blocks[0] ?? Buffer.alloc(0));
  }

  /** Undefined at the end. */
  get word(): string | undefined {
    return this.#words[this.#at];
  }

  /** Adds the places of the current word, and goes on to the next. */
  take(into: number[]): void {
    if (this.#reader.atEnd) this.#reader = new ByteReader(this.#blocks[++this.#block] ?? Buffer.alloc(0));
    for (const place of readPlaces(this.#reader)) {
      const moved = this.#moved[place] ?? -1;
      if (moved >= 0) into.push(moved);
    }
    this.#at += 1;
  }
}

async function mergeSources(sources: readonly Source[], ordered: readonly IndexedRun[], hasFields: boolean): Promise<StoredSegment> {
  const packing = new Packing(hasFields);
  const breather = new Breather();
  for (let word = 1; ; word += 1) {
    if (word % WORDS_AT_ONCE === 0) await breather.breathe();
    let first: string | undefined;
    for (const { word } of sources) if (word !== undefined && (first === undefined || word < first)) first = word;
    if (first === undefined) return packing.done(ordered);
    const places: number[] = [];
    // Later segments hold newer runs, whose places come first: then nothing is left to sort.
    for (let index = sources.length - 1; index >= 0; index -= 1) if (sources[index]?.word === first) sources[index]?.take(places);
    if (places.length > 0 && (hasFields || !isFieldWord(first))) packing.add(first, ascending(places));
  }
}

/** Each once, in order. */
function ascending(places: number[]): readonly number[] {
  for (let index = 1; index < places.length; index += 1) {
    if ((places[index - 1] ?? 0) >= (places[index] ?? 0)) return [...new Set(places)].toSorted((a, b) => a - b);
  }
  return places;
}

/** Takes words in their order, and lays their places down in blocks. */
class Packing {
  readonly #hasFields: boolean;
  readonly #fields: string[] = [];
  readonly #words: string[] = [];
  readonly #blocks: Buffer[] = [];
  readonly #firsts: number[] = [];
  #block = new ByteWriter(BLOCK_BYTES * 2);

  constructor(hasFields: boolean) {
    this.#hasFields = hasFields;
  }

  add(word: string, places: readonly number[]): void {
    if (this.#block.length === 0) this.#firsts.push(this.#fields.length + this.#words.length);
    (isFieldWord(word) ? this.#fields : this.#words).push(word);
    writePlaces(this.#block, places);
    if (this.#block.length >= BLOCK_BYTES) this.#close();
  }

  done(ordered: readonly IndexedRun[]): StoredSegment {
    if (this.#block.length > 0) this.#close();
    const firsts = Buffer.alloc(this.#firsts.length * 4);
    this.#firsts.forEach((first, index) => firsts.writeUInt32BE(first, index * 4));
    return {
      count: ordered.length,
      newest: ordered[0]?.startTime ?? 0,
      oldest: ordered.at(-1)?.startTime ?? 0,
      runs: writeRuns(ordered),
      fields: this.#hasFields ? this.#fields.join('\n') : null,
      words: this.#words.join('\n'),
      firsts,
      blocks: this.#blocks,
    };
  }

  #close(): void {
    this.#blocks.push(Buffer.from(this.#block.result()));
    this.#block = new ByteWriter(BLOCK_BYTES * 2);
  }
}

/** The larger time first; of equal times the larger id: the order of lists. */
export const newestFirst = (a: IndexedRun, b: IndexedRun): number =>
  b.startTime - a.startTime || (a.runId < b.runId ? 1 : a.runId > b.runId ? -1 : 0);

export const linesOf = (words: string): readonly string[] => (words === '' ? [] : words.split('\n'));

function writePlaces(out: ByteWriter, places: readonly number[]): void {
  out.unsigned(places.length);
  let before = -1;
  for (const place of places) {
    out.unsigned(place - before - 1);
    before = place;
  }
}

/** One word's places, ascending. Throws RangeError where the bytes are not what they should be. */
export function readPlaces(input: ByteReader): number[] {
  const count = input.unsigned();
  const places: number[] = [];
  let before = -1;
  for (let index = 0; index < count; index += 1) {
    before += input.unsigned() + 1;
    places.push(before);
  }
  return places;
}

function writeRuns(runs: readonly IndexedRun[]): Buffer {
  const bytes = Buffer.alloc(runs.length * RUN_BYTES);
  runs.forEach(({ runId, startTime, projectNo }, index) => {
    const at = index * RUN_BYTES;
    bytes.write(runId.replaceAll('-', ''), at, 16, 'hex');
    bytes.writeBigInt64BE(BigInt(startTime), at + 16);
    bytes.writeUInt32BE(projectNo, at + 24);
  });
  return bytes;
}

export function readRun(runs: Buffer, place: number): IndexedRun {
  const at = place * RUN_BYTES;
  const hex = runs.toString('hex', at, at + 16);
  return {
    runId: `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`,
    startTime: Number(runs.readBigInt64BE(at + 16)),
    projectNo: runs.readUInt32BE(at + 24),
  };
}
