import { ExternalError } from '../../../src/base/errors.ts';
import type { Webhook } from '../../../src/ports/webhook.ts';

/** Posts by `fetch`. Redirects are not followed: what is posted goes where it is configured to go. */
export class FetchWebhook implements Webhook {
  readonly #timeoutMs: number;

  constructor(timeoutMs: number) {
    this.#timeoutMs = timeoutMs;
  }

  async post(url: string, body: object): Promise<void> {
    const { host } = new URL(url);
    let response: Response;
    try {
      response = await fetch(url, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify(body),
        redirect: 'manual',
        signal: AbortSignal.timeout(this.#timeoutMs),
      });
    } catch (error) {
      throw new ExternalError(`${host} did not answer`, { cause: error });
    }
    await response.body?.cancel();
    if (!response.ok) throw new ExternalError(`${host} answered ${response.status}`);
  }
}
