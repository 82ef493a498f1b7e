/** `/langsmith/api/v1/…` and `/langsmith/api/…`, but not the second version and not the platform's own. */
const OTHER_SPELLING = /^\/langsmith\/api(?:\/v1)?(\/.*)$/;

/**
 * SDKs append to the endpoint they are given, each in its way: every route of the first version is also asked for below /api/v1 and /api, the
 * second version below /api/v2, the platform's below /v1/platform and /api/v1/platform. One spelling is mounted.
 */
export function canonicalPath(url: string): string {
  if (!url.startsWith('/langsmith/')) return url;
  const rest = OTHER_SPELLING.exec(url)?.[1];
  if (rest === undefined) return url;
  return rest.startsWith('/platform/') ? `/langsmith/v1${rest}` : `/langsmith${rest}`;
}
