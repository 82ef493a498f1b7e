import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findDataFolder } from '../../../src/db/embedded/data-folder.ts';
import { livingPostmaster, stopPostmaster } from '../../../src/db/embedded/postmaster.ts';
import { SHARED_SHELF } from '../../../src/db/embedded/data-folder.ts';

export interface TestFolder extends AsyncDisposable {
  readonly dataDir: string;
}

/** A data folder in a path with spaces. Disposing stops what still runs in it and removes it, wherever its data lies. */
export async function testFolder(): Promise<TestFolder> {
  const root = await mkdtemp(join(tmpdir(), 'muster data '));
  await chmod(root, 0o755);
  const dataDir = join(root, 'my data');
  return {
    dataDir,
    [Symbol.asyncDispose]: async () => {
      const folder = await findDataFolder(dataDir);
      const living = await livingPostmaster(folder);
      if (living !== undefined) await stopPostmaster(folder, living.pid, 'immediate');
      if (folder.home.startsWith(SHARED_SHELF)) await rm(folder.home, { recursive: true, force: true });
      await rm(root, { recursive: true, force: true });
    },
  };
}
