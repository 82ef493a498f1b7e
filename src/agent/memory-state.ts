import type { AgentState } from './context.ts';

interface Entry {
  readonly json: string;
  readonly revision: number;
}

/** Shared state kept in memory, for tests of agents: what goes in comes out as JSON would have it. */
export class MemoryState implements AgentState {
  readonly #entries = new Map<string, Entry>();

  constructor(initial: Readonly<Record<string, unknown>> = {}) {
    for (const [key, value] of Object.entries(initial)) this.#put(key, value);
  }

  get<T = unknown>(key: string): Promise<T | undefined> {
    return Promise.resolve(this.value<T>(key));
  }

  read<T = unknown>(key: string): Promise<{ readonly value: T; readonly revision: number } | undefined> {
    const entry = this.#entries.get(key);
    return Promise.resolve(entry === undefined ? undefined : { value: JSON.parse(entry.json) as T, revision: entry.revision });
  }

  set(key: string, value: unknown): Promise<void> {
    this.#put(key, value);
    return Promise.resolve();
  }

  compareAndSet(key: string, value: unknown, revision: number): Promise<number | undefined> {
    if ((this.#entries.get(key)?.revision ?? 0) !== revision) return Promise.resolve(undefined);
    return Promise.resolve(this.#put(key, value));
  }

  delete(key: string): Promise<void> {
    this.#entries.delete(key);
    return Promise.resolve();
  }

  /** The value now, without waiting. */
  value<T = unknown>(key: string): T | undefined {
    const entry = this.#entries.get(key);
    return entry === undefined ? undefined : (JSON.parse(entry.json) as T);
  }

  keys(): readonly string[] {
    return [...this.#entries.keys()];
  }

  #put(key: string, value: unknown): number {
    const revision = (this.#entries.get(key)?.revision ?? 0) + 1;
    this.#entries.set(key, { json: JSON.stringify(value), revision });
    return revision;
  }
}
