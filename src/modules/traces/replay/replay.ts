import { z } from 'zod';
import { MusterError } from '../../../base/errors.ts';
import type { Intake } from '../intake/index.ts';
import { readBatch, readSingle } from '../langsmith/batch-runs.ts';
import { decompress } from '../langsmith/decompress.ts';
import { boundaryOf, splitMultipart } from '../langsmith/multipart.ts';
import { readParts, type Said } from '../langsmith/multipart-runs.ts';
import { isRefused } from '../langsmith/run-fields.ts';

/** What LangSmith's SDKs write to LANGSMITH_FAILED_TRACES_DIR where they could not send: the request as it would have been. */
export const FailedRequest = z.object({
  version: z.literal(1),
  endpoint: z.string().max(2_000),
  headers: z.record(z.string().max(200), z.string().max(4_000)),
  body_base64: z.string().regex(/^[A-Za-z0-9+/]*={0,2}$/, 'is not base64'),
});
export type FailedRequest = z.output<typeof FailedRequest>;

export interface Replayed {
  /** Runs and feedback that were kept; those that were there already count too. */
  readonly taken: number;
  /** They lie in quarantine. */
  readonly refused: number;
}

/**
 * Takes what could not be sent when it happened. The same file may come any number of times: its runs are known by their ids. Throws
 * MALFORMED for what is no such request, and whatever the intake throws: then nothing of it may be taken for kept.
 */
export async function replay(intake: Intake, request: FailedRequest, mayWrite: readonly string[] | null): Promise<Replayed> {
  const said = await read(request);
  const { refused } = await intake.submit({ source: 'replay', ...said, mayWrite });
  // A run that was begun and ended is one, though its post and its patch are two.
  const runs = new Set(said.operations.map(({ runId }) => runId)).size;
  const all = runs + said.feedback.length + said.refused.length;
  return { taken: Math.max(0, all - refused), refused };
}

async function read({ endpoint, headers, body_base64: body }: FailedRequest): Promise<Said> {
  const header = (name: string): string | undefined => Object.entries(headers).find(([key]) => key.toLowerCase() === name)?.[1];
  const bytes = await decompress(Buffer.from(body, 'base64'), header('content-encoding'));
  const path = endpoint.replace(/^.*?(?=runs(?:\/|$))/, '').replace(/[?#].*$/, '');
  if (path === 'runs/multipart') {
    const boundary = boundaryOf(header('content-type') ?? '');
    if (boundary === undefined)
      throw new MusterError('MALFORMED', 'the request names no boundary of its parts', { remedy: 'Send the file as the SDK wrote it.' });
    return readParts(splitMultipart(bytes, boundary));
  }
  if (path === 'runs/batch') return readBatch(bytes.toString('utf8'));
  const one = /^runs(?:\/([0-9a-f-]{36}))?$/i.exec(path);
  if (one === null)
    throw new MusterError('MALFORMED', `requests to ${endpoint.slice(0, 100)} are not taken again`, {
      remedy: 'Files of LANGSMITH_FAILED_TRACES_DIR hold requests to runs/multipart or runs/batch.',
    });
  const said = one[1] === undefined ? readSingle('post', bytes.toString('utf8')) : readSingle('patch', bytes.toString('utf8'), one[1]);
  return isRefused(said) ? { operations: [], refused: [said], feedback: [] } : { operations: [said], refused: [], feedback: [] };
}
