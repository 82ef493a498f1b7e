import { MusterError } from '../../../base/errors.ts';

/** A series of a write request: its labels, `__name__` among them, and its samples. */
export interface WrittenSeries {
  readonly labels: readonly (readonly [name: string, value: string])[];
  readonly samples: readonly { readonly value: number; readonly at: number }[];
}

export interface WriteRequest {
  readonly series: readonly WrittenSeries[];
  /** Native histograms, which are not kept. */
  readonly histograms: number;
}

const broken = (what: string): MusterError =>
  new MusterError('MALFORMED', `the body is not a write request of Prometheus (version 1): ${what}`);

/**
 * Reads `prometheus.WriteRequest`: {1: series {1: label {1: name, 2: value}, 2: sample {1: double value, 2: int64 time}}}. Four
 * messages, so written out here rather than brought along as a library. Throws MALFORMED, or TOO_LARGE beyond `mostSamples`.
 */
export function readWriteRequest(body: Uint8Array, mostSamples: number): WriteRequest {
  const series: WrittenSeries[] = [];
  const count = { samples: 0, histograms: 0 };
  const reader = new Fields(body);
  for (let field = reader.next(); field !== undefined; field = reader.next()) {
    if (field !== 1) reader.skip();
    else series.push(readSeries(reader.message(), count));
    if (count.samples > mostSamples)
      throw new MusterError('TOO_LARGE', `the body holds more than ${mostSamples} samples`, {
        remedy: 'Lower max_samples_per_send in queue_config of remote_write.',
      });
  }
  return { series, histograms: count.histograms };
}

function readSeries(reader: Fields, count: { samples: number; histograms: number }): WrittenSeries {
  const labels: [string, string][] = [];
  const samples: { value: number; at: number }[] = [];
  for (let field = reader.next(); field !== undefined; field = reader.next()) {
    if (field === 1) labels.push(readLabel(reader.message()));
    else if (field === 2) {
      samples.push(readSample(reader.message()));
      count.samples += 1;
    } else {
      if (field === 4) count.histograms += 1;
      reader.skip();
    }
  }
  return { labels, samples };
}

function readLabel(reader: Fields): [string, string] {
  let [name, value] = ['', ''];
  for (let field = reader.next(); field !== undefined; field = reader.next()) {
    if (field === 1) name = reader.text();
    else if (field === 2) value = reader.text();
    else reader.skip();
  }
  return [name, value];
}

function readSample(reader: Fields): { value: number; at: number } {
  let [value, at] = [0, 0];
  for (let field = reader.next(); field !== undefined; field = reader.next()) {
    if (field === 1) value = reader.double();
    else if (field === 2) at = reader.int64();
    else reader.skip();
  }
  return { value, at };
}

const VARINT = 0;
const FIXED64 = 1;
const BYTES = 2;
const FIXED32 = 5;

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** The fields of one message, in order. */
class Fields {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;
  #wire = VARINT;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** The number of the next field; undefined at the end. */
  next(): number | undefined {
    if (this.#at >= this.#bytes.length) return undefined;
    const tag = this.#varint();
    this.#wire = Number(tag & 7n);
    return Number(tag >> 3n);
  }

  message(): Fields {
    return new Fields(this.#chunk());
  }

  text(): string {
    try {
      return utf8.decode(this.#chunk());
    } catch (cause) {
      if (cause instanceof MusterError) throw cause;
      throw broken('a label is not UTF-8');
    }
  }

  double(): number {
    this.#expect(FIXED64);
    const at = this.#advance(8);
    return this.#view.getFloat64(at, true);
  }

  int64(): number {
    this.#expect(VARINT);
    return Number(BigInt.asIntN(64, this.#varint()));
  }

  skip(): void {
    switch (this.#wire) {
      case VARINT:
        this.#varint();
        return;
      case FIXED64:
        this.#advance(8);
        return;
      case FIXED32:
        this.#advance(4);
        return;
      default:
        this.#chunk();
    }
  }

  #chunk(): Uint8Array {
    this.#expect(BYTES);
    const length = Number(this.#varint());
    const at = this.#advance(length);
    return this.#bytes.subarray(at, at + length);
  }

  #expect(wire: number): void {
    if (this.#wire !== wire) throw broken(`a field is of another kind at byte ${this.#at}`);
  }

  #advance(count: number): number {
    const at = this.#at;
    if (at + count > this.#bytes.length) throw broken('it ends early');
    this.#at += count;
    return at;
  }

  #varint(): bigint {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.#bytes[this.#advance(1)] ?? 0;
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    throw broken('a number is too long');
  }
}
