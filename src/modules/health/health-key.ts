/** Where the report lies in system_state. */
export const HEALTH_KEY = 'health:fleet';
