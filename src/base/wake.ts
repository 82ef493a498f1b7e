/**
 * Early word of changes, by topic, among all processes of the fleet. Only a hint, which may be lost or come for nothing: who
 * waits for one looks by itself now and then as well, and who was woken looks what there is.
 */
export interface Wake {
  /** Calls `listener` soon after something under `topic` may have changed. Returns the way to end it. */
  on(topic: string, listener: () => void): () => void;
  /** Says that something under `topic` was committed. Never throws, never waits. */
  hint(topic: string): void;
}

/** Where nobody hears anybody. */
export const noWake: Wake = { on: () => () => undefined, hint: () => undefined };
