import { counter, gauge, type Catalogue } from '../metric.ts';

export const DIAGNOSTIC_METRICS = {
  diagnostic_latency_seconds: gauge.run(
    'seconds',
    'diagnostic_test_agent',
    'Measured time of: state_write (fenced, committed), state_read, sql_read, metric_visible (recorded until a query finds it)',
    ['operation'],
  ),
  diagnostic_probe: gauge.run('', 'diagnostic_test_agent', 'The number of the self-check: recorded to be looked for'),
  diagnostic_failures_total: counter.run('', 'diagnostic_test_agent', 'Self-checks that failed, since the agent started here', [
    'operation',
  ]),
  environment_clock_offset_seconds: gauge.run(
    'seconds',
    'test_launcher_env_agent',
    'Clock of this machine less that of the database, as the quickest of five round trips shows it',
    ['host'],
  ),
  environment_findings: gauge.run('', 'test_launcher_env_agent', 'Findings about the environment by level', ['host', 'level']),
} as const satisfies Catalogue;

/** Every one of these carries the label synthetic="true": the values describe invented work, never a real system. */
export const SYNTHETIC_METRICS = {
  synthetic_runs_total: counter.run('', 'test agents', 'Runs since the agent started here', ['synthetic']),
  synthetic_work_total: counter.run('', 'test agents', 'Units of made-up work: ok, failed', ['synthetic', 'outcome']),
  synthetic_work_seconds: gauge.run('seconds', 'test agents', 'Measured duration of the last unit of made-up work', ['synthetic']),
  synthetic_signal: gauge.run('', 'test agents', 'A test signal: a sine of five minutes between 0 and 100', ['synthetic']),
  synthetic_load: gauge.run('', 'test agents, diagnostic_test_agent', 'Samples of the command `load`: a running number', [
    'synthetic',
    'series',
  ]),
} as const satisfies Catalogue;
