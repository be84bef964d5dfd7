import { UserError } from '../../src/base/errors.ts';
import { RESULT_MESSAGE_BYTES, RESULT_ROWS_PER_MESSAGE } from '../../src/base/limits.ts';
import { encodeMessage } from '../../src/protocol/codec.ts';

/**
 * Rows in portions that fit one message each, by number and by size.
 * @throws UserError for a row that no message can hold
 */
export function* resultPages(rows: readonly unknown[]): Generator<readonly unknown[]> {
  for (let from = 0; from < rows.length; from += RESULT_ROWS_PER_MESSAGE) {
    yield* fitting(rows.slice(from, from + RESULT_ROWS_PER_MESSAGE));
  }
}

function* fitting(rows: readonly unknown[]): Generator<readonly unknown[]> {
  const bytes = encodeMessage(rows).byteLength;
  if (bytes <= RESULT_MESSAGE_BYTES) {
    yield rows;
  } else if (rows.length === 1) {
    throw new UserError(
      `collect(): one row takes ${bytes} bytes, a message holds ${RESULT_MESSAGE_BYTES}: write large rows with a sink`,
    );
  } else {
    const middle = rows.length >> 1;
    yield* fitting(rows.slice(0, middle));
    yield* fitting(rows.slice(middle));
  }
}
