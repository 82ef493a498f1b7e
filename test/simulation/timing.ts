/** As hosts have it by default. */
export const BEAT_MS = 2_000;
export const LEASE_MS = 8_000;
