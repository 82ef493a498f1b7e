import { expect } from 'vitest';

const open = new Set<string>();
const endings = new Set<() => Promise<void>>();

/** Remembers a database until the returned function is called. */
export function trackDatabase(name: string): () => void {
  open.add(name);
  return () => open.delete(name);
}

/** Has this done once after all tests of the file and all their hooks. */
export function afterEverything(end: () => Promise<void>): void {
  endings.add(end);
}

/** At the end of each file. */
export async function expectNothingLeft(): Promise<void> {
  for (const end of endings) await end();
  endings.clear();
  const left = [...open];
  open.clear();
  expect(left, 'test databases that were not disposed of').toEqual([]);
}
