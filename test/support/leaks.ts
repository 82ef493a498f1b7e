import { afterAll, expect } from 'vitest';

const open = new Set<string>();

/** Remembers a database until the returned function is called. */
export function trackDatabase(name: string): () => void {
  open.add(name);
  return () => open.delete(name);
}

/** Registered first, so it runs after the file's own afterAll hooks. */
afterAll(() => {
  expect([...open], 'test databases that were not disposed of').toEqual([]);
});
