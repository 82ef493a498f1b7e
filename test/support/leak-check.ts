import { afterAll } from 'vitest';
import { expectNothingLeft } from './leaks.ts';

/** Registered first, so it runs after the file's own afterAll hooks. */
afterAll(expectNothingLeft);
