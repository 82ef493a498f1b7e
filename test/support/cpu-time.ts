/** Milliseconds that this process has computed: a busy machine adds to the time by the clock, and hardly to this. */
export function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}
