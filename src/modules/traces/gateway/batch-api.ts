import { randomUUID } from 'node:crypto';
import { MusterError } from '../../../base/errors.ts';
import type { Outbound } from '../../../outbound/index.ts';
import { sentText, readAsked } from './asked.ts';
import type { Deferred, DeferredEnd } from './deferred-store.ts';
import type { OpenProvider } from './directory.ts';
import { FACES } from './face.ts';
import { addressOf } from './provider.ts';

/** How a batch is doing. `results` are files to fetch, once it is over. */
export interface BatchState {
  readonly isOver: boolean;
  readonly status: string;
  readonly results: readonly string[];
}

const TIMEOUT_MS = 120_000;
const MOST_RESULT_BYTES = 268_435_456;

/** The provider's own batch API: a file of requests, a batch of it, and a file of answers. */
export class BatchApi {
  readonly #outbound: Pick<Outbound, 'request'>;
  readonly #signal: AbortSignal;

  constructor(outbound: Pick<Outbound, 'request'>, signal: AbortSignal) {
    this.#outbound = outbound;
    this.#signal = signal;
  }

  /** Sends requests of one provider and path; the id of their batch. Throws PROVIDER_FAILED, PROVIDER_REFUSED or OUTBOUND_ errors. */
  async send(provider: OpenProvider, requests: readonly Deferred[]): Promise<string> {
    const face = requests[0]?.face ?? 'chat';
    const url = `/v1${FACES[face].path}`;
    const lines = requests.map(({ body, id, model }) => {
      const asked = readAsked(face, Buffer.from(body));
      return `{"custom_id":${JSON.stringify(id)},"method":"POST","url":${JSON.stringify(url)},"body":${sentText(asked, { model, asksUsage: false }).replaceAll(/[\r\n]+/g, ' ')}}`;
    });
    const boundary = `muster-${randomUUID()}`;
    const part = (name: string, more = ''): string => `--${boundary}\r\ncontent-disposition: form-data; name="${name}"${more}\r\n`;
    const form = `${part('purpose')}\r\nbatch\r\n${part('file', '; filename="batch.jsonl"')}content-type: application/jsonl\r\n\r\n${lines.join('\n')}\n\r\n--${boundary}--\r\n`;
    const file = await this.#ask(provider, 'POST', '/files', { type: `multipart/form-data; boundary=${boundary}`, body: form });
    const batch = await this.#ask(provider, 'POST', '/batches', {
      type: 'application/json',
      body: JSON.stringify({ input_file_id: idIn(file), endpoint: url, completion_window: '24h' }),
    });
    return idIn(batch);
  }

  async state(provider: OpenProvider, batchId: string): Promise<BatchState> {
    const said = JSON.parse(await this.#ask(provider, 'GET', `/batches/${encodeURIComponent(batchId)}`)) as Readonly<
      Record<string, unknown>
    >;
    const status = typeof said['status'] === 'string' ? said['status'] : 'unknown';
    const results = [said['output_file_id'], said['error_file_id']].filter((id) => typeof id === 'string' && id !== '');
    return { status, isOver: ['completed', 'failed', 'expired', 'cancelled'].includes(status), results: results as readonly string[] };
  }

  /** What a file of results tells, line by line; a line that cannot be read is left out. */
  async results(provider: OpenProvider, fileId: string): Promise<readonly DeferredEnd[]> {
    const text = await this.#ask(provider, 'GET', `/files/${encodeURIComponent(fileId)}/content`);
    return text.split('\n').flatMap((line) => endIn(line) ?? []);
  }

  async #ask(
    provider: OpenProvider,
    method: 'GET' | 'POST',
    path: string,
    sent?: { readonly type: string; readonly body: string },
  ): Promise<string> {
    const { body, status, truncated } = await this.#outbound.request({
      method,
      url: addressOf(provider.baseUrl, path, ''),
      headers: { ...provider.sent, ...(sent === undefined ? {} : { 'content-type': sent.type }) },
      ...(sent === undefined ? {} : { body: sent.body }),
      timeoutMs: TIMEOUT_MS,
      mostBytes: MOST_RESULT_BYTES,
      signal: this.#signal,
    });
    if (status === 401 || status === 403)
      throw new MusterError('PROVIDER_REFUSED', `${provider.name} answered ${status} to the key it was given`);
    if (status >= 300 || truncated)
      throw new MusterError('PROVIDER_FAILED', `${provider.name} answered ${status} to ${method} ${path}: ${body.slice(0, 300)}`, {
        remedy: status === 404 ? 'It has no batch API: send such requests without x-muster-deferrable.' : undefined,
        data: { status },
      });
    return body;
  }
}

function idIn(text: string): string {
  let said: unknown;
  try {
    said = JSON.parse(text);
  } catch (cause) {
    throw new MusterError('PROVIDER_FAILED', 'the provider answered with something that is not JSON', { cause });
  }
  const id = typeof said === 'object' && said !== null && 'id' in said ? said.id : undefined;
  if (typeof id !== 'string' || id === '') throw new MusterError('PROVIDER_FAILED', 'the provider gave no id');
  return id;
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

function endIn(line: string): DeferredEnd | undefined {
  if (line.trim() === '') return undefined;
  try {
    const said = JSON.parse(line) as {
      readonly custom_id?: unknown;
      readonly response?: { readonly status_code?: unknown; readonly body?: unknown } | null;
      readonly error?: { readonly message?: unknown } | null;
    };
    if (typeof said.custom_id !== 'string' || !UUID.test(said.custom_id)) return undefined;
    const status = typeof said.response?.status_code === 'number' ? said.response.status_code : null;
    const answer = said.response?.body === undefined ? null : JSON.stringify(said.response.body);
    const words = typeof said.error?.message === 'string' ? said.error.message : said.error ? JSON.stringify(said.error) : undefined;
    const failed =
      words ?? (status !== null && status < 400 && answer !== null ? undefined : `the provider answered ${status ?? 'nothing'}`);
    return { id: said.custom_id, status, answer, error: failed ?? null };
  } catch {
    // Its request ends with the batch, as one without an answer.
    return undefined;
  }
}
