import { z } from 'zod';

/** Once or several times in the address. */
export const many = (item: z.ZodString) =>
  z
    .union([item, z.array(item).max(100)])
    .transform((value) => [value].flat())
    .optional();

/** `true` or `false` in the address. */
export const yesOrNo = z
  .enum(['true', 'false'])
  .transform((value) => value === 'true')
  .optional();
