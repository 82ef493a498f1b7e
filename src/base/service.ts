/** Whatever starts also stops, and stopping leaves no timer, socket or listener behind. */
export interface Service extends AsyncDisposable {
  start(): Promise<void>;
  /** Idempotent. Resolves when everything the service started has ended. */
  stop(): Promise<void>;
}
