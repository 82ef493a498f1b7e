import { z } from 'zod';
import { ruleDocument } from './document.ts';

/** Rules a file may hold. */
const MOST = 1_000;

/** The rules of config/monitoring.yml, or of a file of their own. */
export const ruleList = z.preprocess(
  (input) => input ?? [],
  z
    .array(ruleDocument)
    .max(MOST)
    .superRefine((rules, context) => {
      const seen = new Set<string>();
      rules.forEach(({ name }, index) => {
        if (seen.has(name))
          context.addIssue({ code: 'custom', path: [index, 'name'], message: `is the name of another rule of this file too` });
        seen.add(name);
      });
    }),
);

export const ruleFile = z.strictObject({ rules: ruleList });
