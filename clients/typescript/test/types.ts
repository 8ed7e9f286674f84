// The compiler checks this file; nothing runs it.
import type { Transaction } from "../src/index.js";

// An erased transaction must fit the type.
export const erased: Transaction = {
  id: "t1",
  connectionId: "c2",
  version: 3,
  removedAt: "2026-01-02T03:04:05.6Z",
  erasedAt: "2026-01-02T03:04:05.6Z",
};

// Code that reads a member which an erasure removes must handle its absence.
export const amount: string = erased.amount ?? "none";
