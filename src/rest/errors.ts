/** A request that gets an error answer: `{"errors":[message]}` with this status. */
export class RestError extends Error {
  readonly status: number;

  constructor(status: number, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'RestError';
    this.status = status;
  }
}

/** 400, in the words with which Flink answers parameters that it cannot read. */
export function badParameters(what: string): RestError {
  return new RestError(400, `Bad request, could not parse parameters: ${what}`);
}

export function jobNotFound(jobId: string): RestError {
  return new RestError(404, `Job ${jobId} not found`);
}

/** 400, as Flink answers it. */
export function jarNotFound(jarId: string): RestError {
  return new RestError(400, `Jar file ${jarId.slice(0, 200)} does not exist.`);
}

export function vertexNotFound(vertexId: string): RestError {
  return new RestError(404, `No vertex with ID '${vertexId}' exists.`);
}
