/** How far an action may go by itself: nothing, say what would help, do it once a person has agreed, do it. */
export const MODES = ['off', 'suggest', 'approve', 'auto'] as const;
export type Mode = (typeof MODES)[number];

/** The highest mode an action can be set to. */
export const CEILINGS = ['suggest', 'approve', 'auto'] as const;
export type Ceiling = (typeof CEILINGS)[number];

export const LEVELS = ['info', 'warning', 'critical', 'emergency'] as const;
export type Level = (typeof LEVELS)[number];

export const APPROVERS = ['operator', 'administrator'] as const;
export type Approver = (typeof APPROVERS)[number];

export const isAbove = (mode: Mode, ceiling: Ceiling): boolean => MODES.indexOf(mode) > MODES.indexOf(ceiling);
