import type { NewFeedback, Refused } from '../intake/intake.ts';
import type { RunOperation } from '../run/operation.ts';
import { isSpanId, isTraceId, paddedSpanId, paddedUuid, runUuid, traceUuid } from './ids.ts';
import type { Collected } from './mapping/collect.ts';
import { gather, mapSpan, sourceOf, type Source } from './mapping/run.ts';
import type { BadSpan, Scope, Span, SpanGroup } from './span.ts';

export interface ExportedRuns {
  readonly operations: readonly RunOperation[];
  readonly feedback: readonly NewFeedback[];
  readonly refused: readonly Refused[];
}

interface Gathered {
  readonly span: Span;
  readonly said: Collected;
  readonly source: Source;
  readonly scope: Scope;
  readonly runId: string;
}

/**
 * What an export says, as operations. `project` is what the request named; a span or its resource may name another.
 *
 * A run's id follows from the span's own, so that a parent is found in whichever request it comes. Ids of LangSmith's win: a span that
 * names its run is known by that name to children that come in the same export.
 */
export function runsOf(groups: readonly SpanGroup[], project: string | undefined): ExportedRuns {
  const refused: Refused[] = [];
  const gathered: Gathered[] = [];
  const named = new Map<string, string>();
  const sources = new Map<SpanGroup['resource'], Source>();
  for (const { resource, scope, spans } of groups) {
    let source = sources.get(resource);
    if (source === undefined) sources.set(resource, (source = sourceOf(resource)));
    for (const item of spans) {
      const problem = problemOf(item);
      if (problem !== undefined) {
        refused.push({ ...problem, project: project ?? source.project, body: bodyOf(item) });
        continue;
      }
      const span = item as Span;
      const said = gather(span);
      const runId = runIdOf(span, said);
      named.set(`${span.traceId}${span.spanId}`, runId);
      gathered.push({ span, said, source, scope, runId });
    }
  }
  const operations: RunOperation[] = [];
  const feedback: NewFeedback[] = [];
  for (const { span, said, source, scope, runId } of gathered) {
    const ids = {
      runId,
      traceId: (said.fields.get('trace') as string | undefined) ?? traceUuid(span.traceId),
      parentRunId: parentOf(span, said, named),
    };
    const mapped = mapSpan(span, said, ids, { source, scope, project: project ?? source.project ?? source.serviceName ?? 'default' });
    operations.push(mapped.operation);
    feedback.push(...mapped.feedback);
  }
  return { operations, feedback, refused };
}

/** LangSmith's SDK exported it, in its OpenTelemetry mode: the user was told the padded form of the span's id as the run's. */
const isLangsmith = ({ unmapped, fields }: Collected): boolean =>
  'langsmith.is_root' in unmapped || 'langsmith.traceable' in unmapped || fields.has('parent');

function runIdOf(span: Span, said: Collected): string {
  const own = said.fields.get('id');
  if (typeof own === 'string') return own;
  return isLangsmith(said) ? paddedUuid(span.spanId) : runUuid(span.traceId, span.spanId);
}

function parentOf(span: Span, said: Collected, named: Map<string, string>): string | undefined {
  const own = said.fields.get('parent');
  if (typeof own === 'string') {
    const spanId = paddedSpanId(own);
    return spanId === undefined ? own : (named.get(`${span.traceId}${spanId}`) ?? own);
  }
  // Its parent, if it has one, is a span that LangSmith's SDK left out.
  if (said.unmapped['langsmith.is_root'] === true || !isSpanId(span.parentSpanId)) return undefined;
  const key = `${span.traceId}${span.parentSpanId}`;
  const known = named.get(key);
  if (known !== undefined) return known;
  const parent = runUuid(span.traceId, span.parentSpanId);
  // Its other children ask for it too.
  named.set(key, parent);
  return parent;
}

function problemOf(item: Span | BadSpan): Pick<Refused, 'reason' | 'message'> | undefined {
  if ('problem' in item) return { reason: 'bad_span', message: `the span cannot be kept: ${item.problem}` };
  // Logs of OpenTelemetry, sent here by mistake, read as spans without ids.
  if (!isTraceId(item.traceId)) return { reason: 'bad_span', message: 'the span has no trace id of 16 bytes that are not all zero' };
  if (!isSpanId(item.spanId)) return { reason: 'bad_span', message: 'the span has no id of 8 bytes that are not all zero' };
  return undefined;
}

function bodyOf(item: Span | BadSpan): Buffer | string {
  if ('problem' in item) return item.body;
  return JSON.stringify({ ...item, attributes: Object.fromEntries(item.attributes), events: item.events.length, links: item.links.length });
}
