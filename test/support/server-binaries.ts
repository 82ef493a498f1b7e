import { fileURLToPath } from 'node:url';
import { binariesIn, locateBinaries, type Binaries } from '../../src/db/embedded/index.ts';
import { pathOf } from './requirements.ts';

const MATRIX = fileURLToPath(new URL('../postgres-matrix/package.json', import.meta.url));

/** The programs that MUSTER_TEST_POSTGRES names; a URL stays a URL. See test/postgres-matrix/README.md. */
export async function serverOf(target: string): Promise<{ readonly url: string } | { readonly binaries: Binaries }> {
  if (/^postgres(ql)?:/.test(target)) return { url: target };
  if (target === '' || target === 'embedded' || target === 'embedded:18') return { binaries: await locateBinaries() };
  const major = /^embedded:(1[4-7])$/.exec(target)?.[1];
  if (major !== undefined) {
    pathOf('postgresMatrix');
    return { binaries: await locateBinaries(MATRIX, `postgres-${major}`) };
  }
  if (target === 'debian:15') {
    pathOf('postgresql15');
    return { binaries: binariesIn('/usr/lib/postgresql/15', '15') };
  }
  throw new Error(`MUSTER_TEST_POSTGRES=${target} is not understood: use embedded, embedded:14 to embedded:17, debian:15 or a URL`);
}
