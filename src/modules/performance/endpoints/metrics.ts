import { gauge, type Catalogue } from '../../metric.ts';

const PROBE = ['probe', 'type'];

/** What endpoint_monitor records of its own; what it scrapes keeps the names it has there. */
export const ENDPOINT_METRICS = {
  probe_up: gauge.run('', 'the probe', '1 where the endpoint answered as it should, 0 where it did not', PROBE),
  probe_duration_seconds: gauge.run('seconds', 'the probe', 'Time until the answer, the look-up of the name included', PROBE),
  probe_http_status: gauge.run('', 'the probe', 'Status of the answer (http)', PROBE),
  probe_tls_remaining_seconds: gauge.run('seconds', 'the certificate', 'Time until the certificate expires; below 0 it has (tls)', PROBE),
  probe_tls_trusted: gauge.run('', 'the certificate', '1 where the certificate is trusted and is for this name (tls)', PROBE),
  probe_dns_addresses: gauge.run('', 'the resolver', 'Addresses of the name (dns)', PROBE),
  scrape_up: gauge.run('', 'the scrape', '1 where the target gave metrics, 0 where it did not', ['target']),
  scrape_duration_seconds: gauge.run('seconds', 'the scrape', 'Time until they were there', ['target']),
  scrape_samples: gauge.run('', 'the scrape', 'Samples that were taken', ['target']),
  scrape_samples_left: gauge.run('', 'the scrape', 'Samples that were not: more than `series` allows, or not a finite number', ['target']),
  scrape_bad_lines: gauge.run('', 'the scrape', 'Lines that are no metric', ['target']),
} as const satisfies Catalogue;

export type EndpointMetric = keyof typeof ENDPOINT_METRICS;
