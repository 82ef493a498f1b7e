import { formatDuration, formatValue } from '../ui/format.ts';
import { type ChartSeries, extentOf, lastOf } from './align.ts';

/** A chart in a sentence, for those who do not see it. */
export function summarise(title: string, unit: string, series: readonly ChartSeries[], rangeSeconds: number, now: number): string {
  const head = `${title}, last ${formatDuration(rangeSeconds * 1_000)}`;
  const parts = series.map((each) => {
    const extent = extentOf(each.points);
    const last = lastOf(each.points);
    const name = series.length > 1 ? `${each.label}: ` : '';
    if (!extent || !last) return `${name}nothing measured`;
    const figures = `latest ${formatValue(last.value, unit)} (${formatDuration(now - last.at)} ago), lowest ${formatValue(extent.lowest, unit)}, highest ${formatValue(extent.highest, unit)}, average ${formatValue(extent.mean, unit)}`;
    return `${name}${figures}${extent.gaps > 0 ? `, ${extent.gaps} ${extent.gaps === 1 ? 'gap' : 'gaps'}` : ''}`;
  });
  return series.length === 0 ? `${head}: nothing measured.` : `${head}. ${parts.join('; ')}.`;
}
