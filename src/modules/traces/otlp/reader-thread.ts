import { parentPort } from 'node:worker_threads';
import { crossError, type CrossedError } from '../../../fleet/isolated/crossing.ts';
import { packRuns, type PackedRuns } from './packed-runs.ts';
import { readExport, type Export } from './read-export.ts';

/** What the reader's thread is sent; it answers each, in order. */
export interface Order extends Export {
  readonly no: number;
}

export interface Answer {
  readonly no: number;
  readonly runs?: PackedRuns;
  readonly error?: CrossedError;
}

parentPort?.on('message', (order: Order) => {
  let answer: Answer;
  try {
    answer = { no: order.no, runs: packRuns(readExport(order)) };
  } catch (error) {
    answer = { no: order.no, error: crossError(error) };
  }
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a port of threads, not a window
  parentPort?.postMessage(answer);
});
