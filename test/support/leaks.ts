import { afterAll, expect } from 'vitest';

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

/** Registered first, so it runs after the file's own afterAll hooks. */
afterAll(async () => {
  for (const end of endings) await end();
  endings.clear();
  expect([...open], 'test databases that were not disposed of').toEqual([]);
});
