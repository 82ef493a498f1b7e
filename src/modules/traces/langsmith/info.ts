import type { FastifyInstance } from 'fastify';

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

/** Without a key: older SDKs send none here. */
export function addInfoRoute(app: FastifyInstance): void {
  app.get(
    '/langsmith/info',
    { config: { permission: 'public' }, schema: { tags: ['langsmith'], summary: 'What SDKs ask before they send runs', security: [] } },
    async () => INFO,
  );
}
