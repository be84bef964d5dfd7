/** Tells somebody outside, as a port: posts JSON to a URL. */
export interface Webhook {
  /** Resolves when it was taken; rejects when it was not, with an error that names no secret of the URL. */
  post(url: string, body: object): Promise<void>;
}
