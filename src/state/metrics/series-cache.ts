import type { SeriesKey } from './metrics.ts';
import { variantOf } from './series-key.ts';

type Variants = Map<string, number>;
type Names = Map<string, Map<string, Variants>>;

/**
 * Series ids by name. Looked up a part at a time, for the parts are the caller's own strings, whose hashes are known: joining them
 * first costs five times as much. Two generations instead of a list in order of use: a hit costs nothing more, and what
 * nobody asked for goes all the same.
 */
export class SeriesCache {
  readonly #limit: number;
  #young: Names = new Map();
  #old: Names = new Map();
  #size = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  get(series: SeriesKey): number | undefined {
    const variant = isEmpty(series.labels) ? series.unit : variantOf(series);
    const young = this.#young.get(series.metricName)?.get(series.agentId)?.get(variant);
    if (young !== undefined) return young;
    const old = this.#old.get(series.metricName)?.get(series.agentId)?.get(variant);
    if (old !== undefined) this.set(series, old);
    return old;
  }

  set(series: SeriesKey, id: number): void {
    if (this.#size >= this.#limit / 2) {
      this.#old = this.#young;
      this.#young = new Map();
      this.#size = 0;
    }
    const agents = entry(this.#young, series.metricName, () => new Map<string, Variants>());
    const variants = entry(agents, series.agentId, () => new Map<string, number>());
    const before = variants.size;
    variants.set(variantOf(series), id);
    this.#size += variants.size - before;
  }
}

function entry<Value>(map: Map<string, Value>, key: string, make: () => Value): Value {
  const known = map.get(key);
  if (known !== undefined) return known;
  const made = make();
  map.set(key, made);
  return made;
}

function isEmpty(labels: object): boolean {
  for (const _ in labels) return false;
  return true;
}
