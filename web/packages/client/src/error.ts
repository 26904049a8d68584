/**
 * What went wrong with a call, by REST or by socket alike. Used by everything that talks to the server.
 *
 * `code` is the server's stable word (docs/ERRORS.md), or one of the client's own: `network` (no answer came),
 * `signed_out` (nobody is signed in), `bad_answer` (whoever answered is not a SmileChat server).
 */
export class ApiError extends Error {
  override readonly name = "ApiError";

  constructor(
    /** The HTTP status; 0 where there is none. */
    readonly status: number,
    readonly code: string,
    message: string,
    /** Which fields are wrong, with `invalid`. */
    readonly errors: readonly FieldError[] = [],
    /** Seconds after which a repeat makes sense, where the server told. */
    readonly retryAfter: number | null = null,
  ) {
    super(message);
  }
}

export interface FieldError {
  field: string;
  code: string;
  message: string;
}
