import type { Emit, OperatorContext, OperatorFactory, StreamOperator } from '../chain/operator.ts';
import { closeFunction, openFunction } from './user-function.ts';

/** An operator that is one user function and one closure over it, without time or state of its own. */
class FunctionOperator implements StreamOperator {
  readonly #fn: unknown;
  readonly #build: (context: OperatorContext) => Emit;
  #context: OperatorContext | undefined;

  constructor(fn: unknown, build: (context: OperatorContext) => Emit) {
    this.#fn = fn;
    this.#build = build;
  }

  get userFunction(): unknown {
    return this.#fn;
  }

  setup(context: OperatorContext): readonly Emit[] {
    this.#context = context;
    return [this.#build(context)];
  }

  open(): void | Promise<void> {
    if (this.#context !== undefined) return openFunction(this.#fn, this.#context.runtimeContext(false));
  }

  close(): void | Promise<void> {
    return closeFunction(this.#fn);
  }
}

/** `build` makes the entry for one subtask. */
export function functionOperator(
  kind: string,
  fn: unknown,
  build: (context: OperatorContext) => Emit,
): OperatorFactory {
  return { kind, inputs: 1, create: () => new FunctionOperator(fn, build) };
}
