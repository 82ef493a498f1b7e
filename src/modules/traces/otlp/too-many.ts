import { MusterError } from '../../../base/errors.ts';
import { LIMITS } from './span.ts';

export const tooManySpans = (): MusterError =>
  new MusterError('TOO_LARGE', `the body holds more than ${LIMITS.spans} spans`, {
    remedy: 'Lower the batch size of the exporter: OTEL_BSP_MAX_EXPORT_BATCH_SIZE, or send_batch_max_size of a collector.',
  });
