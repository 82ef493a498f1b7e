import type { FastifyInstance } from 'fastify';
import type { ModuleServices } from '../../module.ts';
import { knownOrigin, originOf } from '../origin/origin.ts';

/**
 * What SDKs ask before they send. The version is the oldest one that they call complete, not ours; Python needs every key of
 * batch_ingest_config, and writes feedback in batches from 0.8.10 on.
 */
const INFO = {
  version: '0.18.0',
  instance_flags: { gzip_body_enabled: true, zstd_compression_enabled: true, dataset_examples_multipart_enabled: true },
  batch_ingest_config: {
    use_multipart_endpoint: true,
    size_limit: 100,
    size_limit_bytes: 20_971_520,
    scale_up_qsize_trigger: 1_000,
    scale_up_nthreads_limit: 16,
    scale_down_nempty_trigger: 4,
  },
} as const;

/** Without a key: older SDKs send none here. Another Muster that passes runs on learns from it whom it sends them to. */
export function addInfoRoute(app: FastifyInstance, { state: { database } }: Pick<ModuleServices, 'state'>): void {
  // SDKs ask this while the database is away as well, so nobody waits for it here.
  const origin = (): string | undefined => {
    const known = knownOrigin(database);
    if (known === undefined) originOf(database).catch(() => undefined);
    return known;
  };
  app.addHook('onReady', async () => void origin());
  app.get(
    '/langsmith/info',
    { config: { permission: 'public' }, schema: { tags: ['langsmith'], summary: 'What SDKs ask before they send runs', security: [] } },
    async () => ({ ...INFO, muster_origin: origin() }),
  );
}
