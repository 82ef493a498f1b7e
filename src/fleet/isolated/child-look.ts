import { workerData, type MessagePort } from 'node:worker_threads';
import { importCode } from '../../agent/code/index.ts';
import { crossError, type CrossedError } from './crossing.ts';
import { outlineOf, type Outline } from './outline.ts';

export interface LookData {
  readonly role: 'look';
  readonly url: string;
  readonly port: MessagePort;
}

/** First that it looks, so that what goes wrong before is not held against the code; then what it has seen. */
export type Sight =
  | { readonly kind: 'looking' }
  | { readonly kind: 'seen'; readonly outline: Outline }
  | { readonly kind: 'fault'; readonly error: CrossedError };

/** Loads a module to tell what agent it defines. */
export async function main(): Promise<void> {
  const { url, port } = workerData as LookData;
  const say = (sight: Sight): void => port.postMessage(sight);
  say({ kind: 'looking' });
  try {
    say({ kind: 'seen', outline: outlineOf(await importCode(new URL(url))) });
  } catch (error) {
    say({ kind: 'fault', error: crossError(error) });
  }
}
