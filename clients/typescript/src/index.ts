import createFetchClient, { type Client, type ClientOptions } from "openapi-fetch";
import type { components, paths } from "./schema.gen.js";

export type { components, operations, paths } from "./schema.gen.js";

/**
 * Transaction is a transaction of the API. An erased one has only id, connectionId, version and two times.
 *
 * Amounts are strings with all digits. The numbers inside metadata are JavaScript numbers: 12345678901234567890 becomes
 * 12345678901234567000, and 1.10 becomes 1.1. With parseAs: "text" a call returns the text of the response instead.
 */
export type Transaction = components["schemas"]["TransactionView"];

/** Problem is the body of each response that reports a failure. */
export type Problem = components["schemas"]["Problem"];

/** Options are the arguments of createClient. */
export interface Options extends Omit<ClientOptions, "baseUrl"> {
  /** baseUrl is the origin of the service, such as https://api.example.com. */
  baseUrl: string;
  /** token is the bearer token of an operator, or a function that returns it before each request. */
  token: string | (() => string | Promise<string>);
}

/** createClient returns a client that sends the operator's token with each request. */
export function createClient({ token, ...options }: Options): Client<paths> {
  const client = createFetchClient<paths>(options);
  client.use({
    async onRequest({ request }) {
      const value = typeof token === "function" ? await token() : token;
      request.headers.set("Authorization", `Bearer ${value}`);
      return request;
    },
  });
  return client;
}
