import type { FastifyReply } from 'fastify';
import type { Sample, WriteResult } from '../../state/metrics/metrics.ts';
import type { Api } from '../../http/api.ts';
import { decodeCursor, encodeCursor, pageOf as cut } from '../../http/cursor.ts';
import { pageOf, problems } from '../../http/schemas.ts';
import {
  LatestQuery,
  LatestView,
  MAX_SAMPLES,
  MetricNamesQuery,
  MetricNameView,
  MetricsQuery,
  RangeView,
  SampleBody,
  SamplesBody,
  WrittenView,
} from '../schemas/metrics.ts';
import type { Services } from '../services.ts';
import { invalid } from '../../http/problem.ts';
import { latestView } from '../views.ts';

const TAG = ['metrics'];
const MAX_BODY_BYTES = 5 * 1_048_576;

const REASONS: Readonly<Record<WriteResult['rejected'][number]['reason'], string>> = {
  stale_epoch: 'the lease under which it was measured is no longer held',
  not_finite: 'metric_value is not a finite number',
  too_many_series: 'it would open a new series, and there are too many: use fewer distinct label values',
  bad_time: 'its timestamp is too far from now',
  bad_name: 'its name, unit or labels cannot be stored',
};

export function addMetricRoutes(app: Api, { state, clock }: Services): void {
  const { metrics } = state;

  app.get(
    '/metrics/query',
    {
      config: { permission: 'metrics:read' },
      schema: {
        tags: TAG,
        summary: 'A metric over time, evenly spaced',
        description:
          'One series for each agent and combination of labels. `label.<name>=<value>`, any number of times, narrows to those with that label.',
        querystring: MetricsQuery,
        response: { 200: RangeView, ...problems() },
      },
    },
    async (request, reply) => {
      const { name, agent_id: agentIds, from, to, points, aggregate, limit, labels } = request.query;
      const range = await metrics.query({
        metricName: name,
        from,
        to,
        points,
        aggregate,
        limit,
        labels,
        ...(agentIds === undefined ? {} : { agentIds }),
      });
      const items = range.series.map((series) => ({
        metric_name: series.metricName,
        agent_id: series.agentId,
        unit: series.unit,
        labels: series.labels,
        points: series.points,
      }));
      const answer = { items, next_cursor: null, step_ms: range.stepMs, source: range.source, truncated: range.truncated };
      // A chart of 300 points in 100 series is 30,000 tuples: checking each against the schema would cost more than reading them.
      // A test proves that answers fit it.
      return (reply as FastifyReply)
        .type('application/json; charset=utf-8')
        .header('cache-control', 'private, no-cache')
        .send(JSON.stringify(answer));
    },
  );

  app.get(
    '/metrics/latest',
    {
      config: { permission: 'metrics:read' },
      schema: {
        tags: TAG,
        summary: 'The newest value of each series',
        querystring: LatestQuery,
        response: { 200: pageOf(LatestView), ...problems() },
      },
    },
    async (request) => {
      const { limit, cursor, name, agent_id: agentId } = request.query;
      const after = decodeCursor('latest', cursor);
      const page = await metrics.latest(
        { ...(name === undefined ? {} : { metricName: name }), ...(agentId === undefined ? {} : { agentId }) },
        { limit, ...(after === undefined ? {} : { after }) },
      );
      return { items: page.items.map(latestView), next_cursor: page.nextCursor === null ? null : encodeCursor('latest', page.nextCursor) };
    },
  );

  app.get(
    '/metrics/names',
    {
      config: { permission: 'metrics:read' },
      schema: {
        tags: TAG,
        summary: 'Metric names with their units',
        querystring: MetricNamesQuery,
        response: { 200: pageOf(MetricNameView), ...problems() },
      },
    },
    async (request) => {
      const { limit, cursor, search } = request.query;
      const after = decodeCursor('names', cursor);
      const names = await metrics.names(search === undefined ? {} : { search }, {
        limit: limit + 1,
        ...(after === undefined ? {} : { after }),
      });
      const page = cut('names', names, limit, (name) => name.metricName);
      return {
        items: page.items.map(({ metricName, unit, series }) => ({ metric_name: metricName, unit, series })),
        next_cursor: page.nextCursor,
      };
    },
  );

  app.post(
    '/metrics',
    {
      config: { permission: 'metrics:write', judgesItems: true },
      bodyLimit: MAX_BODY_BYTES,
      schema: {
        tags: TAG,
        summary: 'Write samples',
        description: 'Each is judged alone: the answer names those that were refused. The others are committed before the answer.',
        body: SamplesBody,
        response: { 202: WrittenView, ...problems(413) },
      },
      // The items are judged one by one below; this route has nothing else to validate.
      validatorCompiler: () => (data: unknown) => ({ value: data }),
    },
    async (request, reply) => {
      const judged = judge(request.body, clock.now());
      const result = judged.samples.length === 0 ? { written: 0, rejected: [] } : await metrics.writeExternal(judged.samples);
      const refused = result.rejected.map(({ index, reason }) => ({
        index: judged.places[index] ?? index,
        code: reason,
        message: REASONS[reason],
      }));
      return reply
        .code(202)
        .send({ accepted: result.written, rejected: [...judged.rejected, ...refused].toSorted((a, b) => a.index - b.index) });
    },
  );
}

interface Judged {
  readonly samples: readonly Sample[];
  /** Of each sample, where it stood in the body. */
  readonly places: readonly number[];
  readonly rejected: readonly { readonly index: number; readonly code: string; readonly message: string }[];
}

/** Sorts the items of a body into samples and refusals. Throws INVALID_INPUT where it is no list of 1 to 10,000. */
export function judge(body: unknown, now: number): Judged {
  if (!Array.isArray(body)) throw invalid([{ pointer: '', code: 'invalid_type', message: 'is not a list of samples' }]);
  if (body.length === 0 || body.length > MAX_SAMPLES)
    throw invalid([{ pointer: '', code: 'too_big', message: `holds ${body.length} samples; 1 to ${MAX_SAMPLES} are taken at once` }]);
  const samples: Sample[] = [];
  const places: number[] = [];
  const rejected: { index: number; code: string; message: string }[] = [];
  body.forEach((item: unknown, index) => {
    const value = (item as { metric_value?: unknown } | null)?.metric_value;
    if (typeof value === 'number' && !Number.isFinite(value)) {
      rejected.push({ index, code: 'not_finite', message: REASONS.not_finite });
      return;
    }
    const parsed = SampleBody.safeParse(item);
    if (!parsed.success) {
      const issue = parsed.error.issues[0];
      rejected.push({
        index,
        code: issue?.code ?? 'invalid',
        message: `${issue?.path.join('.') || 'the sample'}: ${issue?.message ?? 'is not valid'}`,
      });
      return;
    }
    const { agent_id: agentId, metric_name: metricName, metric_value: metricValue, metric_unit: unit, timestamp, metadata } = parsed.data;
    const labels = Object.fromEntries(Object.entries(metadata ?? {}).map(([key, label]) => [key, String(label)]));
    samples.push({ metricName, agentId: agentId ?? '', unit: unit ?? '', labels, at: timestamp ?? now, value: metricValue });
    places.push(index);
  });
  return { samples, places, rejected };
}
