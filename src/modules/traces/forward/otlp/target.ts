import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { messageOf } from '../../../../base/errors.ts';
import type { Outbound } from '../../../../outbound/index.ts';
import type { Forward, ForwardSecrets } from '../forward.ts';
import type { OutgoingFeedback } from '../outgoing-feedback.ts';
import { SendLater, type OutgoingItem, type Target } from '../target.ts';
import { verdictOf } from '../verdict.ts';
import { jsonExport, protobufExport } from './encode.ts';
import { spanOf } from './span-of.ts';

const packed = promisify(gzip);
const TIMEOUT_MS = 30_000;
const SPANS = 100;

/** A collector of OpenTelemetry, by OTLP over HTTP. A span is sent when it ended, and once: what is said of a run later has no place there. */
export class OtlpTarget implements Target {
  readonly #outbound: Outbound;
  readonly #forward: Pick<Forward, 'endpoint' | 'targetProject' | 'options'>;
  readonly #secrets: ForwardSecrets;

  constructor(outbound: Outbound, forward: Pick<Forward, 'endpoint' | 'targetProject' | 'options'>, secrets: ForwardSecrets) {
    this.#outbound = outbound;
    this.#forward = forward;
    this.#secrets = secrets;
  }

  async send(
    items: readonly OutgoingItem[],
    _feedback: readonly OutgoingFeedback[],
    signal: AbortSignal,
  ): Promise<{ readonly refusals: readonly string[] }> {
    const refusals: string[] = [];
    const ended = items.filter(({ run, verb }) => verb === 'post' || run.endTime !== null);
    const byProject = new Map<string, OutgoingItem[]>();
    for (const one of ended) {
      const project = this.#forward.targetProject ?? one.run.project;
      byProject.set(project, [...(byProject.get(project) ?? []), one]);
    }
    for (const [project, of] of byProject)
      for (let at = 0; at < of.length; at += SPANS) {
        const part = of.slice(at, at + SPANS);
        const refusal = await this.#post(project, part, signal);
        if (refusal !== undefined) for (const { run } of part) refusals.push(`run ${run.runId}: ${refusal}`);
      }
    return { refusals };
  }

  async #post(project: string, items: readonly OutgoingItem[], signal: AbortSignal): Promise<string | undefined> {
    const { endpoint, options } = this.#forward;
    const { apiKey, headers } = this.#secrets;
    const spans = items.map(({ run }) => spanOf(run, project));
    const isJson = options.encoding === 'json';
    const body = isJson ? Buffer.from(jsonExport(project, spans)) : protobufExport(project, spans);
    const base = endpoint.replace(/\/+$/, '');
    const answer = await this.#outbound
      .request({
        method: 'POST',
        url: base.endsWith('/v1/traces') ? base : `${base}/v1/traces`,
        headers: {
          'user-agent': 'muster-forward',
          ...headers,
          ...(apiKey === undefined ? {} : { 'x-api-key': apiKey }),
          'content-type': isJson ? 'application/json' : 'application/x-protobuf',
          'content-encoding': 'gzip',
        },
        body: await packed(body),
        timeoutMs: TIMEOUT_MS,
        signal,
      })
      .catch((error: unknown) => {
        if (signal.aborted) throw error;
        throw new SendLater(messageOf(error));
      });
    const verdict = verdictOf(answer.status, answer.headers, answer.body, Date.now());
    if (verdict.kind === 'later') throw new SendLater(verdict.why, verdict.afterMs);
    return verdict.kind === 'refused' ? verdict.why : undefined;
  }
}
