/** Names whose value is a secret, however they are written: apiKey, API_KEY, x-api-key. */
const NAMES = new Set([
  'password',
  'passwd',
  'pwd',
  'passphrase',
  'passcode',
  'secret',
  'secrets',
  'apikey',
  'xapikey',
  'apisecret',
  'apitoken',
  'authorization',
  'proxyauthorization',
  'cookie',
  'setcookie',
  'credential',
  'credentials',
  'privatekey',
  'secretkey',
  'accesskey',
  'accesstoken',
  'authtoken',
  'refreshtoken',
  'idtoken',
  'bearertoken',
  'sessiontoken',
  'securitytoken',
  'clientsecret',
  'signingkey',
  'encryptionkey',
  'accountkey',
  'sharedaccesskey',
  'accesskeyid',
  'secretaccesskey',
  'xauthtoken',
  'xamzsecuritytoken',
  'csrftoken',
  'xcsrftoken',
  'jwt',
]);
/** `openai_api_key`, `db_password`, `AWS_SECRET_ACCESS_KEY`: what a longer name ends with. */
const ENDINGS = [
  'password',
  'passwd',
  'passphrase',
  'apikey',
  'secretkey',
  'accesskey',
  'privatekey',
  'clientsecret',
  'accesstoken',
  'authtoken',
  'refreshtoken',
  'apitoken',
];
/** In a query or a line of an environment file only: in JSON, `token` is as often a piece of a sentence. */
const ASSIGNED = new Set(['token', 'sig', 'signature', 'xamzsignature']);

const LONGEST = 64;
const SHORTEST = 3;

/** Two last letters of every name above: turns nearly every name away before it is cut out of the text. */
const LAST_TWO = new Set(
  [...NAMES, ...ENDINGS, ...ASSIGNED].map((name) => pair(name.charCodeAt(name.length - 2), name.charCodeAt(name.length - 1))),
);

function pair(before: number, last: number): number {
  return ((before | 32) << 8) | (last | 32);
}

/** Whether a name that ends before `end` may be one of them: asked first, because it costs two characters. */
export const mayEndName = (text: string, end: number): boolean => LAST_TWO.has(pair(text.charCodeAt(end - 2), text.charCodeAt(end - 1)));

/** Whether text[start, end) names a secret. */
export function namesSecret(text: string, start: number, end: number, assigned = false): boolean {
  const length = end - start;
  if (length < SHORTEST || length > LONGEST || !mayEndName(text, end)) return false;
  const name = text
    .slice(start, end)
    .replace(/[-_. ]/g, '')
    .toLowerCase();
  return NAMES.has(name) || ENDINGS.some((ending) => name.endsWith(ending)) || (assigned && ASSIGNED.has(name));
}
