/** JSON from our own API, or an error whose message is a sentence for the page. */

import { inEnglish, words } from "./words";

export class Refused extends Error {}

/** Fetch JSON with the session's cookie; a refusal carries the server's own sentence. */
export async function json<T>(url: string, signal?: AbortSignal): Promise<T> {
  const init: RequestInit = { headers: { Accept: "application/json" }, credentials: "same-origin" };
  if (signal) init.signal = signal;
  const answer = await fetch(url, init);
  if (answer.ok) return (await answer.json()) as T;
  if (answer.status === 401) throw new Refused(words.signedOut);
  throw new Refused(await sentence(answer));
}

async function sentence(answer: Response): Promise<string> {
  try {
    const problem = (await answer.json()) as { detail?: unknown; detail_en?: unknown };
    const told = inEnglish ? problem.detail_en : problem.detail;
    if (typeof told === "string") return told;
  } catch {
    // Not a problem document: the caller's own sentence stands.
  }
  return "";
}

/** The same address asking for one business format. */
export function withFormat(url: string, format: string): string {
  const full = new URL(url, location.href);
  if (format) full.searchParams.set("format", format);
  return full.href;
}
