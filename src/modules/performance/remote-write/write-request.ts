import { isUtf8 } from 'node:buffer';
import { MusterError } from '../../../base/errors.ts';
import { Fields, ProtobufBreak } from '../../../base/protobuf.ts';

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
  try {
    return read(body, mostSamples);
  } catch (error) {
    throw error instanceof ProtobufBreak ? broken(error.message) : error;
  }
}

function read(body: Uint8Array, mostSamples: number): WriteRequest {
  const series: WrittenSeries[] = [];
  const count = { samples: 0, histograms: 0 };
  const reader = new Fields(body);
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field !== 1) reader.skip();
    else series.push(reader.message((inner) => readSeries(inner, count)));
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
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field === 1) labels.push(reader.message(readLabel));
    else if (field === 2) {
      samples.push(reader.message(readSample));
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
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field === 1) name = label(reader);
    else if (field === 2) value = label(reader);
    else reader.skip();
  }
  return [name, value];
}

function readSample(reader: Fields): { value: number; at: number } {
  let [value, at] = [0, 0];
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field === 1) value = reader.double();
    else if (field === 2) at = reader.int64();
    else reader.skip();
  }
  return { value, at };
}

function label(reader: Fields): string {
  const bytes = reader.bytes();
  if (!isUtf8(bytes)) throw broken('a label is not UTF-8');
  return bytes.toString('utf8');
}
