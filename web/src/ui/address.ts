/** The page of an agent. Dots are written out: at the end of an address they would look like a file's extension to servers and proxies. */
export function agentAddress(agentId: string): string {
  return `/agents/${encodeURIComponent(agentId).replaceAll('.', '%2E')}`;
}
