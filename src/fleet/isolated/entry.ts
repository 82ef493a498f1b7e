import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { packageRoot } from '../../base/package-root.ts';

/** The file that plays the side of an agent in a thread or process of its own, as it is built: Node runs no TypeScript there. */
export const isolatedEntry = (): URL => pathToFileURL(join(packageRoot(), 'dist', 'fleet', 'isolated', 'child.js'));
