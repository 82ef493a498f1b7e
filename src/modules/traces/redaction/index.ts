export { redactedAttachment } from './attachment.ts';
export { createRedactor, pseudonymOf, type RedactedField, type Redactor } from './redactor.ts';
export { DEFAULT_REDACTION, REDACTION_KINDS, redactionSettings, type RedactionSettings } from './settings.ts';
