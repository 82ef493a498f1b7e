import { durationMs } from '../../../base/duration.ts';
import { messageOf, MusterError } from '../../../base/errors.ts';
import type { Outbound } from '../../../outbound/index.ts';
import { parseExposition } from '../exposition/parse.ts';
import { unitOf } from '../exposition/unit.ts';
import type { Labels } from '../reading.ts';
import type { ScrapeConfig } from './config.ts';
import type { EndpointMetric } from './metrics.ts';

/** What is read of an answer: 4 MB are some 40,000 samples. */
const MOST_BYTES = 4 * 1_048_576;
/** What an agent's sample may have, less the labels of the target. */
const MOST_LABELS = 15;
const LONGEST = 255;

const ACCEPT = 'application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5,*/*;q=0.1';

export interface ScrapedSample {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  readonly labels: Labels;
}

export interface ScrapeResult {
  readonly reason: string | null;
  readonly values: Partial<Record<EndpointMetric, number>>;
  readonly samples: readonly ScrapedSample[];
}

/** Asks a target for its metrics. Never throws: what goes wrong is the finding. */
export async function scrape(target: ScrapeConfig, outbound: Outbound, signal: AbortSignal): Promise<ScrapeResult> {
  const startedAt = performance.now();
  const took = (): { scrape_duration_seconds: number } => ({ scrape_duration_seconds: (performance.now() - startedAt) / 1_000 });
  try {
    const answer = await outbound.request({
      url: target.url,
      headers: { accept: ACCEPT, ...(target.bearer === undefined ? {} : { authorization: `Bearer ${target.bearer}` }) },
      timeoutMs: durationMs(target.timeout),
      mostBytes: MOST_BYTES,
      signal,
    });
    if (answer.status !== 200) throw new MusterError('MEASUREMENT_FAILED', `it answered with status ${answer.status}`);
    if (answer.truncated)
      throw new MusterError('MEASUREMENT_FAILED', `the answer broke off, or is longer than ${MOST_BYTES / 1_048_576} MB`);
    const { samples, ...outcome } = taken(answer.body, target);
    return { ...outcome, samples, values: { ...outcome.values, ...took() } };
  } catch (error) {
    return { reason: messageOf(error), values: took(), samples: [] };
  }
}

/** The samples of an answer under the labels of their target. One that has the label `target` itself keeps it as `exported_target`. */
export function taken(text: string, { name, labels, series }: Pick<ScrapeConfig, 'name' | 'labels' | 'series'>): ScrapeResult {
  const own = { ...labels, target: name };
  const room = MOST_LABELS + 1 - Object.keys(own).length;
  const { samples, left, badLines, firstBad } = parseExposition(text, { mostSamples: series, mostLabels: room, longest: LONGEST });
  const finite = samples.filter(({ value }) => Number.isFinite(value));
  const reason = samples.length === 0 && firstBad !== undefined ? `it gave no metrics: line ${firstBad.line}: ${firstBad.problem}` : null;
  return {
    reason,
    values: { scrape_samples: finite.length, scrape_samples_left: left + samples.length - finite.length, scrape_bad_lines: badLines },
    samples: finite.map((sample) => ({
      name: sample.name,
      value: sample.value,
      unit: unitOf(sample.name),
      labels: { ...renamed(sample.labels, own), ...own },
    })),
  };
}

const renamed = (labels: Labels, own: Labels): Labels =>
  Object.fromEntries(Object.entries(labels).map(([key, value]) => [Object.hasOwn(own, key) ? `exported_${key}` : key, value]));
