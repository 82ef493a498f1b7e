import { MusterError } from '../../../../base/errors.ts';
import type { Outbound } from '../../../../outbound/index.ts';
import { MOST_BYTES, outputsOf, type Asked, type Target } from './target.ts';

export interface HttpOptions {
  readonly outbound: Pick<Outbound, 'request'>;
  readonly timeoutMs: number;
  /** Sent with every request, by name: what the endpoint asks to let one in. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

/** The inputs are posted as JSON, and the body that comes back is the outputs. */
export const overHttp =
  (url: string, options: HttpOptions): Target =>
  async (asked, signal) => ({ outputs: outputsOf((await post(url, asked.inputs, asked, options, signal)).body) });

/** What answers `post` with 2xx. Throws OUTBOUND_FAILED for any other status; `data` says whether to ask again, and when. */
export async function post(
  url: string,
  body: string,
  { exampleId, trace }: Asked,
  { headers = {}, outbound, timeoutMs }: HttpOptions,
  signal: AbortSignal,
): Promise<{ readonly body: string; readonly headers: Readonly<Record<string, string>> }> {
  const answer = await outbound.request({
    method: 'POST',
    url,
    headers: {
      'content-type': 'application/json',
      'x-muster-example': exampleId,
      // As LangSmith's SDKs hand traces on: an application that reads them puts its runs under the example's.
      'langsmith-trace': trace.dottedOrder,
      baggage: `langsmith-project=${encodeURIComponent(trace.project)}`,
      ...headers,
    },
    body,
    timeoutMs,
    mostBytes: MOST_BYTES,
    signal,
  });
  const { status, truncated } = answer;
  if (status < 200 || status >= 300)
    throw new MusterError('OUTBOUND_FAILED', `it answered ${status}: ${answer.body.slice(0, 300)}`, {
      data: { again: mayPass(status), afterMs: secondsOf(answer.headers['retry-after']) * 1_000 },
    });
  if (truncated)
    throw new MusterError('OUTBOUND_FAILED', `its answer broke off, or is longer than ${MOST_BYTES} bytes`, {
      data: { again: answer.body.length < MOST_BYTES },
    });
  return answer;
}

/** What may be answered otherwise in a moment. */
const mayPass = (status: number): boolean => [408, 425, 429].includes(status) || status >= 500;

function secondsOf(retryAfter: string | undefined): number {
  const seconds = Number(retryAfter ?? 0);
  return Number.isFinite(seconds) && seconds > 0 ? seconds : 0;
}
