import type { FastifyInstance } from 'fastify';
import { MusterError } from '../../../base/errors.ts';
import type { Api } from '../../../http/api.ts';
import { Nothing, problems } from '../../../http/schemas.ts';
import type { RejectionReason, Sample } from '../../../state/metrics/metrics.ts';
import type { ModuleServices } from '../../module.ts';
import { unitOf } from '../exposition/unit.ts';
import { unsnappy } from './snappy.ts';
import { readWriteRequest, type WriteRequest } from './write-request.ts';

const MEDIA_TYPE = 'application/x-protobuf';
const MOST_PACKED_BYTES = 5 * 1_048_576;
const MOST_BYTES = 32 * 1_048_576;
/** Prometheus sends 2,000 at once, or what `max_samples_per_send` says. */
const MOST_SAMPLES = 50_000;

/** Takes what a Prometheus writes: `remote_write: [{ url: http://…/api/v1/write }]`. */
export function addRemoteWriteRoute(app: FastifyInstance, { state }: ModuleServices): void {
  // In a scope of its own: no other route takes this kind of body.
  void app.register(async (scope) => {
    scope.addContentTypeParser(
      MEDIA_TYPE,
      { parseAs: 'buffer', bodyLimit: MOST_PACKED_BYTES },
      async (_request: unknown, body: Buffer) => body,
    );
    (scope as Api).post(
      '/write',
      {
        config: { permission: 'metrics:write' },
        bodyLimit: MOST_PACKED_BYTES,
        schema: {
          tags: ['metrics'],
          summary: 'Prometheus remote write, version 1',
          description: `A \`prometheus.WriteRequest\` as ${MEDIA_TYPE}, compressed with snappy. Samples that can be kept are committed before the answer. 422 says which could not, and why; it makes Prometheus log it and go on. NaN, with which Prometheus marks a series as ended, is left out.`,
          consumes: [MEDIA_TYPE],
          response: { 204: Nothing, ...problems(413, 415) },
        },
      },
      async (request, reply) => {
        const { body } = request;
        if (!Buffer.isBuffer(body)) throw unsupported('a body is needed');
        if ((request.headers['content-encoding'] ?? 'snappy') !== 'snappy') throw unsupported(`content-encoding must be snappy`);
        if (/proto=io\.prometheus\.write\.v2/.test(request.headers['content-type'] ?? ''))
          throw unsupported('version 2 of remote write is not spoken');
        const { samples, nameless } = samplesOf(readWriteRequest(unsnappy(body, MOST_BYTES), MOST_SAMPLES));
        const { rejected } = samples.length === 0 ? { rejected: [] } : await state.metrics.writeExternal(samples);
        const problem = problemOf(samples, rejected, nameless);
        if (problem !== undefined)
          throw new MusterError('INVALID_INPUT', problem, {
            remedy: 'The other samples were written. See the limits in docs/reference/metrics.md.',
          });
        return reply.code(204).send(null);
      },
    );
  });
}

const unsupported = (message: string): MusterError =>
  new MusterError('UNSUPPORTED_MEDIA', message, { remedy: `Send ${MEDIA_TYPE}, compressed with snappy, as remote write 1.0 says.` });

/** Series by their name and labels, in nobody's name. Native histograms have no place here, and are told to their sender by its own metrics. */
export function samplesOf({ series }: WriteRequest): { readonly samples: readonly Sample[]; readonly nameless: number } {
  const samples: Sample[] = [];
  let nameless = 0;
  for (const { labels: pairs, samples: values } of series) {
    const { __name__: metricName = '', ...labels } = Object.fromEntries(pairs);
    if (metricName === '') nameless += values.length;
    else
      for (const { value, at } of values)
        if (!Number.isNaN(value)) samples.push({ metricName, agentId: '', unit: unitOf(metricName), labels, at, value });
  }
  return { samples, nameless };
}

/** What was refused, by reason, with an example of each; undefined where nothing was. */
function problemOf(
  samples: readonly Sample[],
  rejected: readonly { readonly index: number; readonly reason: RejectionReason }[],
  nameless: number,
): string | undefined {
  const byReason = new Map<string, { count: number; readonly example: string }>();
  for (const { reason, index } of rejected) {
    const known = byReason.get(reason);
    if (known === undefined) byReason.set(reason, { count: 1, example: samples[index]?.metricName ?? '' });
    else known.count += 1;
  }
  const told = [...byReason].map(([reason, { count, example }]) => `${count} × ${reason} (${example})`);
  if (nameless > 0) told.push(`${nameless} × without a name`);
  return told.length === 0
    ? undefined
    : `${rejected.length + nameless} of ${samples.length + nameless} samples were refused: ${told.join(', ')}`;
}
