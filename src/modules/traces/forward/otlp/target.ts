import { baseOf, deliver, type TargetSite } from '../deliver.ts';
import type { OutgoingFeedback } from '../outgoing-feedback.ts';
import type { OutgoingItem, Target } from '../target.ts';
import { jsonExport, protobufExport } from './encode.ts';
import { spanOf } from './span-of.ts';

const SPANS = 100;

/** A collector of OpenTelemetry, by OTLP over HTTP. A span is sent when it ended, and once: what is said of a run later has no place there. */
export class OtlpTarget implements Target {
  readonly #site: TargetSite;

  constructor(site: TargetSite) {
    this.#site = site;
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
      const project = this.#site.forward.targetProject ?? one.run.project;
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

  #post(project: string, items: readonly OutgoingItem[], signal: AbortSignal): Promise<string | undefined> {
    const spans = items.map(({ run }) => spanOf(run, project, this.#site.origin));
    const isJson = this.#site.forward.options.encoding === 'json';
    const base = baseOf(this.#site);
    return deliver(
      this.#site,
      {
        url: base.endsWith('/v1/traces') ? base : `${base}/v1/traces`,
        contentType: isJson ? 'application/json' : 'application/x-protobuf',
        body: isJson ? Buffer.from(jsonExport(project, spans)) : protobufExport(project, spans),
        isPacked: true,
      },
      signal,
    );
  }
}
