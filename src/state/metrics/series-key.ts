import type { SeriesKey } from './metrics.ts';

/** Separators that no valid name contains, so that no two keys read alike. */
const LABEL = '\u0002';
const ASSIGN = '\u0003';

const LONGEST = { name: 255, unit: 50, labelName: 128, labelValue: 1024, labels: 32 } as const;
/** Control characters, and halves of surrogate pairs, which UTF-8 cannot carry. */
const UNPRINTABLE = /[\p{Cc}\p{Cs}]/u;

/** Unit and labels as one string: equal for equal ones, in whatever order the labels come. */
export function variantOf({ unit, labels }: SeriesKey): string {
  const names = Object.keys(labels);
  if (names.length > 1) names.sort();
  let variant = unit;
  for (const name of names) variant += LABEL + name + ASSIGN + labels[name];
  return variant;
}

/** Whether a series may be called so: no part too long, none with control characters, the metric's name not empty. */
export function isWellNamed(series: SeriesKey): boolean {
  const labels = Object.entries(series.labels);
  return (
    isText(series.metricName, LONGEST.name) &&
    series.metricName.trim() === series.metricName &&
    (series.agentId === '' || isText(series.agentId, LONGEST.name)) &&
    (series.unit === '' || isText(series.unit, LONGEST.unit)) &&
    labels.length <= LONGEST.labels &&
    labels.every(([name, value]) => isText(name, LONGEST.labelName) && (value === '' || isText(value, LONGEST.labelValue)))
  );
}

const isText = (text: string, longest: number): boolean => text.length > 0 && text.length <= longest && !UNPRINTABLE.test(text);
