import type { RejectionReason, Sample, SeriesKey } from './metrics.ts';

/** Separators that no valid name contains, so that no two keys read alike. */
const FIELD = '\u0001';
const LABEL = '\u0002';
const ASSIGN = '\u0003';

const LONGEST = { name: 255, unit: 50, labelName: 128, labelValue: 1024, labels: 32 } as const;
/** Control characters, and halves of surrogate pairs, which UTF-8 cannot carry. */
const UNPRINTABLE = /[\p{Cc}\p{Cs}]/u;

/** A series as one string: equal for equal series, in whatever order the labels come. */
export function keyOf(series: SeriesKey): string {
  const names = Object.keys(series.labels);
  let key = series.metricName + FIELD + series.agentId + FIELD + series.unit;
  if (names.length > 1) names.sort();
  for (const name of names) key += LABEL + name + ASSIGN + series.labels[name];
  return key;
}

/** Why no series may be called so. */
export function refusalOfName(series: SeriesKey): RejectionReason | undefined {
  const labels = Object.entries(series.labels);
  const good =
    isText(series.metricName, LONGEST.name) &&
    series.metricName.trim() === series.metricName &&
    (series.agentId === '' || isText(series.agentId, LONGEST.name)) &&
    (series.unit === '' || isText(series.unit, LONGEST.unit)) &&
    labels.length <= LONGEST.labels &&
    labels.every(([name, value]) => isText(name, LONGEST.labelName) && (value === '' || isText(value, LONGEST.labelValue)));
  return good ? undefined : 'bad_name';
}

const isText = (text: string, longest: number): boolean => text.length > 0 && text.length <= longest && !UNPRINTABLE.test(text);

export const refusalOfValue = (sample: Sample): RejectionReason | undefined => (Number.isFinite(sample.value) ? undefined : 'not_finite');
