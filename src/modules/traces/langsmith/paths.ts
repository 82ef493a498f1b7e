/** `/langsmith/api/v1/…` and `/langsmith/api/…`, but not the second version and not the platform's own. */
const OTHER_SPELLING = /^\/langsmith\/api(?:\/v1)?(\/.*)$/;

/**
 * SDKs append to the endpoint they are given, each in its way: every route of the first version is also asked for below /api/v1 and /api, the
 * second version below /api/v2, the platform's below /v1/platform and /api/v1/platform, some with a slash at the end. One spelling is mounted.
 */
export function canonicalPath(url: string): string {
  if (!url.startsWith('/langsmith/')) return url;
  const path = withoutLastSlash(url);
  const rest = OTHER_SPELLING.exec(path)?.[1];
  if (rest === undefined) return path;
  return rest.startsWith('/platform/') ? `/langsmith/v1${rest}` : `/langsmith${rest}`;
}

function withoutLastSlash(url: string): string {
  const query = url.indexOf('?');
  const end = query === -1 ? url.length : query;
  return url[end - 1] === '/' ? url.slice(0, end - 1) + url.slice(end) : url;
}
