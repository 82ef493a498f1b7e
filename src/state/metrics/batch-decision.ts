import type { RejectionReason, Sample, WriteResult } from './metrics.ts';
import { DAY_MS, FUTURE_MS, LATE_MS } from './options.ts';
import { bySeries } from './sample-copy.ts';
import { BAD_NAME } from './series-catalogue.ts';

/** What of a batch is written, and what else follows from it. */
export interface Decision {
  readonly rejected: WriteResult['rejected'];
  /** Places of the samples to write, in order of series. */
  readonly order: Uint32Array;
  /** The place of the newest sample of each series. */
  readonly newest: Uint32Array;
  /** Stretches that the rollups may have passed already. */
  readonly late: readonly LateStretch[];
}

export interface LateStretch {
  readonly series: number;
  readonly from: number;
  /** Inclusive. */
  readonly to: number;
}

export interface Judgement {
  /** The database's clock, milliseconds since 1970. */
  readonly now: number;
  readonly detailDays: number;
  /** Agents in whose name samples are taken; undefined: any, for nobody is asked. */
  readonly held: ReadonlySet<string> | undefined;
}

/** Judges each sample. `ids`: its series, or why it has none. */
export function decide(samples: readonly Sample[], ids: Int32Array, { now, detailDays, held }: Judgement): Decision {
  const newestAllowed = now + FUTURE_MS;
  const oldestAllowed = now - detailDays * DAY_MS;
  const accepted = new Uint32Array(samples.length);
  const rejected: { index: number; reason: RejectionReason }[] = [];
  let count = 0;
  // The samples of one agent come one after the other, as a rule.
  let agent: string | undefined;
  let isHeld = true;
  for (let index = 0; index < samples.length; index += 1) {
    const sample = samples[index];
    if (sample === undefined) continue;
    if (held !== undefined && sample.agentId !== agent) {
      agent = sample.agentId;
      isHeld = agent === '' || held.has(agent);
    }
    const id = ids[index] ?? BAD_NAME;
    const reason: RejectionReason | undefined =
      id <= 0
        ? id === BAD_NAME
          ? 'bad_name'
          : 'too_many_series'
        : !Number.isFinite(sample.value)
          ? 'not_finite'
          : !isHeld
            ? 'stale_epoch'
            : // Written so that NaN is refused too.
              sample.at <= newestAllowed && sample.at >= oldestAllowed
              ? undefined
              : 'bad_time';
    if (reason === undefined) accepted[count++] = index;
    else rejected.push({ index, reason });
  }
  const order = bySeries(ids, accepted.subarray(0, count));
  return { rejected, order, ...summarise(samples, ids, order, now - LATE_MS) };
}

function summarise(samples: readonly Sample[], ids: Int32Array, order: Uint32Array, lateBefore: number): Pick<Decision, 'newest' | 'late'> {
  const newest = new Uint32Array(order.length);
  const late: LateStretch[] = [];
  let count = 0;
  for (let k = 0; k < order.length;) {
    const series = ids[order[k] ?? 0] ?? 0;
    let latest = Number.NEGATIVE_INFINITY;
    let from = Number.POSITIVE_INFINITY;
    let to = Number.NEGATIVE_INFINITY;
    for (; k < order.length && ids[order[k] ?? 0] === series; k += 1) {
      const place = order[k] ?? 0;
      const at = samples[place]?.at ?? 0;
      if (at >= latest) {
        latest = at;
        newest[count] = place;
      }
      if (at < lateBefore) {
        from = Math.min(from, at);
        to = Math.max(to, at);
      }
    }
    count += 1;
    if (from <= to) late.push({ series, from, to });
  }
  return { newest: newest.subarray(0, count), late };
}
