import { z } from 'zod';

/** An address of the web; whether it may be called is seen when it is. */
export const webUrl = z
  .url({ protocol: /^https?$/ })
  .max(2_000)
  .describe('https, or http inside an opened network');

/** A secret that somebody chose elsewhere. */
export const secretText = z.string().min(1).max(4_000);

export const hostOfUrl = (text: string): { readonly host: string; readonly plain: boolean } => {
  const url = new URL(text);
  return { host: url.hostname, plain: url.protocol === 'http:' };
};

/** A URL that is itself a secret, as people may see it. */
export const siteOf = (text: string): string => `${new URL(text).origin}/…`;
