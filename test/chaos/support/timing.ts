/** Short enough to wait for, long enough that a busy machine is not taken for a dead one. */
export const CHAOS_BEAT_MS = 800;
export const CHAOS_LEASE_MS = 4_000;

/** How long the first of the chaos tests lasts: MUSTER_CHAOS_SECONDS asks for more. */
export const CHAOS_MS = Number(process.env['MUSTER_CHAOS_SECONDS'] ?? 8) * 1_000;
