/** One line of an exposition. */
export interface ExposedSample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface Exposition {
  readonly samples: readonly ExposedSample[];
  /** Lines that are none, with the first of them: the others are taken all the same. */
  readonly badLines: number;
  readonly firstBad: { readonly line: number; readonly problem: string } | undefined;
  /** Samples beyond `mostSamples`. */
  readonly left: number;
}

export interface ExpositionLimits {
  readonly mostSamples: number;
  readonly mostLabels: number;
  /** Characters of a name or a value. */
  readonly longest: number;
}

/**
 * Reads Prometheus' text format and OpenMetrics. Strict in what a line is, forgiving in that a broken one costs itself alone:
 * an exporter with one bad metric is still watched. Times are left out: a sample counts as of when it was asked for.
 */
export function parseExposition(text: string, limits: ExpositionLimits): Exposition {
  const samples: ExposedSample[] = [];
  let badLines = 0;
  let firstBad: Exposition['firstBad'];
  let left = 0;
  let number = 0;
  for (const raw of lines(text)) {
    number += 1;
    const line = raw.trim();
    if (line === '# EOF') break;
    if (line === '' || line.startsWith('#')) continue;
    try {
      const sample = parseLine(line, limits);
      if (samples.length < limits.mostSamples) samples.push(sample);
      else left += 1;
    } catch (error) {
      if (!(error instanceof BadLine)) throw error;
      badLines += 1;
      firstBad ??= { line: number, problem: error.message };
    }
  }
  return { samples, badLines, firstBad, left };
}

/** Lines one at a time: splitting 4 MB would make 100,000 strings at once. */
function* lines(text: string): Generator<string> {
  for (let at = 0; at < text.length;) {
    const end = text.indexOf('\n', at);
    yield text.slice(at, end === -1 ? text.length : end);
    at = end === -1 ? text.length : end + 1;
  }
}

class BadLine extends Error {}

const NAME = /[a-zA-Z_:][a-zA-Z0-9_:]*/y;
const LABEL = /[a-zA-Z_][a-zA-Z0-9_.]*/y;
const QUOTED = /"((?:[^"\\]|\\.)*)"/y;
const SPACE = /\s*/y;
const VALUE = /^[+-]?(?:\d+(?:\.\d*)?(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?|[iI]nf(?:inity)?|NaN|nan)$/;

function parseLine(line: string, { mostLabels, longest }: ExpositionLimits): ExposedSample {
  const reader = new Reader(line);
  let name = reader.take(NAME);
  const labels: Record<string, string> = {};
  let count = 0;
  if (reader.takes('{')) {
    while (!reader.takes('}')) {
      const quoted = reader.quoted();
      // {"a name that needs quotes", label="value"}
      if (quoted !== undefined && name === undefined && count === 0 && !reader.peeks('=')) name = quoted;
      else {
        const label = quoted ?? reader.take(LABEL);
        if (label === undefined || !reader.takes('=')) throw new BadLine('a label is written name="value"');
        const value = reader.quoted();
        if (value === undefined) throw new BadLine(`the value of the label ${label} is not in quotes`);
        if (label.length > longest || value.length > longest)
          throw new BadLine(`the label ${label.slice(0, 60)} is longer than ${longest} characters`);
        if (Object.hasOwn(labels, label)) throw new BadLine(`the label ${label} is there twice`);
        count += 1;
        if (count > mostLabels) throw new BadLine(`more than ${mostLabels} labels`);
        // A plain property for every name, "__proto__" among them.
        Object.defineProperty(labels, label, { value, enumerable: true, configurable: true, writable: true });
      }
      if (!reader.takes(',') && !reader.peeks('}')) throw new BadLine('labels are separated by commas');
    }
  }
  if (name === undefined) throw new BadLine('it does not begin with the name of a metric');
  if (name.length > longest) throw new BadLine(`the name is longer than ${longest} characters`);
  const [value = ''] = reader.rest().split(/\s+/, 1);
  if (!VALUE.test(value)) throw new BadLine(`${JSON.stringify(value.slice(0, 40))} is not a number`);
  return { name, labels, value: numberOf(value) };
}

function numberOf(text: string): number {
  const plain = text.replace(/^\+/, '').toLowerCase();
  if (plain.startsWith('inf')) return Number.POSITIVE_INFINITY;
  return plain.startsWith('-inf') ? Number.NEGATIVE_INFINITY : Number(plain === 'nan' || plain === '-nan' ? Number.NaN : plain);
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', '\\': '\\', '"': '"' };

/** A line and how far it is read; white space between parts is skipped. */
class Reader {
  readonly #line: string;
  #at = 0;

  constructor(line: string) {
    this.#line = line;
  }

  take(pattern: RegExp): string | undefined {
    return this.#match(pattern)?.[0];
  }

  quoted(): string | undefined {
    return this.#match(QUOTED)?.[1]?.replace(/\\(.)/g, (whole, character: string) => ESCAPES[character] ?? whole);
  }

  peeks(character: string): boolean {
    this.#skipSpace();
    return this.#line[this.#at] === character;
  }

  takes(character: string): boolean {
    if (!this.peeks(character)) return false;
    this.#at += 1;
    return true;
  }

  rest(): string {
    return this.#line.slice(this.#at).trim();
  }

  #match(pattern: RegExp): RegExpExecArray | undefined {
    this.#skipSpace();
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#line);
    if (found === null) return undefined;
    this.#at = pattern.lastIndex;
    return found;
  }

  #skipSpace(): void {
    SPACE.lastIndex = this.#at;
    SPACE.exec(this.#line);
    this.#at = SPACE.lastIndex;
  }
}
