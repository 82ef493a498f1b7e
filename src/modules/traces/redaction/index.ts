export { createRedactor, pseudonymOf, type RedactedField, type Redactor, type RedactorOptions } from './redactor.ts';
export { DEFAULT_REDACTION, REDACTION_KINDS, redactionSettings, type RedactionKind, type RedactionSettings } from './settings.ts';
