import { isMainThread, workerData } from 'node:worker_threads';

/**
 * Where the thread or process of an isolated agent begins. The one file that is started by its path: what it plays it learns
 * here, and loads only that.
 */
const role = isMainThread ? 'process' : (workerData as { readonly role: 'thread' | 'watchdog' | 'look' }).role;
switch (role) {
  case 'process':
    await (await import('./child-process.ts')).main();
    break;
  case 'thread':
    (await import('./child-thread.ts')).main();
    break;
  case 'look':
    await (await import('./child-look.ts')).main();
    break;
  case 'watchdog':
    (await import('./watchdog.ts')).main();
    break;
}
