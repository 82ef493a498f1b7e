import type { PeerValue } from '../support/bench.ts';

export const ALERTMANAGER = 'Alertmanager 0.25';
export const PROMETHEUS = 'Prometheus 2.42 and Alertmanager 0.25';

/** Measured in this run. */
export const measuredBy = (name: string, value: number): PeerValue => ({ name, value, isMeasured: true });

/** Measured earlier on such a machine: where this one does not have it, or the run is too short for it. */
export const quoted = (name: string, value: number): PeerValue => ({ name, value, isMeasured: false });
